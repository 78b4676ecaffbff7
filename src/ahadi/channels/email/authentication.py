"""What our own mail server found out about the sender, from its Authentication-Results field (RFC 8601).

Anybody can write such a field into a mail. One is believed only where it names a server we trust *and* stands where
only that server can have put it: above everything the sender wrote. Two layouts occur. Servers that add their results
on top of their own Received field may add several; all of them, down to that field, are theirs. Servers that add one
below theirs write directly above the sender's fields; there only the topmost counts, and of it nothing below.
"""

import re

from authres import AuthenticationResultsHeader

from ahadi.channels.email.charsets import line
from ahadi.channels.email.headers import Fields
from ahadi.channels.email.mail import Authentication, Check

NO_NAME = "-"
"""The entry of `trusted_authserv_ids` for servers whose fields name no server, as Exchange Online's do."""

_PROPERTIES = {"spf": ("mailfrom", "helo"), "dkim": ("d", "i"), "dmarc": ("from",)}
_LONGEST = 8192


def read(fields: Fields, trusted: frozenset[str]) -> Authentication:
    """The trusted results; all `none` where there are none."""
    wanted = {each.lower() for each in trusted}
    results: list[tuple[str, Check]] = []
    server = ""
    for value in _placed_by_us(fields, wanted):
        named, found = _read_one(value)
        server = server or named
        results.extend(found)
    return Authentication(
        server,
        _first(results, "spf"),
        tuple(check for method, check in results if method == "dkim"),
        _first(results, "dmarc"),
    )


def _placed_by_us(fields: Fields, wanted: set[str]) -> list[str]:
    believed: list[str] = []
    received_above = closed = False
    for name, value in fields.all:
        if name == "received":
            if believed:
                closed = True
                break
            received_above = True
        elif name == "authentication-results" and _server(value) in wanted:
            believed.append(value)
        elif name in ("from", "to", "subject", "date", "message-id"):
            break
    return believed if closed and not received_above else believed[:1]


def _server(value: str) -> str:
    first = re.sub(r"\([^()]*\)", " ", value[:_LONGEST].partition(";")[0]).split()
    return NO_NAME if not first or "=" in first[0] else first[0].strip('"').lower()


def _read_one(value: str) -> tuple[str, list[tuple[str, Check]]]:
    value = line(value, _LONGEST)
    server = _server(value)
    try:
        parsed = AuthenticationResultsHeader.parse_value(f"{NO_NAME}; {value}" if server == NO_NAME else value)
    except Exception:  # the library's own errors and Python's, on fields that keep to no grammar
        return server, []
    found = []
    for each in parsed.results:
        method = str(each.method).lower()
        if method in _PROPERTIES:
            values = {str(p.name).lower(): str(p.value) for p in each.properties}
            named = next((values[name] for name in _PROPERTIES[method] if values.get(name)), "")
            domain = named.rpartition("@")[2].strip().rstrip(".").lower()
            found.append((method, Check(str(each.result).lower(), line(domain, 253))))
    return server, found


def _first(results: list[tuple[str, Check]], method: str) -> Check:
    return next((check for its_method, check in results if its_method == method), Check())
