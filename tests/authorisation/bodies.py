"""Requests that fit a route's description, made from the description itself."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi.routing import APIRoute
from pydantic import TypeAdapter


def body_for(route: APIRoute, known: Mapping[str, Any]) -> Any:
    """The smallest body the route takes; fields that are `known` by name have that value, required or not."""
    if route.body_field is None:
        return None
    schema = TypeAdapter(route.body_field.field_info.annotation).json_schema()
    return _instance(schema, schema.get("$defs", {}), known, "")


def _instance(schema: Mapping[str, Any], definitions: Mapping[str, Any], known: Mapping[str, Any], name: str) -> Any:
    if "$ref" in schema:
        return _instance(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions, known, name)
    kind = schema.get("type")
    if name in known and kind != "object":
        return [known[name]] if kind == "array" else known[name]
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            if name in known:
                return known[name]
            found = [each for each in schema[choice] if each.get("type") != "null"]
            return _instance(found[0], definitions, known, name) if found else None
    if kind == "object":
        required = set(schema.get("required", ()))
        return {
            each: _instance(part, definitions, known, each)
            for each, part in schema.get("properties", {}).items()
            if each in required or each in known
        }
    if kind == "array":
        least = schema.get("minItems", 0)
        return [_instance(schema.get("items", {}), definitions, known, f"{name}[]") for _ in range(least)]
    return _plain(schema, kind)


def _plain(schema: Mapping[str, Any], kind: str | None) -> Any:
    if kind == "string":
        formats = {"uuid": str(UUID(int=99)), "date-time": "2026-12-01T09:00:00Z", "date": "2026-12-01"}
        return formats.get(schema.get("format", ""), "x" * max(1, schema.get("minLength", 1)))
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    return {"boolean": False, "null": None}.get(kind or "", "x")
