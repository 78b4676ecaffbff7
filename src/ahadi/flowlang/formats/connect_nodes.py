"""Blocks of Amazon Connect made nodes of the flow language: which outcomes there are, and who owns them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from ahadi.base.text import one_line
from ahadi.flowlang.formats.connect_blocks import ANY_ERROR, AT_CAPACITY, NO_MATCH, TIME_OUT, Block
from ahadi.flowlang.formats.connect_kinds import CANNOT_CALL, DECIDES, ERRORS, FAIL, PLAIN, compared, spoken
from ahadi.flowlang.formats.connect_uses import Uses
from ahadi.flowlang.formats.joins import calls, hooked
from ahadi.flowlang.formats.making import WAITS_FOR_EVER, Line, Making, plain_name, rounds
from ahadi.flowlang.formats.texts import connect_words, placeholder, seconds_of
from ahadi.flowlang.model import (
    BACK,
    ENDLESS,
    ENTITLED,
    STOP,
    UNKNOWN,
    Choice,
    Edge,
    Node,
    Owner,
    Rule,
    Under,
    Words,
)  # fmt: skip

_RECORDED: Final = Under("recorders-record", "with")
_UNRECORDED: Final = Under("recorders-record", "without")
_SPARED: Final = Under("recorders-record", "spared")
_LOOPS_AT_MOST: Final = 100  # the format allows no more


class Importing:
    """A flow under import, block by block."""

    def __init__(self, blocks: list[Block], line: Line, *, beside: bool, customer: bool, start: str) -> None:
        self.line = line
        self.beside, self.customer = beside, customer
        self.uses = Uses(blocks, start)
        self.language = self.uses.language
        self.making = Making(ends="the flow ends" if beside else "")
        self.queues: dict[str, str] = {}  # what the nodes that set a queue set it to
        self._kinds: dict[str, Callable[[Block, Node], None]] = {
            "GetParticipantInput": self._input, "ConnectParticipantWithLexBot": self._bot, "Loop": self._loop,
            "CheckHoursOfOperation": self._hours, "InvokeLambdaFunction": self._lambda,
            "TransferContactToQueue": self._queue, "DequeueContactAndTransferToQueue": self._queue,
            "CreateCallbackContact": self._callback, "TransferToFlow": self._flow, "InvokeFlowModule": self._flow,
            "TransferParticipantToThirdParty": self._dial, "TransferContactToAgent": self._agent,
            "MessageParticipantIteratively": self._hold, "Wait": self._wait, "DisconnectParticipant": self._end,
            "EndFlowExecution": self._end, "EndFlowModuleExecution": self._back,
        }  # fmt: skip

    def given(self) -> set[str]:
        """Variables that have a value without the flow."""
        return self.uses.system()

    def make(self, block: Block) -> None:
        """Add the nodes of a block."""
        node = Node(self.making.known[block.identifier], "say", line=self.line(block.identifier))
        if block.type in self._kinds:
            self._kinds[block.type](block, node)
        elif block.type in PLAIN:
            self._plain(block, node)
        elif block.type in DECIDES:
            self._decide(block, node)
        else:
            self._unknown(block, node)

    # Edges ------------------------------------------------------------------------------------------------------

    def _to(self, edge: Edge, identifier: str | None) -> Edge:
        return self.making.to(edge, identifier)

    def _errors(self, block: Block, *needed: str, skip: Iterable[str] = (), wrong: bool = False) -> Iterator[Edge]:
        """The edges of errors, those needed and not declared too; `wrong`: no match is the customer's mistake."""
        declared = {way.name for way in block.errors()} - set(skip)
        for way in block.errors():
            if way.name not in skip:
                yield self._to(self._error(way.name, wrong=wrong), way.to)
        for name in dict.fromkeys((*needed, *(ANY_ERROR for each in block.missing if each == "Error"))):
            if name in declared:
                continue
            edge = self._error(name, wrong=wrong)
            other = block.next if name == NO_MATCH else block.error(ANY_ERROR)
            if other and (edge.mistake or name == NO_MATCH):
                yield self._to(replace(edge, how="implicit"), other)
            elif not other:
                yield self._to(edge, None)

    def _error(self, name: str, *, wrong: bool = False) -> Edge:
        outcome, owner, mistake = ERRORS.get(name, (name, "world", False))
        if name == NO_MATCH and wrong:
            outcome, owner, mistake = "wrong", "customer", True
        return Edge(outcome, STOP, owner, mistake=mistake)

    def _next(self, block: Block, outcome: str = "next", owner: Owner = "world", **more: Any) -> Edge:
        return self._to(Edge(outcome, STOP, owner, sets=self.uses.sets(block), **more), block.next)

    # Words ------------------------------------------------------------------------------------------------------

    def _words(self, block: Block, node: Node) -> Node:
        marked = block.text("Text", "SSML")
        if not marked:
            self._recording(block, node, block.params)
            return node
        words = connect_words(marked, self.uses.language_at(block.identifier))
        return replace(node, words=words, seconds=seconds_of(marked, words))

    def _recording(self, block: Block, node: Node, params: Mapping[str, Any]) -> None:
        prompt = params.get("PromptId") or params.get("Media")
        if prompt:
            named = block.shown.get("PromptId") or (prompt if isinstance(prompt, str) else "")
            name = one_line(placeholder(named).rsplit("/", 1)[-1], 60)
            self.making.remark(node.name, f"`{block.written}` plays the recording `{name}`; its words are not in the "
                               "file.", node.line)  # fmt: skip

    # Kinds of blocks --------------------------------------------------------------------------------------------

    def _plain(self, block: Block, node: Node) -> None:
        if block.type == "MessageParticipant":
            node = self._words(block, node)
        elif block.type == "UpdateContactTargetQueue":
            self.queues[node.name] = self.uses.queue(block)
        elif block.type == "UpdateContactEventHooks":
            node = replace(node, values=tuple(hooked(*each) for each in self.uses.waiting_flows(block)))
        needed: tuple[str, ...] = (ANY_ERROR,) if block.type in FAIL else ()
        if block.type == "UpdateContactCallbackNumber":
            needed = CANNOT_CALL
        self.making.add(node, [self._next(block), *self._conditions(block), *self._errors(block, *needed)])

    def _conditions(self, block: Block, owner: Owner = "world") -> Iterator[Edge]:
        for way in block.conditions():
            yield self._to(Edge(plain_name(way.name), STOP, owner), way.to)

    def _input(self, block: Block, node: Node) -> None:
        node = self._words(block, node)
        seconds = block.number("InputTimeLimitSeconds")
        if block.text("StoreInput").lower() == "true" and not list(block.conditions()):
            given = self._next(block, "given", "customer")
            silent = self._to(Edge("silence", STOP, "customer", "implicit", mistake=True, seconds=seconds), block.next)
            self.making.add(
                replace(node, kind="ask", about="StoredCustomerInput"),
                [given, silent, *self._errors(block, ANY_ERROR)],
            )
            return
        errors = [replace(edge, seconds=seconds) if edge.outcome == "silence" else edge
                  for edge in self._errors(block, TIME_OUT, NO_MATCH, ANY_ERROR, wrong=True)]  # fmt: skip
        self._menu(block, node, errors)

    def _bot(self, block: Block, node: Node) -> None:
        errors = list(self._errors(block, NO_MATCH, ANY_ERROR, wrong=True))
        if not any(edge.outcome == "silence" for edge in errors):
            silent = Edge("silence", STOP, "customer", "implicit", mistake=True)
            errors.append(self._to(silent, block.error(NO_MATCH) or block.error(ANY_ERROR)))
        self._menu(block, self._words(block, node), errors)

    def _menu(self, block: Block, node: Node, errors: list[Edge]) -> None:
        sets = self.uses.sets(block)
        ways = [(plain_name(way.name), way) for way in block.conditions()]
        choices = tuple(Choice(name, tuple(spoken(way.name))) for name, way in dict(ways).items())
        edges = [self._to(Edge(name, STOP, "customer", sets=sets), way.to) for name, way in ways]
        self.making.add(replace(node, kind="menu", choices=choices), [*edges, *errors])

    def _loop(self, block: Block, node: Node) -> None:
        written = block.text("LoopCount").strip()
        count = block.number("LoopCount")
        if not (written.isascii() and written.isdigit()):
            count = _LOOPS_AT_MOST
            sentence = f"how often `{block.written}` goes round is computed at run time; {count} is taken, the most."
            self.making.remark(node.name, sentence, node.line)
        again = self._to(Edge("again", STOP), block.when("ContinueLooping") or block.next)
        done = self._to(Edge("done", STOP), block.when("DoneLooping") or block.next)
        self.making.add(replace(node, kind="repeat", tries=min(count, _LOOPS_AT_MOST)), [again, done])

    def _hours(self, block: Block, node: Node) -> None:
        opened = self._to(Edge("open", STOP), block.when("True") or block.next)
        closed = self._to(Edge("closed", STOP), block.when("False") or block.next)
        self.making.add(replace(node, kind="hours"), [opened, closed, *self._errors(block, ANY_ERROR)])

    def _decide(self, block: Block, node: Node) -> None:
        subject = block.text("ComparisonValue", "MetricType")
        name = subject.removeprefix("$.").removeprefix("Attributes.") if block.type == "Compare" else subject
        owner = self.uses.owner(subject) if block.type == "Compare" else "world"
        sets = (ENTITLED,) if self.uses.is_looked_up(subject) else ()
        ways = list(block.conditions())
        outcomes = [plain_name(f"{name or block.written} {compared(way)}") for way in ways]
        edges = [self._to(Edge(outcome, STOP, owner, sets=sets), way.to)
                 for outcome, way in zip(outcomes, ways, strict=True)]  # fmt: skip
        rules = tuple(Rule(outcome, ((name, (way.name,)),)) for outcome, way in zip(outcomes, ways, strict=True))
        measured = block.type == "CheckMetricData"
        both = measured and block.written != block.type  # the older export has a branch for each of two answers
        needed = (*((ANY_ERROR,) if measured else ()), *(() if both else (NO_MATCH,)))
        own = owner == "customer"
        rest = [replace(edge, owner=owner, mistake=own) if edge.outcome == "otherwise" else edge
                for edge in self._errors(block, *needed)]  # fmt: skip
        silent = [each for each in block.missing if each in ("True", "False")]
        rest += [self._to(Edge(f"{name or block.written} {each}", STOP), None) for each in silent]
        self.making.add(replace(node, kind="decide", rules=rules), [*edges, *rest])

    def _lambda(self, block: Block, node: Node) -> None:
        name = block.shown.get("LambdaFunctionARN") or placeholder(block.text("LambdaFunctionARN")).rsplit(":", 1)[-1]
        found = self._next(block, "found")
        self.making.add(
            replace(node, kind="look-up", about=one_line(name, 60)), [found, *self._errors(block, ANY_ERROR)]
        )

    def _queue(self, block: Block, node: Node) -> None:
        answered = Edge("answered", STOP, "time", gain="person")
        edges = [answered, WAITS_FOR_EVER, *self._errors(block, AT_CAPACITY, ANY_ERROR)]
        about = self.uses.queue(block) if block.type.startswith("Dequeue") else ""
        node = replace(node, kind="queue", about=about)
        self.making.add(replace(node, news=("another queue",)) if self.beside else node, edges)

    def _callback(self, block: Block, node: Node) -> None:
        booked = self._to(Edge("booked", STOP, gain="promise", under=_RECORDED), block.next)
        reported = self._to(Edge("reported as booked", STOP, under=_UNRECORDED), block.next)
        failed = [replace(edge, under=_SPARED) for edge in self._errors(block, ANY_ERROR)]
        self.making.add(replace(node, kind="callback"), [booked, reported, *failed])

    def _flow(self, block: Block, node: Node) -> None:
        named, computed = self.uses.flow(block)
        returns = block.type == "InvokeFlowModule"
        errors = list(self._errors(block, ANY_ERROR))
        what = "module to call" if returns else "flow to go to"
        why = f"the {what}, `{one_line(named, 60)}`, is computed at run time"
        if returns:
            goes_on = replace(self._next(block), sets=self.uses.everything())
            node, hidden = calls(node, "" if computed else named, why)
            self.making.add(node, [goes_on, *self._conditions(block), *errors, hidden])
        elif computed:
            self.making.add(node, [Edge("next", UNKNOWN, why=why), *errors])
        else:
            inner = self.making.names.once(f"{node.name}: {named}")
            self.making.add(node, [Edge("next", inner), *errors])
            self.making.add(Node(inner, "flow", line=node.line, about=named))

    def _dial(self, block: Block, node: Node) -> None:
        whom = one_line(placeholder(block.text("ThirdPartyPhoneNumber")), 60) or "another number"
        goes_on = block.text("ContinueFlowExecution").lower() != "false"
        answered = Edge("answered", STOP, gain="person")
        answered = self._to(answered, block.next) if goes_on and block.next else answered
        late = block.number("ThirdPartyConnectionTimeoutSeconds")
        errors = [replace(edge, seconds=late) if edge.outcome == "no-answer" else edge
                  for edge in self._errors(block, ANY_ERROR)]  # fmt: skip
        self.making.add(replace(node, kind="transfer", about=whom), [answered, *errors])

    def _agent(self, block: Block, node: Node) -> None:
        answered = Edge("answered", STOP, gain="person")
        edges = [answered, *self._errors(block, ANY_ERROR)]
        self.making.add(replace(node, kind="transfer", about="the person named"), edges)

    def _hold(self, block: Block, node: Node) -> None:
        messages = block.params.get("Messages")
        texts = []
        for each in messages if isinstance(messages, list) else []:
            if isinstance(each, dict):
                text = each.get("Text") or each.get("SSML")
                if isinstance(text, str) and text:
                    texts.append(text)
                else:
                    self._recording(replace(block, shown={}), node, each)
        language = self.uses.language_at(block.identifier)
        words = connect_words(" ".join(texts), language) if texts else Words()
        after = block.number("InterruptFrequencySeconds", "InputTimeLimitSeconds")
        to = block.when("MessagesInterrupted") or (block.next if after else None)
        if to is not None:
            goes_on = self._to(Edge("interrupted", STOP, "time", seconds=after), to)
        else:
            goes_on = Edge("goes on", ENDLESS, "time", "implicit")
        node = replace(node, words=words)
        if self.customer:
            node = replace(node, kind="queue", about="waiting")
        errors = self._errors(block, ANY_ERROR)
        failed = [replace(edge, outcome="cannot be played") if edge.outcome == "failed" else edge for edge in errors]
        self.making.add(node, [goes_on, *failed])

    def told_while_waiting(self, nodes: Mapping[str, Node]) -> Mapping[str, Node]:
        """The nodes, those where a customer waits with what this flow tells or offers them; told also what restarts."""
        waits = [node for node in nodes.values() if node.about == "waiting" and node.kind == "queue"]
        if not waits:
            return nodes
        news = self.uses.news()
        changed, parts = dict(nodes), rounds(nodes)
        for node in waits:
            edge = node.edge("interrupted")
            again = edge is not None and edge.target in parts and parts[edge.target] == parts.get(node.name)
            changed[node.name] = replace(node, news=news, restarts=again)
        return changed

    def _wait(self, block: Block, node: Node) -> None:
        seconds = block.number("TimeoutSeconds", "TimeLimitSeconds")
        edges = [
            self._to(Edge(plain_name(way.name), STOP, "customer" if way.name == "CustomerReturned" else "time",
                          seconds=seconds if way.name == "WaitCompleted" else 0), way.to)
            for way in block.conditions()
        ]  # fmt: skip
        edges = edges or [self._next(block, "WaitCompleted", "time", seconds=seconds)]
        self.making.add(node, [*edges, *self._errors(block, ANY_ERROR)])

    def _end(self, block: Block, node: Node) -> None:
        if block.type == "DisconnectParticipant" and self.beside:
            self.making.add(node, [Edge("disconnected", STOP)])  # ends the wait itself, and not only this flow
        else:
            self.making.add(replace(node, kind="end"))

    def _back(self, block: Block, node: Node) -> None:
        self.making.add(replace(node, kind="end", about=BACK))

    def _unknown(self, block: Block, node: Node) -> None:
        written = one_line(block.written, 60)
        sentence = f"`{written}` is not understood; its branches are followed, and nothing is taken for granted."
        self.making.remark(node.name, sentence, node.line)
        hidden = Edge("something else", UNKNOWN, how="implicit", why=f"what `{written}` does is not understood")
        first = [self._next(block)] if block.next else []
        self.making.add(node, [*first, *self._conditions(block), *self._errors(block), hidden])
