"""Compiled templates, kept: in memory for the process, in the data folder for the next start.

Compiling all of them takes longer than everything else a start does after its imports.
"""

from importlib.metadata import version
from pathlib import Path
from types import CodeType

from jinja2 import Environment
from jinja2.bccache import Bucket, BytecodeCache, FileSystemBytecodeCache

_JINJA = version("jinja2")
_known: dict[tuple[str, str], CodeType] = {}


class CompiledTemplates(BytecodeCache):
    """The code of templates, by their name, with a checksum of their text and of what else decides on the code.

    Where the folder cannot be made, as on a disk that is full or read-only, everything is compiled at each start.
    """

    def __init__(self, folder: Path | None) -> None:
        self._files = _files(folder) if folder else None

    def get_bucket(self, environment: Environment, name: str, filename: str | None, source: str) -> Bucket:
        """What is kept of this text under these options."""
        return super().get_bucket(environment, name, filename, f"{_way_of(environment)}\n{source}")

    def load_bytecode(self, bucket: Bucket) -> None:
        """The code, when this text was compiled before."""
        if (known := _known.get((bucket.key, bucket.checksum))) is not None:
            bucket.code = known
        elif self._files:
            self._files.load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code that was just compiled."""
        assert bucket.code is not None
        _known[bucket.key, bucket.checksum] = bucket.code
        if self._files:
            self._files.dump_bytecode(bucket)


def _way_of(environment: Environment) -> str:
    options = (
        environment.autoescape,
        environment.trim_blocks,
        environment.lstrip_blocks,
        sorted(environment.extensions),
    )
    return f"{_JINJA} {options} {environment.policies}"


def _files(folder: Path) -> FileSystemBytecodeCache | None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return FileSystemBytecodeCache(str(folder))
