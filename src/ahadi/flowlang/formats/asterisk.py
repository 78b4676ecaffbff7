"""Dialplans of Asterisk (`extensions.conf`, with `queues.conf` where it is given) read as flows.

One flow holds every place of a file that a call can come to; each subroutine (`Gosub`) is a flow of its own, which
comes back. A contact begins in the contexts that no jump and no include reaches: at `s`, and at every number that was
not reached from there.
"""

from collections.abc import Iterable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import replace

from ahadi.flowlang.formats.asterisk_apps import build, looked_up, what_is_set
from ahadi.flowlang.formats.asterisk_lines import Dialplan, Step, arguments, dialplan_of
from ahadi.flowlang.formats.asterisk_numbers import Numbers, can_be_dialled, is_pattern
from ahadi.flowlang.formats.asterisk_places import SPECIAL, Places, Queue, Shared, name_of
from ahadi.flowlang.formats.asterisk_queues import queues_of
from ahadi.flowlang.formats.asterisk_words import branches
from ahadi.flowlang.formats.base import Read, read_of, refused, text_of
from ahadi.flowlang.formats.known import is_queues
from ahadi.flowlang.model import Flow, Node, Remark
from ahadi.flowlang.reading import FlowRefused


def read_dialplan(name: str, data: bytes) -> Read:
    """The flows of a dialplan. Raises `FlowRefused`."""
    return read_of(flows_of(name, text_of(name, data)))


def read_queues(name: str, data: bytes) -> Read:
    """Nothing to run by itself: what a file says of queues is joined with the dialplan. Raises `FlowRefused`."""
    queues, remarks = queues_of(text_of(name, data), name)
    said = f"it describes {len(queues)} queues, which are looked up when a dialplan is read together with it."
    return Read(not_understood=(*remarks, Remark("", said)))


def with_queues(files: Mapping[str, bytes], flows: tuple[Flow, ...], entries: Iterable[str] = ()) -> tuple[Flow, ...]:
    """The flows again, dialplans read with what the files of queues say, and begun at these entries if any are given.

    A file that cannot be read says nothing.
    """
    queues: dict[str, Queue] = {}
    remarks: list[Remark] = []
    entries, told = tuple(entries), False
    for name in files:
        if is_queues(name, files[name]):
            with suppress(FlowRefused):
                found, unknown = queues_of(text_of(name, files[name]), name)
                queues |= found
                remarks += [replace(each, sentence=f"{name}, line {each.line}: {each.sentence}") for each in unknown]
                told = True
    if not (told or entries):
        return flows
    made: list[Flow] = []
    again: dict[str, tuple[Flow, ...]] = {}
    for flow in flows:
        if flow.origin != "asterisk" or flow.file not in files:
            made.append(flow)
        elif flow.file not in again:
            text = text_of(flow.file, files[flow.file])
            again[flow.file] = tuple(each for each in flows if each.file == flow.file)
            with nullcontext() if entries else suppress(FlowRefused):
                again[flow.file] = flows_of(flow.file, text, queues if told else None, entries)
            first, *others = again[flow.file]
            made += [replace(first, remarks=(*first.remarks, *remarks)), *others]
            remarks = []
    return tuple(made)


def flows_of(
    file: str, text: str, queues: Mapping[str, Queue] | None = None, entries: Iterable[str] = ()
) -> tuple[Flow, ...]:
    """The flows of a dialplan's text. `entries` are contexts, or places such as `default,s,1`, to begin at.

    Raises `FlowRefused` with one sentence.
    """
    plan = dialplan_of(text, file)
    if not any(each.extensions for each in plan.contexts.values()):
        raise refused(file, "there is no extension in it.")
    stem = file.rsplit("/", 1)[-1].split(".", 1)[0] or "dialplan"
    steps = _steps(plan)
    sets, typed, counters = what_is_set(steps)
    shared = Shared(Numbers(plan, file), file, stem, sets, typed, queues, looked_up(steps), counters)
    main = Places(shared, build)
    starts = _begin(main, tuple(entries))
    given = frozenset(plan.variables) & sets
    flows = [main.flow(stem, starts, given)]
    flows += _subroutines(shared, given)
    main.nodes.update({node.name: node for node in _unreached(shared)})
    return (_with_remarks(flows[0], shared), *flows[1:])


def _steps(plan: Dialplan) -> list[Step]:
    contexts = plan.contexts.values()
    return [step for each in contexts for extension in each.extensions.values() for step in extension.steps.values()]


