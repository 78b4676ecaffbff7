import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from ahadi.base.errors import AhadiError, SetupError
from ahadi.platform.transports.addresses import Guard, carried, inside
from ahadi.platform.transports.http import AddressRefused, AnswerTooLarge, RedirectRefused, Resolve, guarded_client

INSIDE = {
    "0.0.0.0": "this network",
    "0.1.2.3": "this network",
    "10.0.0.1": "private",
    "100.64.0.1": "shared by a provider",
    "100.100.100.200": "shared by a provider",
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "168.63.129.16": "a cloud's own",
    "169.254.169.254": "link-local",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.0.0.192": "reserved",
    "192.0.2.1": "documentation",
    "192.88.99.1": "reserved",
    "192.168.1.1": "private",
    "198.18.0.1": "benchmarking",
    "198.51.100.7": "documentation",
    "203.0.113.9": "documentation",
    "224.0.0.1": "multicast",
    "239.255.255.255": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "reserved",
    "::": "unspecified",
    "::1": "loopback",
    "::7f00:1": "IPv4-compatible",
    "::ffff:127.0.0.1": "IPv4-mapped",
    "::ffff:8.8.8.8": "IPv4-mapped",
    "::ffff:0:127.0.0.1": "reserved",
    "64:ff9b::7f00:1": "NAT64",
    "64:ff9b::8.8.8.8": "NAT64",
    "64:ff9b:1::10.0.0.1": "NAT64",
    "100::1": "reserved",
    "2001::1": "Teredo",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2": "Teredo",
    "2001:20::1": "reserved",
    "2001:db8::1": "documentation",
    "2002:7f00:1::": "6to4",
    "2002:808:808::1": "6to4",
    "3fff::1": "documentation",
    "5f00::1": "reserved",
    "fc00::1": "private",
    "fd00:ec2::254": "private",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "fec0::1": "site-local",
    "ff02::1": "multicast",
    "4000::1": "reserved",
    "not an address": "unreadable",
}
PUBLIC = ["1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "2606:4700:4700::1111"]


@pytest.mark.parametrize(("address", "kind"), INSIDE.items(), ids=lambda text: text)
def test_every_class_of_inside_address_is_refused(address: str, kind: str) -> None:
    assert Guard().objection(address, 443) == kind


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_permitted(address: str) -> None:
    assert Guard().objection(address, 443) is None


@given(st.ip_addresses())
def test_whatever_is_not_global_by_the_standard_library_is_inside_too(address: IPv4Address | IPv6Address) -> None:
    if not address.is_global or address.is_multicast:
        assert inside(address)


@given(st.ip_addresses(v=4))
def test_no_inside_address_hides_in_a_longer_one_even_when_its_prefix_is_listed(address: IPv4Address) -> None:
    guard = Guard.from_setting("::ffff:0:0/96, 64:ff9b::/96, 2002::/16")
    number = int(address)
    forms = [
        IPv6Address((0xFFFF << 32) | number),
        IPv6Address((0x0064_FF9B << 96) | number),
        IPv6Address((0x2002 << 112) | (number << 80)),
    ]
    for form in forms:
        assert carried(form) == (address,)
        assert (guard.objection(str(form), 443) is None) == (inside(address) is None)


def test_a_listed_network_may_be_reached_on_every_port_and_a_listed_port_on_that_one_only() -> None:
    guard = Guard.from_setting("10.1.0.0/16, 127.0.0.1:8025, [::1]:8026, fd00::/8")
    assert guard.objection("10.1.2.3", 9999) is None
    assert guard.objection("10.2.0.1", 9999) == "private"
    assert guard.objection("127.0.0.1", 8025) is None
    assert guard.objection("127.0.0.1", 5432) == "loopback"
    assert guard.objection("::1", 8026) is None
    assert guard.objection("fd12::1", 80) is None


@pytest.mark.parametrize(
    "entry", ["gateway.example", "10.0.0.1/8", "127.0.0.1:0", "127.0.0.1:x", "[::1", "1.2.3.4:70000"]
)
def test_a_wrong_entry_of_the_list_is_named(entry: str) -> None:
    if entry == "[::1":
        assert Guard.from_setting(entry).objection("::1", 1) is None  # an unclosed bracket is harmless
        return
    with pytest.raises(SetupError, match="AHADI_OUTGOING_ALLOW"):
        Guard.from_setting(entry)


Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter, bytes], Awaitable[None]]


