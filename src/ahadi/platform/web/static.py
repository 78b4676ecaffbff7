"""Files for browsers: read once, under an address that changes with their content, so they may be kept for ever."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from ahadi.base.errors import NotFound

_SQUEEZED = frozenset({".css", ".js", ".svg", ".html", ".json", ".txt", ".webmanifest"})
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class _File:
    media_type: str
    body: bytes
    squeezed: bytes | None


class Statics:
    """A folder of files. Its digest is part of every address, so files may name each other by relative address."""

    def __init__(self, folder: Path, prefix: str = "/static") -> None:
        self._folder = folder
        self._prefix = prefix
        self._files: dict[str, _File] = {}
        digest = hashlib.sha256()
        self._names = {}
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            name = path.relative_to(folder).as_posix()
            self._names[name] = path
            digest.update(name.encode() + b"\0" + path.read_bytes())
        self.digest = digest.hexdigest()[:12]

    def url(self, name: str) -> str:
        """The address of a file; raises LookupError when there is none, so that a page never names a missing one."""
        if name not in self._names:
            raise LookupError(f"there is no static file {name}")
        return f"{self._prefix}/{self.digest}/{name}"

    def answer(self, request: Request, digest: str, name: str) -> Response:
        """The file, compressed where the browser takes that and it pays; raises NotFound."""
        if name not in self._names:
            raise NotFound("There is no such file.")
        file = self._files.get(name) or self._load(name)
        # Of another release: served, but not kept, while old and new processes answer side by side.
        headers = {"Cache-Control": _FOR_EVER if digest == self.digest else "no-cache", "Vary": "Accept-Encoding"}
        body = file.body
        if file.squeezed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = file.squeezed
        return Response(body, headers=headers, media_type=file.media_type)

    def _load(self, name: str) -> _File:
        body = self._names[name].read_bytes()
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        squeezed = None
        if Path(name).suffix in _SQUEEZED and len(body) > 1000:
            smaller = gzip.compress(body, 9, mtime=0)
            squeezed = smaller if len(smaller) < len(body) * 0.9 else None
        file = self._files[name] = _File(media_type, body, squeezed)
        return file
