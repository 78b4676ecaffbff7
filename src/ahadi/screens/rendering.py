"""How templates call and speak: as Jinja does, without what it looks up anew at each of a page's thousand calls."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from jinja2 import Environment
from jinja2.runtime import Context, Macro
from markupsafe import Markup

from ahadi.screens.reader import _ as translated
from ahadi.screens.reader import present

_KEPT = 8192
_PLAIN = (FunctionType, MethodType, BuiltinFunctionType, type(lru_cache(len)))


class ScreenContext(Context):
    """A context whose templates have the environment's globals and no others, and call mostly what wants none of it."""

    def __init__(
        self,
        environment: Environment,
        parent: dict[str, Any],
        name: str | None,
        blocks: dict[str, Callable[..., Any]],
        globals: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(environment, parent, name, blocks)

    def call(self, called: Any, /, *args: Any, **values: Any) -> Any:
        """Call a macro or a function; Jinja sees to what is neither, and to functions that are marked for it."""
        kind = type(called)
        if kind is Macro:
            args = (self.eval_ctx, *args)
        elif kind not in _PLAIN or hasattr(called, "jinja_pass_arg"):
            return super().call(called, *args, **values)
        values.pop("_loop_vars", None)
        values.pop("_block_vars", None)
        return called(*args, **values)


def said(text: str, /, **values: Any) -> Markup:
    """A text of ours in the reader's language, with values in its places; `_` in templates."""
    return _translated(text, present().language) % values if values else _unfilled(text, present().language)


@lru_cache(_KEPT)
def _translated(text: str, _language: str) -> Markup:
    return Markup(translated(text))  # noqa: S704 - our own words


@lru_cache(_KEPT)
def _unfilled(text: str, language: str) -> Markup:
    return _translated(text, language) % {}
