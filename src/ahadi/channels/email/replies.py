"""The new words of a mail, without what it quotes from before.

Libraries for this match whole texts with nested wildcards; one that was tried took 80 seconds for 45 kB of
`On On On …`. Here every line is looked at once, in the languages below; what is not recognised stays.
"""

import re

_STARTS = ("on ", "am ", "le ", "el ", "em ", "il ", "op ", "den ", "dne ", "w dniu ", "mnamo ", "tarehe ", "в ")
_WROTE = re.compile(
    r"\b(wrote|writes|schrieb|a écrit|escribió|escreveu|ha scritto|schreef|skrev|napsala?|napisał\w*"
    r"|aliandika|ameandika|imeandikwa|написал\w*)\b|写道|のメール|작성"
)
_SEPARATOR = re.compile(
    r"\s*[-_*]{2,}\s*(original message|forwarded message|ursprüngliche nachricht|weitergeleitete nachricht"
    r"|message d.origine|message transféré|mensaje original|mensaje reenviado|mensagem original"
    r"|messaggio originale|oorspronkelijk bericht|begin forwarded message|ujumbe wa awali|ujumbe uliotumwa)"
    r"\s*:?\s*[-_*]*\s*",
    re.I,
)
_RULE = re.compile(r"\s*_{20,}\s*")
_FROM = r"from|von|de|da|van|od|från|fra|kutoka|от|发件人|寄件者|差出人"
_OTHER = (
    r"sent|date|to|cc|subject|gesendet|datum|an|betreff|envoyé|à|objet|enviado( el)?|fecha|para|asunto|data|assunto"
    r"|inviato"
    r"|a|oggetto|verzonden|aan|onderwerp|skickat|till|ämne|sendt|til|emne|imetumwa|tarehe|kwa|mada|дата|кому|тема"
    r"|发送时间|日期|收件人|主题|送信日時|宛先|件名"
)
_FROM_LINE = re.compile(rf"[>\s*]*({_FROM})\s*\*?\s*[:：]\*?\s*\S.*", re.I)
_OTHER_LINE = re.compile(rf"[>\s*]*({_OTHER})\s*\*?\s*[:：]\*?.*", re.I)
_LONGEST = 400  # characters; nothing longer introduces a quotation


def new_words(text: str, *, answers: bool) -> str:
    """The words that are new in a mail's plain text.

    `answers` says that the mail replies to another. Where it does not and nothing is left, it is somebody passing
    words on, and they are the message: the whole text is returned then. Lines answered in between are kept.
    """
    lines = text.split("\n")
    kept: list[str] = []
    at = 0
    while at < len(lines):
        if lines[at].lstrip().startswith(">"):
            at += 1
            continue
        introduced = _introduction(lines, at)
        if introduced and _quotes(lines, at + introduced):
            at += introduced
            continue
        if introduced or lines[at] == "-- " or _begins_the_past(lines, at):
            break
        kept.append(lines[at])
        at += 1
    words = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
    return words if words or answers else text.strip()


def _introduction(lines: list[str], at: int) -> int:
    """How many lines, from this one, introduce a quotation (`On … wrote:`, wrapped or not); 0 when none does."""
    joined = ""
    for length in range(1, 5):
        if at + length > len(lines):
            return 0
        last = lines[at + length - 1].strip()
        joined = f"{joined} {last}".strip()
        if not last or len(joined) > _LONGEST:
            return 0
        if last.endswith((":", "：")):
            return length if _introduces(joined.lower(), quoted=_quotes(lines, at + length)) else 0
    return 0


def _introduces(joined: str, *, quoted: bool) -> bool:
    has_number, wrote = any(c.isdigit() for c in joined), bool(_WROTE.search(joined))
    if joined.startswith(_STARTS) and has_number and wrote:
        return True
    return quoted and ((wrote and ("@" in joined or has_number)) or ("@" in joined and has_number))


def _quotes(lines: list[str], at: int) -> bool:
    """Whether the next line with words, at most two on, is marked as quoted."""
    following = [line for line in lines[at : at + 3] if line.strip()]
    return bool(following) and following[0].lstrip().startswith(">")


def _begins_the_past(lines: list[str], at: int) -> bool:
    line = lines[at]
    if len(line) > _LONGEST:
        return False
    if _SEPARATOR.fullmatch(line):
        return True
    if _RULE.fullmatch(line) and at + 1 < len(lines) and not _RULE.fullmatch(lines[at + 1]):
        return _begins_the_past(lines, at + 1)  # Outlook draws a line above it
    if not _FROM_LINE.fullmatch(line):
        return False
    block = [each for each in lines[at + 1 : at + 8] if each.strip()][:5]
    return sum(len(each) <= _LONGEST and bool(_OTHER_LINE.fullmatch(each)) for each in block) >= 2
