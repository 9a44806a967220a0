"""Decide which addresses webhooks may be sent to, against server-side request forgery.

What counts as public is written down here. Python's own `is_global` differs by version (2001:20::1
is public for 3.13, and not for 3.11.7), and is true for multicast and for addresses that lead to
others.

Sources: the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and RFC 8190) as of
October 2025. The RFC beside a network asked for its entry.
"""

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

SPECIAL_IPV4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network (RFC 791)
        "10.0.0.0/8",  # private (RFC 1918)
        "100.64.0.0/10",  # shared by a provider's customers (RFC 6598)
        "127.0.0.0/8",  # loopback (RFC 1122)
        "169.254.0.0/16",  # link-local (RFC 3927), clouds' metadata services among them
        "172.16.0.0/12",  # private (RFC 1918)
        "192.0.0.0/24",  # IETF protocol assignments (RFC 6890)
        "192.0.2.0/24",  # documentation (RFC 5737)
        "192.31.196.0/24",  # AS112, which answers for private names (RFC 7535)
        "192.52.193.0/24",  # relays of multicast (RFC 7450)
        "192.88.99.0/24",  # relays of 6to4 (RFC 7526)
        "192.168.0.0/16",  # private (RFC 1918)
        "192.175.48.0/24",  # AS112 (RFC 7534)
        "198.18.0.0/15",  # benchmarking (RFC 2544)
        "198.51.100.0/24",  # documentation (RFC 5737)
        "203.0.113.0/24",  # documentation (RFC 5737)
        "224.0.0.0/4",  # multicast (RFC 5771)
        "240.0.0.0/4",  # reserved (RFC 1112), and broadcast (RFC 919)
    )
)
"""Networks of IPv4 that are not public.

Each is listed whole. A few addresses in them can be reached from everywhere, but they belong to
services of the network, and no receiver listens there.
"""

UNICAST_IPV6 = IPv6Network("2000::/3")
"""The only IPv6 addresses that are given to anybody as public ones (RFC 3587).

Outside lie `::` and `::1` (RFC 4291), 64:ff9b::/96 and 64:ff9b:1::/48 (NAT64: RFC 6052, RFC 8215),
::ffff:0:0:0/96 (translated: RFC 2765), 100::/64 and 100:0:0:1::/64 (RFC 6666, RFC 9780), 5f00::/16
(RFC 9602), fc00::/7 (private: RFC 4193), fe80::/10 (link-local: RFC 4291), fec0::/10 (site-local:
RFC 3879), ff00::/8 (multicast: RFC 4291), and what nobody has been given yet.
"""

SPECIAL_IPV6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # IETF protocol assignments (RFC 2928), among them Teredo (RFC 4380)
        "2001:db8::/32",  # documentation (RFC 3849)
        "2002::/16",  # 6to4 (RFC 3056)
        "2620:4f:8000::/48",  # AS112 (RFC 7534)
        "3ffe::/16",  # the 6bone, which has ended (RFC 3701)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
"""Networks within UNICAST_IPV6 that are not public, each listed whole as for IPv4."""

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
    return any(address in network for network in networks)


def is_port_allowed(port: int) -> bool:
    """Return whether a receiver may listen on the port: not on one of mail, SSH or databases."""
    return port in HTTP_PORTS or (port >= FIRST_UNPRIVILEGED and port not in STORES)


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not is_in(address, SPECIAL_IPV4)
    return is_in(address, [UNICAST_IPV6]) and not is_in(address, SPECIAL_IPV6)
