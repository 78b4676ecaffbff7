"""Twilio Studio flows: a definition as JSON, bare or in the answer of its API."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ahadi.base.text import one_line
from ahadi.flowlang.formats.base import Read, read_of, refused, text_of
from ahadi.flowlang.formats.making import Line, lines_of
from ahadi.flowlang.formats.studio_nodes import Importing
from ahadi.flowlang.formats.studio_states import State, state_of
from ahadi.flowlang.model import Flow
from ahadi.flowlang.reading import load_json

CALLED: Final = "incomingParent"  # the event by which another flow calls this one


def read_studio(file: str, data: bytes) -> Read:
    """The flow of a file; two where it is begun by contacts and called by other flows. Raises `FlowRefused`."""
    text = text_of(file, data)
    given = load_json(text, file)
    wrapper: Mapping[str, Any] = given if isinstance(given, dict) else {}
    definition: object = wrapper.get("definition", wrapper)
    if isinstance(definition, str):
        definition = load_json(definition, file)
    if not isinstance(definition, dict):
        raise refused(file, "the flow in `definition` must be one JSON object.")
    states = {state.name: state for state in _states(definition.get("states"), file)}
    start = definition.get("initial_state")
    if not isinstance(start, str) or start not in states:
        raise refused(file, "`initial_state` names no state of the file, so it cannot be seen where the flow begins.")
    line = lines_of(text, "name")
    wired = {event.name for event in states[start].events if event.next}
    title = wrapper.get("friendly_name")
    name = title if isinstance(title, str) and title else file.rsplit("/", 1)[-1].split(".", 1)[0]
    aliases = tuple(each for each in (wrapper.get("sid"),) if isinstance(each, str))
    flows = []
    if states[start].type == "trigger" and CALLED in wired:
        flows.append(_flow(file, name, aliases, states, start, line, called=True))
        name = f"{name} / begun by contacts"
    if not flows or wired != {CALLED}:
        flows.append(_flow(file, name, aliases, states, start, line, called=False))
    return read_of(tuple(flows))


def _states(listed: object, file: str) -> Iterator[State]:
    if not isinstance(listed, list) or not listed or not all(isinstance(each, dict) for each in listed):
        raise refused(file, "`states` must be a list of widgets, with one at least.")
    states = [state_of(each) for each in listed]
    if not all(states):
        raise refused(file, "a state has no `name` or no `type`.")
    twice, often = Counter(state.name for state in states if state is not None).most_common(1)[0]
    if often > 1:
        raise refused(file, f"two states have the name `{one_line(twice, 60)}`; each needs its own.")
    yield from (state for state in states if state is not None)


def _flow(
    file: str, name: str, aliases: tuple[str, ...], states: Mapping[str, State], start: str, line: Line, *, called: bool
) -> Flow:
    work = Importing(states, line, called=called)
    for state in states.values():
        work.making.known[state.name] = work.making.names.once(state.name)
    for state in states.values():
        work.make(state)
    begins = work.making.known[start]
    return Flow(
        name=one_line(name, 100),
        start=begins,
        nodes=work.without_merged(begins),
        title=one_line(name, 100),
        file=file,
        language=work.language,
        origin="studio",
        given=tuple(sorted(work.given())),
        aliases=aliases,
        remarks=tuple(work.making.remarks),
    )
