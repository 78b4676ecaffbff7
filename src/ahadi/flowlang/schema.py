"""The JSON Schema of flow files, made from the same tables as their reader: editors complete and check by it."""

from collections.abc import Mapping
from typing import Any, Final

from ahadi.flowlang import grammar
from ahadi.flowlang.findings import TITLES
from ahadi.flowlang.model import Kind

_SCHEMA: Final = "https://json-schema.org/draft/2020-12/schema"
_SCALAR: Final = {"type": ["string", "number", "boolean"]}
_FORMS: Final[Mapping[grammar.Form, Any]] = {
    "text": _SCALAR,
    "words": {"$ref": "#/$defs/words"},
    "number": {"type": "integer", "minimum": 0, "maximum": grammar.MOST_NUMBER},
    "truth": {"type": "boolean"},
    "texts": {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR}]},
    "names": {"anyOf": [{"$ref": "#/$defs/variable"}, {"type": "array", "items": {"$ref": "#/$defs/variable"}}]},
    "choices": {"type": "object", "additionalProperties": {"$ref": "#/$defs/choice"}},
    "rules": {"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/$defs/rule"}},
    "values": {"type": "object", "minProperties": 1},
    "target": {"$ref": "#/$defs/target"},
    "news": {"anyOf": [{"enum": list(grammar.NEWS)}, {"type": "array", "items": {"enum": list(grammar.NEWS)}}]},
    "day": {"type": "string", "format": "date"},
}


def flow_schema() -> dict[str, Any]:
    """The schema of a `*.flow.yaml` file, as JSON Schema 2020-12."""
    target = _object(grammar.TARGET, needed=("to",))
    choice = _object(grammar.CHOICE, needed=("to",))
    accepted = {
        "type": "object",
        "additionalProperties": False,
        "required": ["code", "reason", "until"],
        "properties": {
            "code": {"enum": list(TITLES)},
            "node": _SCALAR,
            "reason": {"type": "string"},
            "until": _FORMS["day"],
        },
    }
    flow = _properties(grammar.FLOW) | {
        "nodes": {"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/$defs/node"}},
        "accept": {"type": "array", "items": accepted, "description": "findings that are accepted, until a day"},
    }
    return {
        "$schema": _SCHEMA,
        "title": "An Ahadi flow",
        "type": "object",
        "required": ["flow", "start", "nodes"],
        "additionalProperties": False,
        "properties": flow,
        "$defs": {
            "variable": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_.]*$"},
            "words": {
                "description": "a text, or one for each language; {name} stands for a variable",
                "anyOf": [_SCALAR, {"type": "object", "minProperties": 1, "additionalProperties": _SCALAR}],
            },
            "target": {"anyOf": [_SCALAR, target]},
            "choice": {"anyOf": [_SCALAR, choice]},
            "rule": _object(grammar.RULE, needed=("to", "when")),
            "node": {"oneOf": [{"$ref": f"#/$defs/{kind}"} for kind in grammar.OBJECT]},
            **{kind: _kind(kind) for kind in grammar.OBJECT},
        },
    }


def _kind(kind: Kind) -> dict[str, Any]:
    form, meaning = grammar.OBJECT[kind]
    own: dict[str, Any] = {kind: {**_FORMS[form], "description": meaning}}
    own |= _properties({**grammar.EXTRA.get(kind, {}), **grammar.COMMON})
    own |= dict.fromkeys(grammar.outcome_names(kind), _FORMS["target"])
    extra: Any = _FORMS["target"] if kind == "flow" else False  # a flow that comes back may hand back any outcome
    return {"type": "object", "required": [kind], "additionalProperties": extra, "properties": own}


def _object(keys: Mapping[str, tuple[grammar.Form, str]], needed: tuple[str, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(needed),
        "additionalProperties": False,
        "properties": _properties(keys),
    }


def _properties(keys: Mapping[str, tuple[grammar.Form, str]]) -> dict[str, Any]:
    return {key: {**_FORMS[form], "description": meaning} for key, (form, meaning) in keys.items()}
