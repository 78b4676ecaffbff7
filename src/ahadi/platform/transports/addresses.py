"""Which network addresses are *inside*: those a webhook or a gateway's address must not lead to.

The tables follow the IANA special-purpose address registries (RFC 6890, as kept since) and the address forms that
carry an IPv4 address inside an IPv6 one: mapped (RFC 4291), NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056) and
Teredo (RFC 4380).
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from ahadi.base.errors import SetupError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_INSIDE_4 = tuple(
    (IPv4Network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by a provider"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "a cloud's own"),  # public by number, answered by the host of every Azure machine
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "reserved"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_INSIDE_6 = tuple(
    (IPv6Network(network), kind)
    for network, kind in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::ffff:0:0/96", "IPv4-mapped"),
        ("::/96", "IPv4-compatible"),
        ("64:ff9b::/96", "NAT64"),
        ("64:ff9b:1::/48", "NAT64"),
        ("2001::/32", "Teredo"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("3fff::/20", "documentation"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
_GLOBAL_6 = IPv6Network("2000::/3")  # the only part of IPv6 given out so far (RFC 4291, IANA)
_LAST_32_BITS = tuple(map(IPv6Network, ("::ffff:0:0/96", "::/96", "64:ff9b::/96", "64:ff9b:1::/48")))


def inside(address: Address) -> str | None:
    """What kind of inside address this is, None for one on the public internet."""
    if isinstance(address, IPv4Address):
        return next((kind for network, kind in _INSIDE_4 if address in network), None)
    bare = IPv6Address(int(address))  # without an interface's name
    kind = next((kind for network, kind in _INSIDE_6 if bare in network), None)
    return kind or (None if bare in _GLOBAL_6 else "reserved")


def carried(address: Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that an IPv6 address carries inside it, where packets to it may end."""
    if isinstance(address, IPv4Address):
        return ()
    if address.teredo:
        return address.teredo
    if address.sixtofour:
        return (address.sixtofour,)
    bare = IPv6Address(int(address))
    if int(bare) > 1 and any(bare in network for network in _LAST_32_BITS):
        return (IPv4Address(int(bare) & 0xFFFF_FFFF),)
    return ()


@dataclass(frozen=True, slots=True)
class Guard:
    """Decides which addresses may be reached: all public ones, and the inside ones an administrator listed.

    An entry lists a network with one port or, with None, all ports.
    """

    allowed: tuple[tuple[Network, int | None], ...] = ()

    @classmethod
    def from_setting(cls, text: str) -> "Guard":
        """Read a list such as `10.1.0.0/16, 127.0.0.1:8025, [::1]:8025`. Raises SetupError naming the wrong entry."""
        return cls(tuple(_entry(each.strip()) for each in text.split(",") if each.strip()))

    def objection(self, address: str, port: int) -> str | None:
        """Why this address may not be reached (the kind of inside address it is), None when it may.

        An address that carries another one inside it must be permitted as a whole and in what it carries.
        """
        try:
            parsed = ip_address(address)
        except ValueError:
            return "unreadable"
        for each in (parsed, *carried(parsed)):
            kind = inside(each)
            if kind and not self._lists(each, port):
                return kind
        return None

    def _lists(self, address: Address, port: int) -> bool:
        bare = IPv6Address(int(address)) if isinstance(address, IPv6Address) else address
        return any(bare in network and only in (None, port) for network, only in self.allowed)


def _entry(text: str) -> tuple[Network, int | None]:
    host, port = text, ""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") == 1:
        host, port = text.split(":")
    try:
        network = ip_network(host)
        number = int(port) if port else None
        if number is not None and not 0 < number < 65536:
            raise ValueError(port)
    except ValueError as problem:
        raise SetupError(
            f"AHADI_OUTGOING_ALLOW names {text!r}, which is no address or network; "
            "write such as 10.1.0.0/16, 127.0.0.1:8025 or [::1]:8025."
        ) from problem
    return network, number