def _begin(main: Places, entries: tuple[str, ...]) -> list[str]:
    """Where contacts begin, each place followed before the next, so that numbers of a menu are no beginnings."""
    plan, numbers = main.shared.plan, main.numbers
    jumps = Jumps(plan)
    starts: list[str] = []

    def start(context: str, number: str, priority: int) -> None:
        name = name_of(context, number, priority)
        if name in main.nodes or not main.at(context, number, priority):
            return
        main.follow(name)
        starts.append(name)

    for each in entries:
        context, number, priority = (*each.split(","), "", "")[:3]
        if number:
            start(context, number, int(priority) if priority.isdigit() and len(priority) < 10 else 1)
    begun = [each for each in entries if "," not in each and each in plan.contexts] if entries else jumps.outer()
    queue = [*begun, *([] if entries else plan.contexts)]
    for at, context in enumerate(queue):
        if at >= len(begun) and starts:
            break
        names = dict.fromkeys(name for each in numbers.order(context) for name in plan.contexts[each].extensions)
        numbers.spend(len(names))
        for name in sorted(names, key=lambda each: each != "s"):
            named = not (name in SPECIAL or is_pattern(name) or jumps.lead_to(name))
            if name == "s" or can_be_dialled(name) or named:
                start(context, name, 1)
    if not starts:
        raise refused(main.shared.file, "no extension has a first priority at which a call could begin.")
    return starts


class Jumps:
    """What the jumps of a dialplan name: contexts, and numbers, some with a part that is computed at run time."""

    def __init__(self, plan: Dialplan) -> None:
        self.plan = plan
        self.contexts: set[str] = set()
        self.numbers: set[str] = set()
        for context in plan.contexts.values():
            self.contexts.update(name for name, _, _ in context.includes if name != context.name)
            for extension in context.extensions.values():
                for step in extension.steps.values():
                    self._add(step, context.name)
        self._prefixes = tuple(each.partition("$")[0] for each in self.numbers if not each.startswith("$"))

    def _add(self, step: Step, own: str) -> None:
        if step.app in ("goto", "gosub"):
            targets = [step.args]
        elif step.app in ("gotoif", "gotoiftime", "gosubif"):
            targets = list(branches(step.args)[1:])
        else:
            return
        for target in targets:
            parts = arguments(target)
            self.numbers.update(parts[-2:-1])
            if len(parts) == 3 and parts[0] != own:
                self.contexts.add(parts[0])

    def outer(self) -> list[str]:
        """The contexts that no jump and no include of another one reaches."""
        return [name for name in self.plan.contexts if name not in self.contexts]

    def lead_to(self, number: str) -> bool:
        """Whether a jump names a number, or may name it by what is computed."""
        return number in self.numbers or number.startswith(self._prefixes)


def _subroutines(shared: Shared, given: Iterable[str]) -> list[Flow]:
    """A flow for each subroutine that is called, and for those that these call."""
    flows: list[Flow] = []
    for key in shared.calls:  # which grows while they are followed
        places = Places(shared, build)
        start = places.at(*key)
        places.follow(start)
        flows.append(places.flow(shared.subroutines[key], [start], given))
    return flows


def _unreached(shared: Shared) -> list[Node]:
    """A node where steps begin that no place is of, so that the check can say so; not what runs after the call."""
    found = []
    for context in shared.plan.contexts.values():
        for extension in context.extensions.values():
            if extension.name == "h":
                continue
            before = True
            for priority, step in sorted(extension.steps.items()):
                told = before or priority - 1 not in extension.steps
                before = id(step) in shared.reached
                if told and not before:
                    name = name_of(context.name, extension.name, priority)
                    found.append(Node(name, "end", line=step.line, about=step.written))
    return found


def _with_remarks(flow: Flow, shared: Shared) -> Flow:
    remarks = [*shared.plan.remarks, *shared.remarks.values()]
    for context in shared.plan.contexts.values():
        remarks += [
            Remark(context.name, f"the include of `{name}` holds at some times only; it is taken to hold always.", line)
            for name, times, line in context.includes
            if times
        ]
        remarks += [
            Remark(context.name, f"the included context `{name}` was not given.", line)
            for name, _, line in context.includes
            if name not in shared.plan.contexts
        ]
    return replace(flow, remarks=tuple(sorted(remarks, key=lambda each: each.line)))


__all__ = ["flows_of", "read_dialplan", "read_queues", "with_queues"]
