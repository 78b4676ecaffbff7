"""Whose word about the client is believed: forwarded headers count only from listed proxies."""

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from ahadi.base.errors import SetupError


class Proxies:
    """The proxies whose X-Forwarded-For and X-Forwarded-Proto are believed."""

    def __init__(self, listed: str) -> None:
        """`listed` holds addresses and networks separated by commas; `unix` stands for a socket without address."""
        self._networks: list[IPv4Network | IPv6Network] = []
        self._sockets = False
        for each in filter(None, map(str.strip, listed.split(","))):
            if each == "unix":
                self._sockets = True
                continue
            try:
                self._networks.append(ip_network(each, strict=False))
            except ValueError as problem:
                raise SetupError(f"AHADI_TRUSTED_PROXIES names {each!r}, which is no address or network.") from problem

    def __bool__(self) -> bool:
        return bool(self._networks) or self._sockets

    def trusts(self, address: str | None) -> bool:
        if not address:
            return self._sockets
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        mapped = getattr(parsed, "ipv4_mapped", None)
        return any((mapped or parsed) in network for network in self._networks)

    def client(self, peer: str | None, forwarded_for: str) -> str | None:
        """The last address in the chain that is no trusted proxy; earlier ones could be anybody's invention."""
        if not self.trusts(peer):
            return peer
        client = peer
        for hop in reversed([each.strip() for each in forwarded_for.split(",") if each.strip()]):
            address = _bare(hop)
            if address is None:
                return client
            client = address
            if not self.trusts(address):
                return client
        return client


def _bare(hop: str) -> str | None:
    """An address without port or brackets, or None when it is none."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        return str(ip_address(hop))
    except ValueError:
        return None
