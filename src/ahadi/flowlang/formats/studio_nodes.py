"""Widgets of Twilio Studio made nodes of the flow language."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from ahadi.base.text import one_line
from ahadi.flowlang.formats.base import scalar
from ahadi.flowlang.formats.joins import calls
from ahadi.flowlang.formats.making import WAITS_FOR_EVER, Line, Making, Names, plain_name
from ahadi.flowlang.formats.studio_splits import choices_of, matches, menu_of, told_by_status
from ahadi.flowlang.formats.studio_states import (
    OPTIONAL,
    OUTSIDE,
    TYPED,
    WIDGETS,
    Event,
    Meaning,
    State,
    widget_variable,
)
from ahadi.flowlang.formats.texts import (
    is_computed,
    language_of,
    liquid_variables,
    placeholder,
    seconds_of,
    studio_words,
    variable,
)
from ahadi.flowlang.model import ENTITLED, STOP, UNKNOWN, Edge, Node, Owner, Rule, Under

_SPOKEN: Final = ("say", "body")
_CASE: Final = Under("voicemail-becomes-a-case", "with")
_NO_CASE: Final = Under("voicemail-becomes-a-case", "without")
_GIVEN: Final = ("trigger.", "contact.", "flow.channel.", "flow.data.")
_LOOK_UPS: Final = frozenset({"run-function", "make-http-request"})
_MOST_INLINED: Final = 100_000
_PARENT: Final = "incomingParent"


class Importing:
    """A flow under import, state by state."""

    def __init__(self, states: Mapping[str, State], line: Line, *, called: bool) -> None:
        self.states, self.line, self.called = states, line, called
        self.making = Making(ends="back to the calling flow" if called else "", returns=called)
        texts = [state.text(key) for state in states.values() for key in _SPOKEN]
        self._used = sorted({name for text in texts for name in liquid_variables(text)})
        self._by_widget: dict[str, list[str]] = {}
        for name in self._used:
            self._by_widget.setdefault(".".join(name.split(".", 2)[:2]) + ".", []).append(name)
        self._dials = {widget_variable(state.name) + "DialCallStatus"
                       for state in states.values() if state.type == "connect-call-to"}  # fmt: skip
        self._found = {widget_variable(state.name) for state in states.values() if state.type in _LOOK_UPS}
        self._inlined = 0  # choices that splits gave to menus
        self._reads = {state.name: state.reads() for state in states.values() if state.type == "split-based-on"}
        self._asked = {name for names in self._reads.values() for name in names}
        self._merged: set[str] = set()
        self.language = next((said for state in states.values() if (said := _language(state))), "en")

    def given(self) -> set[str]:
        """Variables that have a value from the beginning."""
        return {name for name in self._used if name.startswith(_GIVEN) or name in ("flow.sid", "flow.flow_sid")}

    def make(self, state: State) -> None:
        """Add the nodes of a widget."""
        node = Node(self.making.known[state.name], "say", line=self.line(state.name))
        if state.type == "trigger":
            self._trigger(state, node)
        elif state.type == "split-based-on":
            self._split(state, node)
        elif state.type in WIDGETS:
            self._widget(state, node)
        else:
            written = one_line(state.type, 60)
            sentence = f"`{written}` is not understood; its events are followed, and nothing is taken for granted."
            self.making.remark(node.name, sentence, node.line)
            hidden = Edge("something else", UNKNOWN, how="implicit", why=f"what `{written}` does is not understood")
            self.making.add(node, [*(self._edge(event, Meaning(), state) for event in state.events), hidden])

    def without_merged(self, start: str) -> Mapping[str, Node]:
        """The nodes, without the splits that became part of menus and that nothing else leads to."""
        led_to = {edge.target for node in self.making.nodes.values() for edge in node.edges} | {start}
        gone = {self.making.known[name] for name in self._merged} - led_to
        return {name: node for name, node in self.making.nodes.items() if name not in gone}

    # Edges ------------------------------------------------------------------------------------------------------

    def _edge(self, event: Event, meaning: Meaning, state: State) -> Edge:
        sets = self._fills(state, event.name) if meaning.fills else ()
        name = meaning.outcome or plain_name(event.name)
        if event.name == "hangup":
            meaning = Meaning(owner="customer", gain="left")
        edge = Edge(name, STOP, meaning.owner, gain=meaning.gain, mistake=meaning.mistake, sets=sets)
        return self.making.to(edge, event.next)

    def _fills(self, state: State, event: str) -> tuple[str, ...]:
        own = self._by_widget.get(widget_variable(state.name), ())
        other = {"keypress": "SpeechResult", "speech": "Digits"}.get(event, "\0")
        return tuple(name for name in own if other not in name)

    def _events(self, state: State) -> Iterator[tuple[Event, Meaning]]:
        """Every event of a widget: those written, and those that it should have."""
        known = WIDGETS[state.type][1]
        for event in state.events:
            yield event, known.get(event.name, Meaning())
        written = {event.name for event in state.events}
        for name, meaning in known.items():
            if name not in written and name not in OPTIONAL:
                yield Event(name, None), meaning

    # Kinds of widgets -------------------------------------------------------------------------------------------

    def _trigger(self, state: State, node: Node) -> None:
        wired = [event for event in state.events if event.next and (event.name == _PARENT) == self.called]
        begins = wired or [event for event in state.events if event.name != _PARENT]
        self.making.add(node, [self._edge(event, Meaning(), state) for event in begins])

    def _widget(self, state: State, node: Node) -> None:
        kind = WIDGETS[state.type][0]
        node = self._words(state, replace(node, kind=kind))
        special = {"queue": self._queue, "ask": self._ask, "transfer": self._dial, "voicemail": self._voicemail}
        if kind in special:
            special[kind](state, node)
            return
        edges = [self._edge(event, meaning, state) for event, meaning in self._events(state)]
        if state.type == "run-subflow":
            named = placeholder(state.text("flow_sid", "flow"))
            edges = [replace(edges[0], sets=tuple(self._used[:1_000])), *edges[1:]] if edges else []
            why = "the flow to call is computed at run time"
            node, hidden = calls(node, "" if is_computed(named) else named or "not written", why)
            edges.append(hidden)
        if state.type in OUTSIDE:
            edges.append(Edge("something else", UNKNOWN, how="implicit", why=OUTSIDE[state.type]))
        if kind == "remember":
            values = tuple(_variables(state))
            node = replace(node, values=values)
            edges = [replace(edge, sets=tuple(name for name, _ in values)) for edge in edges]
        if kind == "look-up":
            where = state.text("url", "function_sid").split("?", 1)[0].rstrip("/")
            node = replace(node, about=one_line(placeholder(where).rsplit("/", 1)[-1], 60))
        self.making.add(node, edges)

    def _words(self, state: State, node: Node) -> Node:
        text = next((text for key in _SPOKEN if (text := state.text(key))), "")
        if not text:
            if played := state.text("play", "content_template_sid"):
                name = one_line(placeholder(played).rsplit("/", 1)[-1], 60)
                sentence = f"the words of `{name}`, which `{state.type}` plays or sends, are not in the file."
                self.making.remark(node.name, sentence, node.line)
            return node
        words = studio_words(text, _language(state) or self.language)
        return replace(node, words=words, seconds=seconds_of(text, words, max(1, state.number("loop"))))

    def _queue(self, state: State, node: Node) -> None:
        named = placeholder(state.text("queue_name", "queue", "workflow", "workflow_sid"))
        edges = [self._edge(event, meaning, state) for event, meaning in self._events(state)]
        edges.append(WAITS_FOR_EVER)
        if is_computed(named):
            why = f"which queue this is, `{one_line(named, 60)}`, is computed at run time"
            edges.append(Edge("another queue", UNKNOWN, "time", "implicit", why=why))
        if address := state.text("waitUrl", "wait_url"):
            shown = one_line(placeholder(address).split("?", 1)[0], 80)
            why = f"what the customer hears while waiting is behind an address, `{shown}`, and not in the file"
            edges.append(Edge("waits elsewhere", UNKNOWN, "time", "implicit", why=why))
            node = replace(node, news=("behind an address",))
        self.making.add(replace(node, about=one_line(named, 60)), edges)

    def _ask(self, state: State, node: Node) -> None:
        """A question; a menu, where what is gathered is split at once."""
        names = Names()
        late = state.number("timeout")
        choices, chosen, rest = [], [], []
        for event, meaning in self._events(state):
            split = menu_of(state, event, self.states, self._reads)
            if split is None or self._inlined > _MOST_INLINED:
                edge = self._edge(event, meaning, state)
                rest.append(replace(edge, seconds=late) if edge.outcome == "silence" else edge)
                continue
            self._merged.add(split.name)
            self._inlined += len(split.events)
            sets = self._fills(state, event.name)
            for choice, match in choices_of(split, names):
                choices.append(choice)
                chosen.append(self.making.to(Edge(choice.name, STOP, "customer", sets=sets), match.next))
            other = split.event("noMatch")
            wrong = Edge("wrong", STOP, "customer", mistake=True, sets=sets)
            rest.append(self.making.to(wrong, other.next if other is not None else None))
        node = replace(node, kind="menu", choices=tuple(choices)) if chosen else node
        self.making.add(node, [*chosen, *rest])

    def _dial(self, state: State, node: Node) -> None:
        """A dial tells whether somebody answered only to a split that looks at its status."""
        told = widget_variable(state.name) + "DialCallStatus" in self._asked
        late = state.number("timeout")
        edges = []
        for event, meaning in self._events(state):
            edge = self._edge(event, meaning, state)
            if event.name == "callCompleted" and not told:
                answered = self.making.to(replace(edge, outcome="answered", target=STOP, gain="person"), event.next)
                edges.append(replace(answered, how="declared"))
                edge = replace(edge, outcome="callCompleted and nobody", seconds=late)
            edges.append(edge)
        self.making.add(replace(node, about=one_line(placeholder(state.text("to")), 60) or "another number"), edges)

    def _voicemail(self, state: State, node: Node) -> None:
        edges = []
        for event, meaning in self._events(state):
            edge = self._edge(event, meaning, state)
            if event.name == "recordingComplete":
                recorded = self.making.to(replace(edge, target=STOP, gain="promise", under=_CASE), event.next)
                edges.append(replace(recorded, outcome="recorded", how="declared"))
                edge = replace(edge, outcome="recorded and no case", under=_NO_CASE)
            edges.append(edge)
        self.making.add(node, edges)

    def _split(self, state: State, node: Node) -> None:
        owner = self._owner(state)
        reads = sorted(self._reads[state.name])
        sets = (ENTITLED,) if reads and all(self._is_looked_up(name) for name in reads) else ()
        edges: list[tuple[Edge, str | None]] = []
        for name, _, event in matches(state):
            edges.append((Edge(name, STOP, owner, sets=sets), event.next))
        other = state.event("noMatch")
        edges.append((Edge("noMatch", STOP, owner, mistake=owner == "customer"), other.next if other else None))
        if not self._dials.isdisjoint(reads):
            edges = list(told_by_status(state, edges))
        subject = ", ".join(reads) or state.name
        rules = tuple(Rule(name, ((subject, words),)) for name, words, _ in matches(state))
        self.making.add(replace(node, kind="decide", rules=rules), [self.making.to(edge, to) for edge, to in edges])

    def _owner(self, split: State) -> Owner:
        reads = self._reads[split.name]
        return "customer" if reads and all(name.endswith(TYPED) for name in reads) else "world"

    def _is_looked_up(self, name: str) -> bool:
        """Whether a variable is what a function or a request found."""
        return ".".join(name.split(".", 2)[:2]) + "." in self._found


def _language(state: State) -> str:
    return language_of(state.text("language")) or language_of(state.text("voice"))


def _variables(state: State) -> Iterator[tuple[str, str]]:
    listed = state.properties.get("variables")
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict) and isinstance(key := each.get("key"), str) and key:
            yield f"flow.variables.{variable(key)}", one_line(scalar(each.get("value")), 200)
