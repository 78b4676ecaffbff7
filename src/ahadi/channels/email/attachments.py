"""Files that come with mails: a name that is safe to save under, and the type the bytes bear out."""

import re
import unicodedata

from ahadi.channels.email.charsets import line
from ahadi.channels.email.mail import Attachment, Limits

UNKNOWN = "application/octet-stream"

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (8, b"AVI ", "video/x-msvideo"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypheix", "image/heic"),
    (4, b"ftypmif1", "image/heif"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftyp3g", "video/3gpp"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"\x78\x9f\x3e\x22", "application/ms-tnef"),
    (0, b"MZ", UNKNOWN),
    (0, b"\x7fELF", UNKNOWN),
)
# What a container may be, where the sender says so: the magic bytes are those of the container alone.
_INSIDE = {
    "application/zip": re.compile(
        r"application/(vnd\.openxmlformats-officedocument\.[a-z.]+|vnd\.oasis\.opendocument\.[a-z]+|epub\+zip"
        r"|vnd\.ms-(excel|powerpoint|word)\.[a-z.]+12)"
    ),
    "application/x-ole-storage": re.compile(r"application/(msword|vnd\.ms-(excel|powerpoint|outlook)|vnd\.visio)"),
    "audio/ogg": re.compile(r"(audio|video)/ogg|audio/opus"),
    "video/webm": re.compile(r"(audio|video)/(webm|x-matroska)"),
    "video/mp4": re.compile(r"(audio|video)/mp4"),
    "video/3gpp": re.compile(r"(audio|video)/3gpp2?"),
}
_PLAIN = {"text/plain", "text/csv", "text/calendar", "text/vcard", "text/x-vcard", "application/json", "message/rfc822"}
_SIGNATURES = {
    "application/pgp-signature",
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
    "application/pkcs7-mime",
    "application/x-pkcs7-mime",
    "application/pgp-encrypted",
}
# Anything that starts like markup could be taken for a page by a browser (WHATWG MIME Sniffing, 7.1).
_MARKUP = re.compile(
    rb"<(!doctype|\?xml|!--|html|head|script|body|svg|iframe|style|table|title|h1|div|a|br|p|b|math)\b", re.I
)

_ENDINGS = {
    "application/pdf": "pdf",
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/tiff": "tif",
    "image/heic": "heic",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/ogg": "ogg",
    "video/mp4": "mp4",
    "application/zip": "zip",
    "application/ms-tnef": "dat",
    "text/plain": "txt",
    "text/csv": "csv",
    "text/calendar": "ics",
    "text/vcard": "vcf",
    "message/rfc822": "eml",
}
_RESERVED = re.compile(r"(con|prn|aux|nul|clock\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.I)
_NAME_CHARACTERS, _NAME_BYTES = 120, 200


def clean_name(name: str, fallback: str = "attachment") -> str:
    """A file name alone, for every system: no path, no control, zero-width or direction marks, no reserved word.

    At most 120 characters and 200 bytes; the ending is kept.
    """
    name = unicodedata.normalize("NFC", line(name, 2000))
    name = re.split(r"[/\\⁄∕／＼]", name)[-1]
    # Cf are the invisible marks (zero-width, direction, soft hyphen), Zl and Zp are line ends, Co and Cn nobody's.
    name = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
    name = re.sub(r'[<>:"|?*]', "_", name)
    name = re.sub(r"\s+", " ", name).strip(" .")
    if not name:
        name = fallback
    if _RESERVED.fullmatch(name):
        name = f"_{name}"
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 12:
        stem, dot, ending = name, "", ""
    while len(stem) + len(ending) >= _NAME_CHARACTERS or len((stem + ending).encode()) >= _NAME_BYTES:
        stem = stem[:-1]
    return f"{stem.rstrip(' .') or fallback}{dot}{ending}"


def media_type(data: bytes, declared: str) -> str:
    """The type the bytes bear out; `application/octet-stream` for what is unknown, runs, or says it is another."""
    head = data[:1024]
    found = next((kind for at, magic, kind in _MAGIC if head[at : at + len(magic)] == magic), "")
    if found in ("image/webp", "audio/wav", "video/x-msvideo") and not head.startswith(b"RIFF"):
        found = ""
    if found:
        inside = _INSIDE.get(found)
        return declared if inside and inside.fullmatch(declared) else found
    if declared in _SIGNATURES:
        return declared
    if declared in _PLAIN or declared == "text/vcard":
        return declared if _is_plain(data) else UNKNOWN
    return UNKNOWN


def _is_plain(data: bytes) -> bool:
    return b"\x00" not in data and not _MARKUP.search(data[:1024].lstrip(b"\xef\xbb\xbf"))


def attachment(data: bytes, declared: str, name: str, content_id: str, *, inline: bool, limits: Limits) -> Attachment:
    """One file as it is kept; too large a one is named but left out."""
    found = media_type(data, declared)
    ending = _ENDINGS.get(found)
    safe = clean_name(name, f"attachment.{ending}" if ending else "attachment")
    if len(data) > limits.attachment:
        left_out = f"{safe} has {_mebibytes(len(data))} and only {_mebibytes(limits.attachment)} are kept; ask for it."
        return Attachment(safe, found, b"", declared, content_id, inline, len(data), left_out)
    return Attachment(safe, found, data, declared, content_id, inline, len(data))


def _mebibytes(size: int) -> str:
    return f"{size / (1024 * 1024):.1f} MiB"


def within(attachments: list[Attachment], limits: Limits) -> tuple[Attachment, ...]:
    """The files of one mail within the limits together, each under a name of its own; the rest only by name."""
    kept: list[Attachment] = []
    names: set[str] = set()
    number = together = 0
    for each in attachments[: limits.parts]:
        left_out = each.left_out
        if number >= limits.attachments or together + len(each.data) > limits.attachments_together:
            left_out = left_out or f"{each.name} was beyond what is kept of one mail; ask for it in a mail of its own."
        if not left_out:
            number, together = number + 1, together + len(each.data)
        name = _another(each.name, names)
        names.add(name.casefold())
        kept.append(
            Attachment(
                name,
                each.media_type,
                b"" if left_out else each.data,
                each.declared_type,
                each.content_id,
                each.inline,
                each.size,
                left_out,
            )
        )
    return tuple(kept)


def _another(name: str, names: set[str]) -> str:
    stem, dot, ending = name.rpartition(".")
    if not dot:
        stem, ending = name, ""
    number, tried = 2, name
    while tried.casefold() in names:
        tried = f"{stem} ({number}){dot}{ending}"
        number += 1
    return tried
