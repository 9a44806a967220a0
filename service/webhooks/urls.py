"""Judge the URL of a receiver when it is added or changed."""

import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

from service.errors import Invalid
from service.webhooks.addresses import Network, is_in, may_reach, read_address


def check_url(url: str, allowed: Sequence[Network]) -> None:
    """Raise Invalid for a URL that deliveries may not reach; `allowed` are the operator's networks.

    With https a host name is judged at each delivery, once it is resolved. Without TLS only
    the operator's networks are reached, so the name has to lead there now: a receiver that
    is refused tells more than one whose every delivery is blocked.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" and not _leads_into(host, allowed):
        raise Invalid.at(
            "/url",
            "The URL must begin with https://, unless it leads into a network that "
            "NETIQUETTE_WEBHOOK_NETWORKS allows.",
        )
    address = read_address(host)
    if address and not may_reach(address, allowed):
        raise Invalid.at(
            "/url",
            "This address is not public. Whoever runs this installation can allow private "
            "networks by NETIQUETTE_WEBHOOK_NETWORKS.",
        )


def _leads_into(host: str, networks: Sequence[Network]) -> bool:
    """Tell whether the host is, or resolves to, an address in one of the networks."""
    if not networks:
        return False
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    addresses = [read_address(str(row[4][0])) for row in found]
    return any(address and is_in(address, networks) for address in addresses)
