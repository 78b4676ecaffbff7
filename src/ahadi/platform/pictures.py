"""Pictures that somebody uploads to be shown by our own pages: made anew from what a picture needs, or refused.

Only PNG (ISO/IEC 15948) is taken: what it holds can be checked to the last byte without a decoder of someone else's.
Whatever else is in the file (text, scripts, a second file behind the first) is left out.
"""

import struct
import zlib
from dataclasses import dataclass

from ahadi.base.errors import Invalid, TooLarge

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"sRGB", b"IDAT", b"IEND")
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # in a pixel, by kind of colour
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG that holds its pixels and nothing else."""

    data: bytes
    width: int
    height: int


def clean_png(data: bytes, *, most_bytes: int, most_width: int, most_height: int) -> Picture:
    """The picture, made anew. Raises TooLarge, and Invalid for what is no PNG or a damaged one."""
    if len(data) > most_bytes:
        raise TooLarge("This picture is too large; make it smaller.")
    if not data.startswith(_SIGNATURE):
        raise Invalid("Give the picture as a PNG file.")
    chunks = _chunks(data)
    names = [name for name, _ in chunks]
    if names[:1] != [b"IHDR"] or names[-1:] != [b"IEND"] or b"IDAT" not in names or names.count(b"IHDR") != 1:
        raise _damaged()
    header = chunks[0][1]
    if len(header) != 13:
        raise _damaged()
    width, height, depth, kind, compression, filtering, interlace = struct.unpack("!IIBBBBB", header)
    if kind not in _SAMPLES or depth not in _DEPTHS[kind] or compression or filtering or interlace:
        raise Invalid("This kind of PNG is not taken; save it as an ordinary one, not interlaced.")
    if not (0 < width <= most_width and 0 < height <= most_height):
        raise TooLarge("This picture has too many pixels; make it smaller.")
    if kind == 3 and names.count(b"PLTE") != 1:
        raise _damaged()
    _check_pixels(chunks, height * (1 + (width * depth * _SAMPLES[kind] + 7) // 8))
    made = _SIGNATURE + b"".join(_chunk(name, body) for name, body in _merged(chunks))
    return Picture(made, width, height)


def _damaged() -> Invalid:
    return Invalid("This picture is damaged; save it again.")


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks we keep, up to the end of the picture; what stands behind it is not read."""
    found: list[tuple[bytes, bytes]] = []
    at = len(_SIGNATURE)
    while at + 12 <= len(data):
        length, name = struct.unpack("!I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        if data[at + 8 + length : at + 12 + length] != struct.pack("!I", zlib.crc32(name + body)):
            raise _damaged()
        if name in _KEPT:
            found.append((name, body))
        elif not name[0] & 0x20:  # a critical chunk that we do not know: the picture is not what it seems
            raise _damaged()
        if name == b"IEND":
            return found
        at += 12 + length
    raise _damaged()


def _check_pixels(chunks: list[tuple[bytes, bytes]], expected: int) -> None:
    """Unpack no more than the pixels that the header tells of, and exactly those."""
    unpacker = zlib.decompressobj()
    try:
        pixels = unpacker.decompress(b"".join(body for name, body in chunks if name == b"IDAT"), expected + 1)
    except zlib.error as problem:
        raise _damaged() from problem
    if len(pixels) != expected:
        raise _damaged()


def _merged(chunks: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """One chunk of each name, in the order of the standard, with all pixels in one."""
    by_name: dict[bytes, bytes] = {}
    for name, body in chunks:
        by_name[name] = by_name.get(name, b"") + body if name == b"IDAT" else body
    order = (b"IHDR", b"sRGB", b"gAMA", b"PLTE", b"tRNS", b"IDAT", b"IEND")
    return [(name, by_name[name]) for name in order if name in by_name]


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack("!I", len(body)) + name + body + struct.pack("!I", zlib.crc32(name + body))
