"""Which receivers can be added at all, and which addresses count as public."""

from collections.abc import Callable
from ipaddress import (
    AddressValueError,
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_network,
)

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from service.errors import Invalid
from service.webhooks.addresses import (
    Address,
    Network,
    is_port_allowed,
    may_reach,
    read_address,
)
from service.webhooks.schemas import EndpointUrl
from service.webhooks.urls import check_url
from tests.workers.delivery.blocked import NAMES, NUMERIC, PUBLIC, URLS

url_schema: TypeAdapter[str] = TypeAdapter(EndpointUrl)

EMBEDDINGS: dict[str, Callable[[int], int]] = {
    "mapped": lambda v4: 0xFFFF << 32 | v4,
    "compatible": lambda v4: v4,
    "translated": lambda v4: 0xFFFF << 48 | v4,
    "nat64": lambda v4: 0x64FF9B << 96 | v4,
    "local nat64": lambda v4: 0x64FF9B0001 << 80 | v4,
    "6to4": lambda v4: 0x2002 << 112 | v4 << 80 | 1,
    "teredo": lambda v4: 0x20010000 << 96 | (v4 ^ 0xFFFFFFFF),
}

REGISTERED_IPV4 = """
    0.0.0.0/8 0.0.0.0/32 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12
    192.0.0.0/24 192.0.0.0/29 192.0.0.8/32 192.0.0.9/32 192.0.0.10/32 192.0.0.170/31 192.0.2.0/24
    192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.88.99.2/32 192.168.0.0/16 192.175.48.0/24
    198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4 255.255.255.255/32
"""
REGISTERED_IPV6 = """
    ::1/128 ::/128 64:ff9b::/96 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23 2001::/32
    2001:1::1/128 2001:1::2/128 2001:1::3/128 2001:2::/48 2001:3::/32 2001:4:112::/48 2001:10::/28
    2001:20::/28 2001:30::/28 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20 5f00::/16 fc00::/7
    fe80::/10
"""
"""The rows of IANA's two registries, as of October 2025, but ::ffff:0:0/96, which is IPv4."""

NOT_PUBLIC_IPV4 = [*map(IPv4Network, REGISTERED_IPV4.split()), IPv4Network("224.0.0.0/4")]
NOT_PUBLIC_IPV6 = [
    *map(IPv6Network, REGISTERED_IPV6.split()),
    *map(IPv6Network, ("::ffff:0:0:0/96", "3ffe::/16", "fec0::/10", "ff00::/8")),
]

NOT_PUBLIC: list[Network] = [*NOT_PUBLIC_IPV4, *NOT_PUBLIC_IPV6]

UNICAST = IPv6Network("2000::/3")


def judged(url: str, *allowed: str) -> bool:
    """Return whether POST /v1/webhooks accepts the URL, with these networks of the operator's."""
    try:
        check_url(url_schema.validate_python(url), [ip_network(one) for one in allowed])
    except (ValidationError, Invalid):
        return False
    return True


def test_the_list_is_long() -> None:
    assert len({*NUMERIC, *NAMES, *URLS}) >= 80


@pytest.mark.parametrize("host", NUMERIC)
@pytest.mark.parametrize("rest", ["/", ":8443/hook?key=value"])
def test_no_receiver_at_an_address_that_is_not_public_is_added(host: str, rest: str) -> None:
    assert not judged(f"https://{host}{rest}")


@pytest.mark.parametrize("url", URLS)
def test_no_url_is_added_that_no_receiver_has(url: str) -> None:
    with pytest.raises(ValidationError):
        url_schema.validate_python(url)


def test_without_tls_nothing_is_added() -> None:
    assert not judged(f"http://{PUBLIC}/hook")


@pytest.mark.parametrize(
    ("url", "is_added"),
    [
        ("http://127.0.0.1:8080/hook", True),
        ("http://localhost:8080/hook", True),
        (f"http://{PUBLIC}/hook", False),
        ("http://10.1.2.3/hook", False),
        ("http://[::ffff:a01:203]/hook", False),
        ("http://nowhere.invalid/hook", False),
        (f"https://{PUBLIC}/hook", True),
        ("https://nowhere.invalid/hook", True),
    ],
)
def test_without_tls_only_what_leads_into_an_allowed_network_is_added(
    url: str, is_added: bool
) -> None:
    assert judged(url, "127.0.0.0/8", "::1/128") is is_added


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://cms.example.org/hook", "https://cms.example.org/hook"),
        ("https://cms.example.org:443", "https://cms.example.org/"),
        ("https://cms.example.org:8443/hook?a=b", "https://cms.example.org:8443/hook?a=b"),
        ("HTTPS://CMS.Example.ORG/Hook", "https://cms.example.org/Hook"),
        ("https://müller.example/ä", "https://xn--mller-kva.example/%C3%A4"),
        ("https://8.8.8.8/", "https://8.8.8.8/"),
        ("https://0x8080808/", "https://8.8.8.8/"),
        ("https://[2606:4700:4700::1111]:8443/", "https://[2606:4700:4700::1111]:8443/"),
    ],
)
def test_public_receivers_are_added_in_one_spelling(given: str, kept: str) -> None:
    assert judged(given)
    assert url_schema.validate_python(given) == kept


