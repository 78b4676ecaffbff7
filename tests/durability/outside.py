"""The world outside, in a process of its own that nobody kills: a mail server and a receiver of webhooks.

`python outside.py FOLDER` prints the two ports and then writes what it took, a line each, before it answers.
"""

import asyncio
import json
import random
import sys
from email import message_from_bytes
from pathlib import Path
from typing import Any, TextIO

from aiosmtpd.smtp import SMTP


class MailServer:
    """Takes every mail. It dawdles before and after, so that kills meet mails on their way."""

    def __init__(self, log: TextIO) -> None:
        self._log = log

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
        await asyncio.sleep(random.random() * 0.03)
        mail = message_from_bytes(envelope.content)
        _write(self._log, {"message_id": str(mail["Message-ID"]).strip("<> \r\n"), "to": envelope.rcpt_tos})
        await asyncio.sleep(random.random() * 0.03)
        return "250 2.0.0 taken"


def _write(log: TextIO, row: dict[str, Any]) -> None:
    log.write(json.dumps(row) + "\n")
    log.flush()


def receiving(log: TextIO) -> Any:
    """A web server that knows one request: a webhook, taken with 204."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = [line.partition(b":") for line in head.lower().split(b"\r\n")]
                length = next((int(value) for name, _, value in lines if name == b"content-length"), 0)
                body = json.loads(await reader.readexactly(length))
                await asyncio.sleep(random.random() * 0.02)
                _write(log, {"subject": body["data"]["subject_id"]})
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    return serve


async def main(folder: Path) -> None:
    with (folder / "mails.jsonl").open("w") as mails, (folder / "webhooks.jsonl").open("w") as webhooks:
        loop = asyncio.get_running_loop()
        smtp = await loop.create_server(lambda: SMTP(MailServer(mails), hostname="outside.example"), "127.0.0.1", 0)
        http = await asyncio.start_server(receiving(webhooks), "127.0.0.1", 0)
        ports = [each.sockets[0].getsockname()[1] for each in (smtp, http)]
        print(*ports, flush=True)  # noqa: T201
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
