"""An SMTP server that does as it is told: refuses, waits, dies at any point, and knows what it really received."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class ScriptedServer:
    """`answers` replaces the answer to a command (its first word, `GREETING`, `CONNECTED`, `END` for the final dot).

    An answer of `""` breaks the connection instead; `SILENCE` says nothing and waits. An answer may be a list, used up
    one by one. `dies_in_the_middle` breaks the connection after that many bytes of a mail; `speaks_in_the_middle`
    answers then, and reads no further.
    """

    answers: dict[str, str | list[str]] = field(default_factory=dict)
    offers: tuple[str, ...] = ("SIZE 10000000", "8BITMIME", "SMTPUTF8", "AUTH PLAIN LOGIN XOAUTH2")
    dies_in_the_middle: int | None = None
    speaks_in_the_middle: str = ""
    tls: ssl.SSLContext | None = None
    said: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    port: int = 0
    encrypted: bool = False

    @asynccontextmanager
    async def running(self, *, implicit_tls: bool = False) -> AsyncIterator["ScriptedServer"]:
        tasks: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            try:
                with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
                    await _Conversation(self, reader, writer).hold()
            finally:
                tasks.discard(task)
                writer.transport.abort()

        server = await asyncio.start_server(
            serve, "127.0.0.1", 0, ssl=self.tls if implicit_tls else None, limit=1 << 20
        )
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in list(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await server.wait_closed()

    def answer_to(self, command: str, usual: str) -> str:
        told = self.answers.get(command, usual)
        if isinstance(told, list):
            return told.pop(0) if told else usual
        return told


SILENCE = "(silence)"


class _Broken(ConnectionError):
    pass


class _Conversation:
    def __init__(self, server: ScriptedServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer

    async def hold(self) -> None:
        await self._answer("GREETING", "220 scripted ESMTP")
        while True:
            line = (await self._reader.readuntil(b"\r\n")).decode().strip()
            self._server.said.append(line)
            command = line.split(" ")[0].upper()
            match command:
                case "EHLO":
                    offers = list(self._server.offers)
                    lines = ["scripted", *offers]
                    usual = "\r\n".join(
                        f"250{'-' if n < len(lines) - 1 else ' '}{each}" for n, each in enumerate(lines)
                    )
                    await self._answer("EHLO", usual)
                case "AUTH":
                    await self._answer("AUTH", "235 2.7.0 in")
                case "DATA":
                    if await self._answer("DATA", "354 go on"):
                        await self._read_mail()
                case "STARTTLS":
                    assert self._server.tls is not None
                    await self._answer("STARTTLS", "220 go")
                    await self._writer.start_tls(self._server.tls)
                    self._server.encrypted = True
                case "QUIT":
                    await self._answer("QUIT", "221 bye")
                    return
                case _:
                    await self._answer(command, "250 ok")

    async def _answer(self, command: str, usual: str) -> bool:
        answer = self._server.answer_to(command, usual)
        if answer == "":
            self._writer.transport.abort()
            raise _Broken
        if answer == SILENCE:
            await asyncio.Event().wait()
        self._writer.write(answer.encode() + b"\r\n")
        await self._writer.drain()
        return answer[0] in "23"

    async def _read_mail(self) -> None:
        mail = b""
        middle = self._server.dies_in_the_middle
        while not mail.endswith(b"\r\n.\r\n"):
            if middle is not None and len(mail) >= middle:
                if self._server.speaks_in_the_middle:
                    self._writer.write(self._server.speaks_in_the_middle.encode() + b"\r\n")
                    await self._writer.drain()
                    await asyncio.Event().wait()
                raise _Broken
            chunk = await self._reader.read(65536)
            if not chunk:
                raise _Broken
            mail += chunk
        self._server.mails.append(mail[: -len(b".\r\n")])
        await self._answer("END", "250 2.0.0 queued as 7")
