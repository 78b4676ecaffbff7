"""The compiled rule table: zen-engine decides which row takes a request, in some twenty microseconds."""

import json
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import zen

from ahadi.base.errors import AhadiError
from ahadi.base.text import one_line
from ahadi.routing.jdm import to_jdm
from ahadi.routing.model import NO_RULE, RULES_FAILED, Decision, Request, Rule, Then, normal, normal_language, spoken

# A model made ready: gives the outcome for what the cells look at. Raises RuntimeError.
Evaluate = Callable[[dict[str, Any]], Mapping[str, Any]]


def compiled(model: str) -> Evaluate:
    """A model parsed and compiled once. A `create_decision` would parse its cells again at every evaluation."""
    content = zen.ZenDecisionContent(model)
    engine = zen.ZenEngine({"loader": lambda _: content})
    return lambda context: engine.evaluate("rules", context)


class TableDoesNotCompile(AhadiError):
    """The engine refuses the model made from rules that were read without a problem: a mistake of ours."""

    code = "table-does-not-compile"


class Table:
    """A rule table compiled once, with what takes a request that no row does, so that nothing is ever unrouted.

    The first row that matches wins. A table never changes; it can be asked from any thread.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        fallback: Then,
        compile_model: Callable[[str], Evaluate] = compiled,
        *,
        by_reason: Mapping[str, Then] = MappingProxyType({}),
    ) -> None:
        """Compile the rules; `by_reason` goes before the fall-back for the reasons that are in it.

        Raises `TableDoesNotCompile`, naming the row, rather than run a table that skips it.
        """
        self.rules = tuple(rules)
        self.fallback = fallback
        self._by_reason = {normal(reason): then for reason, then in by_reason.items()}
        self._by_id = {rule.id: rule for rule in self.rules}
        self._attributes = sorted({name for rule in self.rules for name, _ in rule.when.attributes})
        self._reads_words = any(rule.when.words for rule in self.rules)
        self.model = to_jdm(self.rules)
        _validate(self.model)
        self._evaluate = compile_model(json.dumps(self.model, ensure_ascii=False))

    def decide(self, request: Request) -> Decision:
        """Where the request goes: by the first row that matches, else to the fall-back.

        Should the engine itself fail, the request goes to the fall-back too, with a rule name that says so.
        """
        try:
            found = self._evaluate(self._context(request))["result"]
        except RuntimeError:
            return Decision(self._otherwise(request), None, RULES_FAILED)
        rule = self._by_id.get(found.get("rule", "")) if isinstance(found, dict) else None
        return Decision(rule.then, rule.id, rule.name) if rule else Decision(self._otherwise(request), None, NO_RULE)

    def _otherwise(self, request: Request) -> Then:
        return self._by_reason.get(normal(request.reason), self.fallback)

    def _context(self, request: Request) -> dict[str, Any]:
        """What the cells look at, in the normal form in which rules are written; only what this table reads."""
        given = {normal(name): normal(value) for name, value in request.attributes.items()} if self._attributes else {}
        return {
            "reason": normal(request.reason),
            "tier": request.tier.name if request.tier else "",
            "channel": request.channel,
            "language": normal_language(request.language),
            "day": request.moment.day,
            "minute": request.moment.minute,
            "repeat": request.repeat,
            "place": normal(request.place),
            "attributes": {name: given.get(name, "") for name in self._attributes},
            "text": spoken(request.text) if self._reads_words else "",
        }


class Tables:
    """Compiled tables by the id of their published version, the most recently used ones kept.

    A version never changes, so nothing here is ever stale.
    """

    def __init__(self, keep: int = 256) -> None:
        self._keep = keep
        self._tables: OrderedDict[Hashable, Table] = OrderedDict()

    def get(self, version: Hashable) -> Table | None:
        """The table of that version, where it was compiled already."""
        table = self._tables.get(version)
        if table is not None:
            self._tables.move_to_end(version)
        return table

    def put(self, version: Hashable, table: Table) -> Table:
        """Keep a compiled table; gives it back."""
        self._tables[version] = table
        self._tables.move_to_end(version)
        while len(self._tables) > self._keep:
            self._tables.popitem(last=False)
        return table


def _validate(model: dict[str, Any]) -> None:
    """Refuse a cell that the engine cannot parse: at run time it would only skip the row, and say nothing.

    Parsed by the compiling functions, because zen 2.1's `validate_…` refuse lists that its tables run well.
    """
    content = next(node["content"] for node in model["nodes"] if node["type"] == "decisionTableNode")
    checks = [(column["id"], zen.compile_unary_expression) for column in content["inputs"]]
    checks += [(column["id"], zen.compile_expression) for column in content["outputs"]]
    for number, row in enumerate(content["rules"], start=1):
        for column, parse in checks:
            try:
                if row[column]:
                    parse(row[column])
            except RuntimeError as error:
                said = one_line(str(error), 100)
                sentence = f"Row {number} of the rules cannot be run, column “{column}”: {said}; report it as a bug."
                raise TableDoesNotCompile(sentence, row=number, column=column) from error
