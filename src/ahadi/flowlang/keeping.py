"""Positions as plain values and back: what is written down so that any worker may go on with a contact."""

from collections.abc import Mapping
from typing import Any, cast, get_args

from ahadi.base.errors import Invalid
from ahadi.flowlang.model import Gain
from ahadi.flowlang.step import Frame, Over, Position


def kept(position: Position) -> dict[str, Any]:
    """The position as values that JSON can hold; what is empty is left out."""
    values: dict[str, Any] = {
        "flow": position.flow,
        "node": position.node,
        "tries": position.tries,
        "counts": dict(position.counts),
        "stack": [{"flow": each.flow, "node": each.node, "counts": dict(each.counts)} for each in position.stack],
        "values": dict(position.values),
        "gain": position.gain,
        "over": position.over,
    }
    return {key: value for key, value in values.items() if value}


def restored(values: Mapping[str, Any]) -> Position:
    """The position that was kept. Raises `Invalid` where this was none."""
    try:
        gain, over = values.get("gain", ""), values.get("over", "")
        if gain not in get_args(Gain) or over not in get_args(Over):
            raise ValueError(gain, over)
        return Position(
            flow=str(values["flow"]),
            node=str(values["node"]),
            tries=int(values.get("tries", 0)),
            counts=_counts(values.get("counts", {})),
            stack=tuple(
                Frame(str(each["flow"]), str(each["node"]), _counts(each.get("counts", {})))
                for each in values.get("stack", ())
            ),
            values=tuple(sorted((str(name), str(value)) for name, value in values.get("values", {}).items())),
            gain=cast(Gain, gain),
            over=cast(Over, over),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Invalid("This is no position of a contact in a flow; begin the contact anew.") from error


def _counts(values: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((str(name), int(count)) for name, count in values.items()))
