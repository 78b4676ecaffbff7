"""Other help desks, installed and started by the scripts in the folder that `AHADI_PEERS` names.

The scripts' one command is `peers start NAME --cases N`, which prints a line of JSON (its address and how to sign in),
and `peers stop NAME`. What they write goes into a scratch folder that `PEERS_HOME` names; kept, it saves the next run
from installing and loading again.
"""

import http.cookiejar
import json
import os
import re
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Peer:
    """A help desk that runs. `facts` is what its scripts say of it."""

    name: str
    url: str
    facts: dict[str, Any]


def scripts() -> Path | None:
    """The folder with the scripts, or None when nobody named one."""
    named = os.environ.get("AHADI_PEERS")
    return Path(named) if named else None


@contextmanager
def running(name: str, *, cases: int, scratch: Path) -> Iterator[Peer]:
    """Start a peer holding so many cases; it is stopped afterwards, whatever happens.

    Raises RuntimeError with the scripts' own words when they fail.
    """
    folder = scripts()
    assert folder is not None
    environment = {"PEERS_HOME": str(scratch), **os.environ}
    Path(environment["PEERS_HOME"]).mkdir(parents=True, exist_ok=True)

    def order(*words: str) -> str:
        done = subprocess.run(
            [folder / "peers", *words], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"peers {' '.join(words)} failed; its reason stands above.")
        return done.stdout

    try:
        facts = json.loads(order("start", name, "--cases", str(cases)).splitlines()[-1])
        yield Peer(name, facts["url"], facts)
    finally:
        order("stop", name)


_SIGN_IN = {
    "rt5": ("/NoAuth/Login.html", "user", "pass", None),
    "redmine": ("/login", "username", "password", "authenticity_token"),
    "django-helpdesk": ("/login/", "username", "password", "csrfmiddlewaretoken"),
}


def sessions(peer: Peer, count: int) -> list[str]:
    """Cookies of so many signed-in agents; a password at each request would cost a slow hash."""
    path, user, password, token = _SIGN_IN[peer.name]
    cookies = []
    for _ in range(count):
        form = {user: peer.facts["user"], password: peer.facts["password"]}
        jar = http.cookiejar.CookieJar()
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        if token:
            page = browser.open(f"{peer.url}{path}", timeout=60).read().decode()
            hidden = re.search(rf'name="{token}" value="([^"]+)"', page)
            form |= {token: hidden[1]} if hidden else {}
        browser.open(f"{peer.url}{path}", urllib.parse.urlencode(form).encode(), timeout=60).read()
        cookies.append("; ".join(f"{each.name}={each.value}" for each in jar))
    return cookies
