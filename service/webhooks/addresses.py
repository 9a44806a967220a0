"""Decide which addresses webhooks may be sent to, against server-side request forgery.

`ipaddress.is_global` alone is not enough: it is true for addresses that lead to others
(NAT64, 6to4, mapped ones), and for multicast. Sources: the IANA special-purpose address
registries (RFC 6890), RFC 6052 and 8215 (NAT64), RFC 3056 (6to4), RFC 4380 (Teredo).
"""

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LEADS_ELSEWHERE = tuple(
    ip_network(network)
    for network in (
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/32",
        "2002::/16",
        "::ffff:0:0:0/96",  # SIIT (RFC 2765)
        "fec0::/10",  # site-local, deprecated by RFC 3879
        "5f00::/16",  # segment routing (RFC 9602)
        "3fff::/20",  # documentation (RFC 9637)
        "192.0.0.0/24",  # IETF protocol assignments, of which older Pythons know only some
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
    )
)

HTTP_PORTS = (80, 443)
FIRST_UNPRIVILEGED = 1024

STORES = frozenset({1433, 1521, 2049, 3306, 5432, 5672, 6379, 9042, 11211, 27017})
"""Ports of databases, brokers and caches. Some of these read lines of HTTP as commands."""


def read_address(text: str) -> Address | None:
    """Return the address in the text, or None where the text is a host name.

    An IPv6 address that holds an IPv4 one (mapped, or compatible) is returned as the IPv4
    address, since the packets go there.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return address.ipv4_mapped
        if 1 < int(address) < 2**32:
            return IPv4Address(int(address))
    return address


def may_reach(address: Address, allowed: Iterable[Network]) -> bool:
    """Return whether the address is public, or in a network that the operator allows."""
    return is_in(address, allowed) or _is_public(address)


def is_in(address: Address, networks: Iterable[Network]) -> bool:
    """Return whether the address is in one of the networks."""
    if isinstance(address, IPv6Address) and address.scope_id:
        address = IPv6Address(int(address))
    return any(address in network for network in networks)


def is_port_allowed(port: int) -> bool:
    """Return whether a receiver may listen on the port: not on one of mail, SSH or databases."""
    return port in HTTP_PORTS or (port >= FIRST_UNPRIVILEGED and port not in STORES)


def _is_public(address: Address) -> bool:
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_unspecified
        and not is_in(address, LEADS_ELSEWHERE)
    )
