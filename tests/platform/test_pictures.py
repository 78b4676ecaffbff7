"""A picture somebody uploads holds its pixels when we show it, and nothing else."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahadi.base.errors import AhadiError, Invalid, TooLarge
from ahadi.platform.pictures import Picture, clean_png

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack("!I", len(body)) + name + body + struct.pack("!I", zlib.crc32(name + body))


def png(width: int = 4, height: int = 2, *extra: bytes, kind: int = 6, pixels: bytes | None = None) -> bytes:
    """A picture of one colour, with chunks of somebody's before its pixels."""
    line = b"\0" + b"\x1f\x5f\x8b\xff" * width
    header = struct.pack("!IIBBBBB", width, height, 8, kind, 0, 0, 0)
    packed = zlib.compress(line * height if pixels is None else pixels)
    return SIGNATURE + chunk(b"IHDR", header) + b"".join(extra) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def cleaned(data: bytes) -> Picture:
    return clean_png(data, most_bytes=10_000, most_width=100, most_height=100)


def test_an_ordinary_picture_stays_what_it_is() -> None:
    assert cleaned(png()) == Picture(png(), 4, 2)


def test_words_scripts_and_a_second_file_behind_the_first_are_left_out() -> None:
    script = b"<script>alert(1)</script>"
    hostile = png(4, 2, chunk(b"tEXt", b"Comment\0" + script), chunk(b"eXIf", script)) + b"PK\x03\x04" + script
    assert cleaned(hostile).data == png()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"\xff\xd8\xff\xe0 a JPEG",
        SIGNATURE,
        SIGNATURE + chunk(b"IEND", b""),
        png()[:-20],
        png().replace(b"IDAT", b"IDAX"),
        png(4, 2, chunk(b"XXXX", b"a critical chunk of nobody's")),
        png(pixels=b"too few"),
        png(pixels=b"\0" * 1000),
        png(kind=5),
        png(kind=3),  # colours by number, and no list of them
        SIGNATURE + chunk(b"IHDR", b"short") + chunk(b"IDAT", b"") + chunk(b"IEND", b""),
        png(4, 2, chunk(b"IHDR", b"\0" * 13)),
    ],
)
def test_what_is_no_whole_png_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid):
        cleaned(data)


def test_a_picture_that_unpacks_to_much_more_than_it_says_is_refused_before_it_does() -> None:
    with pytest.raises(Invalid):
        cleaned(png(4, 2, pixels=b"\0" * 5_000_000))


@pytest.mark.parametrize("data", [png(101, 2), png(2, 101), b"\0" * 10_001])
def test_a_picture_that_is_too_large_is_refused(data: bytes) -> None:
    with pytest.raises(TooLarge):
        cleaned(data)


@given(st.binary(max_size=300), st.integers(0, 100))
def test_nothing_that_is_uploaded_makes_it_stumble(noise: bytes, at: int) -> None:
    data = png()
    for hostile in (noise, SIGNATURE + noise, data[:at] + noise + data[at:]):
        try:
            assert cleaned(hostile).data.startswith(SIGNATURE)
        except AhadiError:
            continue
