"""A real IMAP server, Debian's Dovecot 2.3, of a test's own: on loopback, as an ordinary user, in its own folder."""

import grp
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from tests.platform.transports.certificates import Authority

PASSWORD = 's3cret\\pass"word'

_SETTINGS = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_location = maildir:{folder}/mail/%u
ssl = yes
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2
}}
passdb {{
  driver = static
  mechanisms = plain login
  args = password={password}
}}
auth_failure_delay = 0
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
first_valid_uid = 0
service imap-login {{
  chroot =
  process_min_avail = 0
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
{more}
service imap {{
  process_limit = 30
}}
"""
_OAUTH = """
tokeninfo_url = http://127.0.0.1:{port}/?access_token=
introspection_mode = auth
username_attribute = email
active_attribute = active
active_value = yes
"""


@dataclass
class Dovecot:
    """Every name is a user with the same password and an empty mailbox of its own.

    `tokens` are the access tokens that the sign-in service knows, with whose they are.
    """

    folder: Path
    port: int
    tls_port: int
    authority: Authority
    tokens: dict[str, str] = field(default_factory=dict)

    def mailbox(self) -> "UserMailbox":
        """A new user's."""
        return UserMailbox(self, f"care-{uuid4().hex[:8]}@power.example")


@dataclass
class UserMailbox:
    server: Dovecot
    user: str

    def client(self) -> imaplib.IMAP4:
        client = imaplib.IMAP4("127.0.0.1", self.server.port, timeout=20)
        client.login(self.user, PASSWORD)
        return client

    def put(self, *mails: bytes, folder: str = "INBOX", flags: str = "") -> None:
        """Lay mails into the mailbox, as somebody else's program would."""
        with closing_session(self.client()) as client:
            for raw in mails:
                answer = client.append(folder, flags, imaplib.Time2Internaldate(time.time()), raw)
                assert answer[0] == "OK", answer

    def flags(self, folder: str = "INBOX") -> list[str]:
        """The flags of every mail in a folder, in order; `\\Recent`, which comes and goes, left out."""
        with closing_session(self.client()) as client:
            status, count = client.select(folder, readonly=True)
            if status != "OK" or count == [b"0"]:
                return []
            found = [
                line.decode().partition("FLAGS (")[2].partition(")")[0] for line in client.fetch("1:*", "FLAGS")[1]
            ]
            return [" ".join(flag for flag in each.split() if flag != "\\Recent") for each in found]

    def remove_all(self) -> None:
        with closing_session(self.client()) as client:
            client.select("INBOX")
            client.store("1:*", "+FLAGS", "\\Deleted")
            client.expunge()


@contextmanager
def closing_session(client: imaplib.IMAP4) -> Iterator[imaplib.IMAP4]:
    try:
        yield client
    finally:
        client.logout()


@contextmanager
def dovecot(more: str = "") -> Iterator[Dovecot]:
    """Run it, with `more` settings, for as long as the block lasts. It needs the Debian package dovecot-imapd."""
    program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert program, "Dovecot is missing: run  apt-get install --no-install-recommends dovecot-imapd"
    # Dovecot reads no mail as root, so there it runs as nobody.
    owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    folder = Path(tempfile.mkdtemp(prefix="ahadi-imap-"))
    tokens: dict[str, str] = {}
    try:
        with _token_service(tokens) as token_port:
            server = Dovecot(folder, _free_port(), _free_port(), Authority(), tokens)
            _write_settings(server, owner, token_port, more)
            as_owner = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
            process = subprocess.Popen([program, "-F", "-c", str(folder / "conf")], **as_owner)  # type: ignore[call-overload]
            try:
                _wait_until_it_answers(server, process)
                yield server
            finally:
                process.terminate()
                process.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_settings(server: Dovecot, owner: pwd.struct_passwd, token_port: int, more: str) -> None:
    names = {
        "user": owner.pw_name,
        "group": grp.getgrgid(owner.pw_gid).gr_name,
        "uid": owner.pw_uid,
        "gid": owner.pw_gid,
        "folder": server.folder,
        "port": server.port,
        "tls_port": server.tls_port,
        "password": PASSWORD,
        "more": more,
    }
    files = {
        "conf": _SETTINGS.format(**names).encode(),
        "oauth2": _OAUTH.format(port=token_port).encode(),
        "certificate.pem": server.authority.certificate,
        "key.pem": server.authority.key,
    }
    for name, content in files.items():
        (server.folder / name).write_bytes(content)
    for each in [server.folder, *server.folder.iterdir()]:
        os.chown(each, owner.pw_uid, owner.pw_gid)


def _wait_until_it_answers(server: Dovecot, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    while True:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", server.port)) == 0:
                return
        log = server.folder / "log"
        assert process.poll() is None and time.monotonic() < deadline, log.read_text() if log.exists() else "no log"
        time.sleep(0.05)


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _token_service(tokens: dict[str, str]) -> Iterator[int]:
    """What Dovecot asks about a token, as it would ask Google or Microsoft."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            token = parse_qs(urlsplit(self.path).query).get("access_token", [""])[0]
            known = tokens.get(token)
            body = f'{{"active":"yes","email":"{known}"}}'.encode() if known else b'{"error":"invalid_token"}'
            self.send_response(200 if known else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    service = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=service.serve_forever, daemon=True)
    thread.start()
    try:
        yield service.server_address[1]
    finally:
        service.shutdown()
        service.server_close()
        thread.join()
