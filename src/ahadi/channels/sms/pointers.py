"""Finding and placing values in a gateway's documents: by name, or by JSON Pointer (RFC 6901) after a `/`."""

from typing import Any


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def find(document: Any, pointer: str) -> Any:
    """The value at a pointer, None where there is none; an empty pointer finds nothing."""
    if not pointer:
        return None
    for step in _steps(pointer if pointer.startswith("/") else f"/{pointer}"):
        if isinstance(document, dict):
            document = document.get(step)
        elif isinstance(document, list) and step.isascii() and step.isdigit() and int(step) < len(document):
            document = document[int(step)]
        else:
            return None
    return document


def find_text(document: Any, pointer: str) -> str:
    """The value at a pointer as text without NUL; empty where there is none or it is a list or an object."""
    value = find(document, pointer)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).replace("\x00", "")


def place(document: dict[str, Any], pointer: str, value: Any) -> None:
    """Put a value at a pointer, making objects on the way, and lists where a step is a number.

    A list grows by one at most, so `/to/0` makes a list of one. A step that meets something else replaces it.
    """
    steps = _steps(pointer) if pointer.startswith("/") else [pointer]
    here: Any = document
    for place_, step in enumerate(steps):
        last = place_ == len(steps) - 1
        inner: Any = value if last else ([] if steps[place_ + 1].isdigit() else {})
        if isinstance(here, list):
            index = min(int(step), len(here)) if step.isdigit() else len(here)
            if index == len(here):
                here.append(inner)
            elif last or not isinstance(here[index], dict | list):
                here[index] = inner
            here = here[index]
        else:
            if last or not isinstance(here.get(step), dict | list):
                here[step] = inner
            here = here[step]