@dataclass
class Server:
    """A raw HTTP server on loopback that remembers the requests' heads."""

    port: int = 0
    heads: list[str] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://gateway.test:{self.port}/"


def says(status: str = "200 OK", body: bytes = b"ok", **headers: str) -> Answer:
    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _head: bytes) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()

    return answer


@asynccontextmanager
async def serving(*answers: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """Answers the requests in turn, the last answer for ever."""
    server, turns, tasks = Server(), list(answers), set[asyncio.Task[None]]()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            server.heads.append(head.decode())
            answer = turns.pop(0) if len(turns) > 1 else turns[0]
            await answer(reader, writer, head)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def names(**table: list[str]) -> Resolve:
    """A resolver that knows these names; a double underscore stands for a dot."""

    async def resolve(host: str, _port: int) -> list[str]:
        try:
            return [str(ip_address(host))]
        except ValueError:
            known = {name.replace("__", "."): addresses for name, addresses in table.items()}
            if host not in known:
                raise OSError("unknown name") from None
            return known[host]

    return resolve


def loopback_allowed() -> Guard:
    return Guard.from_setting("127.0.0.1")


AT_HOME = names(gateway__test=["127.0.0.1"], other__test=["127.0.0.1"], inside__test=["127.0.0.2"])


async def test_the_checked_address_is_connected_to_and_the_name_stays_in_the_host_header() -> None:
    async with serving(says()) as server, guarded_client(loopback_allowed(), resolve=AT_HOME) as client:
        answer = await client.get(server.url)
    assert answer.text == "ok"
    assert f"Host: gateway.test:{server.port}" in server.heads[0]


async def test_loopback_is_refused_unless_it_is_listed() -> None:
    async with serving(says()) as server, guarded_client(resolve=AT_HOME) as client:
        with pytest.raises(AddressRefused) as refused:
            await client.get(server.url)
    assert server.heads == []
    assert refused.value.sentence == (
        "gateway.test is not a public address (loopback); an administrator can permit it with AHADI_OUTGOING_ALLOW."
    )
    assert "127.0.0.1" not in str(refused.value)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "0", "localhost", "[::1]", "[::ffff:127.0.0.1]"],
)
async def test_the_ways_to_write_loopback_are_all_looked_through(host: str) -> None:
    async with serving(says()) as server, guarded_client() as client:
        with pytest.raises((AddressRefused, httpx.InvalidURL)):
            await client.get(f"http://{host}:{server.port}/")
    assert server.heads == []


async def test_a_refusal_is_both_one_of_our_errors_and_a_connection_error() -> None:
    async with guarded_client(resolve=AT_HOME) as client:
        with pytest.raises(AhadiError):
            await client.get("http://gateway.test/")
        with pytest.raises(httpx.ConnectError):
            await client.get("http://gateway.test/")