@pytest.mark.parametrize("name", NAMES)
def test_names_are_added_and_judged_when_they_resolve(name: str) -> None:
    assert judged(f"https://{name}/")


def test_allowed_networks_are_reached_and_others_are_not() -> None:
    allowed = [ip_network("10.1.0.0/16"), ip_network("fe80::/10")]
    for text in ("10.1.2.3", "::ffff:10.1.2.3", "fe80::1", "fe80::1%lo", "8.8.8.8"):
        address = read_address(text)
        assert address
        assert may_reach(address, allowed), text
    for text in ("10.2.0.1", "::ffff:10.2.0.1", "64:ff9b::10.1.2.3", "::1"):
        address = read_address(text)
        assert address
        assert not may_reach(address, allowed), text


@given(st.sampled_from(NOT_PUBLIC).flatmap(lambda network: st.ip_addresses(network=network)))
def test_nothing_in_a_special_network_is_public(address: Address) -> None:
    assert not reachable(str(address))
    if isinstance(address, IPv4Address):
        for name, embed in EMBEDDINGS.items():
            assert not reachable(str(IPv6Address(embed(int(address))))), name


@given(st.ip_addresses(v=4))
def test_every_other_address_of_ipv4_is_public(address: IPv4Address) -> None:
    special = any(address in network for network in NOT_PUBLIC_IPV4)
    assert reachable(str(address)) is not special


@given(st.ip_addresses(network=UNICAST))
def test_every_other_unicast_address_of_ipv6_is_public(address: IPv6Address) -> None:
    special = any(address in network for network in NOT_PUBLIC_IPV6)
    assert reachable(str(address)) is not special


@given(st.integers(2**32, 2**128 - 1).map(IPv6Address))
def test_no_address_of_ipv6_that_nobody_was_given_is_public(address: IPv6Address) -> None:
    assert not reachable(str(address)) or address in UNICAST or address.ipv4_mapped


@pytest.mark.parametrize("network", NOT_PUBLIC, ids=str)
def test_a_network_ends_where_its_registration_does(network: Network) -> None:
    """Both of its ends are inside; their neighbours are public where they are in no other one."""
    first, last = network[0], network[-1]
    assert not reachable(str(first))
    assert not reachable(str(last))
    for neighbour in (neighbour_of(first, -1), neighbour_of(last, 1)):
        others = NOT_PUBLIC_IPV4 if isinstance(neighbour, IPv4Address) else NOT_PUBLIC_IPV6
        if isinstance(neighbour, IPv6Address) and neighbour not in UNICAST:
            continue
        if not any(neighbour in other for other in others):
            assert reachable(str(neighbour)), neighbour


@given(st.ip_addresses(v=4), st.sampled_from(["translated", "nat64", "6to4", "teredo"]))
def test_no_address_that_leads_to_another_is_public(address: IPv4Address, kind: str) -> None:
    assert not reachable(str(IPv6Address(EMBEDDINGS[kind](int(address)))))


@given(st.ip_addresses(v=4), st.sampled_from(["mapped", "compatible"]))
def test_an_address_inside_another_counts_as_itself(address: IPv4Address, kind: str) -> None:
    inside = str(IPv6Address(EMBEDDINGS[kind](int(address))))
    assert reachable(inside) is (reachable(str(address)) and int(address) > 1)


@given(st.text())
def test_what_is_no_address_is_a_name(text: str) -> None:
    address = read_address(text)
    assert address is None or read_address(str(address)) == address


@given(st.integers(0, 65_535))
def test_ports_below_1024_are_those_of_the_web_alone(port: int) -> None:
    assert is_port_allowed(port) <= (port in {80, 443} or port >= 1024)


def reachable(text: str) -> bool:
    address = read_address(text)
    return address is not None and may_reach(address, ())


def neighbour_of(address: Address, step: int) -> Address:
    """Return the address before or after, or the same one at the end of all addresses."""
    try:
        return address + step
    except AddressValueError:
        return address
