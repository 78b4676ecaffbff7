"""Modules that are loaded when something of them is first used.

For libraries that take long to import and that few processes have use for soon after their start. A type checker is
shown the plain import instead:

    if TYPE_CHECKING:
        import icalendar
    else:
        icalendar = later("icalendar")
"""

from importlib import import_module
from types import ModuleType
from typing import Any


class _Later(ModuleType):
    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self.__name__), name)


def later(name: str) -> ModuleType:
    """The module of this full name, not loaded yet. A name that is wrong shows at its first use."""
    return _Later(name)