async def test_a_name_with_public_and_inside_addresses_is_never_reached_inside() -> None:
    asked = []

    async def mixed(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.2", "127.0.0.1"]

    async with serving(says()) as server, guarded_client(loopback_allowed(), resolve=mixed) as client:
        assert (await client.get(server.url)).status_code == 200
    assert asked == ["gateway.test"]


async def test_a_name_that_changes_its_answer_is_looked_up_once_per_connection_and_checked_each_time() -> None:
    answers = [["127.0.0.1"], ["127.0.0.2"]]

    async def rebinding(_host: str, _port: int) -> list[str]:
        return answers.pop(0)

    async with serving(says()) as server, guarded_client(loopback_allowed(), resolve=rebinding) as client:
        assert (await client.get(server.url)).status_code == 200
        with pytest.raises(AddressRefused):
            await client.get(server.url)
    assert len(server.heads) == 1


async def test_the_next_address_is_tried_where_the_first_does_not_answer() -> None:
    guard = Guard.from_setting("127.0.0.1, 127.0.0.3")
    resolve = names(gateway__test=["127.0.0.3", "127.0.0.1"])
    async with serving(says()) as server, guarded_client(guard, resolve=resolve) as client:
        assert (await client.get(server.url)).status_code == 200


async def test_unknown_and_unreachable_names_are_connection_errors() -> None:
    async with serving(says()) as server:
        gone = server.port
    async with guarded_client(loopback_allowed(), resolve=AT_HOME) as client:
        with pytest.raises(httpx.ConnectError, match="not known"):
            await client.get("http://nowhere.test/")
        with pytest.raises(httpx.ConnectError):
            await client.get(f"http://gateway.test:{gone}/")


async def test_a_name_without_an_address_is_a_connection_error() -> None:
    async with guarded_client(resolve=names(empty__test=[])) as client:
        with pytest.raises(httpx.ConnectError, match="no address"):
            await client.get("http://empty.test/")


async def test_redirects_are_not_followed_unless_asked() -> None:
    async with (
        serving(says("302 Found", Location="/next")) as server,
        guarded_client(loopback_allowed(), resolve=AT_HOME) as client,
    ):
        assert (await client.get(server.url)).status_code == 302
    assert len(server.heads) == 1


async def test_a_redirect_inside_is_refused_at_its_own_connect() -> None:
    async with serving(says()) as hidden:
        away = says("302 Found", Location=f"http://inside.test:{hidden.port}/secret")
        async with serving(away) as server, guarded_client(loopback_allowed(), resolve=AT_HOME) as client:
            with pytest.raises(RedirectRefused):
                await client.get(server.url, follow_redirects=True)
    assert hidden.heads == []


@pytest.mark.parametrize("target", ["https://gateway.test/", "ftp://gateway.test/", "file:///etc/passwd"])
async def test_a_redirect_to_another_scheme_is_refused(target: str) -> None:
    async with (
        serving(says("302 Found", Location=target)) as server,
        guarded_client(loopback_allowed(), resolve=AT_HOME) as client,
    ):
        with pytest.raises((RedirectRefused, httpx.UnsupportedProtocol)):
            await client.get(server.url, follow_redirects=True)


async def test_keys_do_not_follow_a_redirect_to_another_host_but_stay_on_the_same_one() -> None:
    async with serving(says()) as other:
        away = says("302 Found", Location=f"http://other.test:{other.port}/")
        async with (
            serving(says("302 Found", Location="/here"), away) as server,
            guarded_client(loopback_allowed(), resolve=AT_HOME) as client,
        ):
            await client.get(server.url, headers={"X-Api-Key": "hidden"}, follow_redirects=True)
    assert ["hidden" in head for head in server.heads] == [True, True]
    assert ["hidden" in head for head in other.heads] == [False]


async def test_a_body_is_not_sent_again_to_another_host() -> None:
    async with serving(says()) as other:
        away = says("307 Temporary Redirect", Location=f"http://other.test:{other.port}/")
        async with serving(away) as server, guarded_client(loopback_allowed(), resolve=AT_HOME) as client:
            with pytest.raises(RedirectRefused):
                await client.post(server.url, content=b"words of a customer", follow_redirects=True)
    assert other.heads == []


async def test_a_redirect_in_a_circle_ends() -> None:
    async with (
        serving(says("302 Found", Location="/again")) as server,
        guarded_client(loopback_allowed(), resolve=AT_HOME) as client,
    ):
        with pytest.raises(httpx.TooManyRedirects):
            await client.get(server.url, follow_redirects=True)
    assert len(server.heads) == 6


async def test_an_answer_that_announces_too_much_is_refused() -> None:
    async with (
        serving(says(body=b"x" * 2000)) as server,
        guarded_client(loopback_allowed(), resolve=AT_HOME, most_bytes=1000) as client,
    ):
        with pytest.raises(AnswerTooLarge):
            await client.get(server.url)


async def test_an_answer_without_an_end_is_cut_off() -> None:
    async def endless(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _head: bytes) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            writer.write(b"x" * 1000)
            await writer.drain()

    async with (
        serving(endless) as server,
        guarded_client(loopback_allowed(), resolve=AT_HOME, most_bytes=100_000) as client,
    ):
        with pytest.raises(AnswerTooLarge):
            await client.get(server.url)


async def test_a_compressed_answer_is_refused_so_that_it_cannot_unpack_into_a_huge_one() -> None:
    async with (
        serving(says(Content_Encoding="gzip")) as server,
        guarded_client(loopback_allowed(), resolve=AT_HOME) as client,
    ):
        with pytest.raises(httpx.RemoteProtocolError, match="compressed"):
            await client.get(server.url)
    assert "accept-encoding: identity" in server.heads[0]


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, _head: bytes) -> None:
    await reader.read()


async def dripping(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _head: bytes) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("slow", [silent, dripping])
async def test_time_is_bounded_over_the_whole_exchange_however_often_a_byte_comes(slow: Answer) -> None:
    async with (
        serving(slow) as server,
        guarded_client(loopback_allowed(), resolve=AT_HOME, total_seconds=0.2) as client,
    ):
        with pytest.raises(httpx.ReadTimeout):
            await client.get(server.url)


async def test_redirects_share_the_time_of_the_exchange() -> None:
    async with (
        serving(says("302 Found", Location="/slow"), silent) as server,
        guarded_client(loopback_allowed(), resolve=AT_HOME, total_seconds=0.3) as client,
    ):
        with pytest.raises(httpx.ReadTimeout):
            await client.get(server.url, follow_redirects=True)
    assert len(server.heads) == 2


async def test_a_name_server_that_does_not_answer_means_that_nothing_was_sent() -> None:
    async def never(_host: str, _port: int) -> list[str]:
        await asyncio.Event().wait()
        raise AssertionError

    async with guarded_client(loopback_allowed(), resolve=never, connect_seconds=0.1) as client:
        with pytest.raises(httpx.ConnectTimeout):
            await client.get("http://gateway.test/")
    async with guarded_client(loopback_allowed(), resolve=never, total_seconds=0.1) as client:
        with pytest.raises(httpx.ConnectTimeout):
            await client.get("http://gateway.test/")


async def test_a_connection_dropped_after_the_request_is_not_a_connection_error() -> None:
    async def drop(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _head: bytes) -> None:
        writer.close()

    async with serving(drop) as server, guarded_client(loopback_allowed(), resolve=AT_HOME) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post(server.url, content=b"{}")


async def test_cookies_of_one_receiver_are_not_kept() -> None:
    async with (
        serving(says(Set_Cookie="id=1; Path=/")) as server,
        guarded_client(loopback_allowed(), resolve=AT_HOME) as client,
    ):
        await client.get(server.url)
        await client.get(server.url)
    assert "Cookie" not in server.heads[1]


async def test_the_proxy_settings_of_the_machine_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(says()) as proxy, serving(says(body=b"direct")) as server:
        for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        async with guarded_client(loopback_allowed(), resolve=AT_HOME) as client:
            assert (await client.get(server.url)).text == "direct"
    assert proxy.heads == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for gateway.test, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "gateway.test")])
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("gateway.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    file = tmp_path_factory.mktemp("tls") / "gateway.pem"
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()) + made.public_bytes(pem)
    )
    return file


async def test_tls_is_checked_against_the_name_although_the_address_is_connected_to(certificate: Path) -> None:
    asked_for: list[str | None] = []
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(certificate)
    ours.sni_callback = lambda _connection, name, _context: asked_for.append(name)
    theirs = ssl.create_default_context(cafile=certificate)
    async with (
        serving(says(), tls=ours) as server,
        guarded_client(loopback_allowed(), resolve=AT_HOME, tls=theirs) as client,
    ):
        assert (await client.get(f"https://gateway.test:{server.port}/")).status_code == 200
        with pytest.raises(httpx.ConnectError, match="certificate"):
            await client.get(f"https://other.test:{server.port}/")
    assert asked_for == ["gateway.test", "other.test"]
