"""How many sockets deliveries may take."""

import resource

MAX_ENDPOINTS = 100
"""Delivered to at once by one worker."""

RESERVED = 256
"""Descriptors for all else: databases, the broker, name servers, metrics, logs."""


def per_endpoint(most: int) -> int:
    """Return how many requests to one endpoint may be under way at once: `most`, or fewer.

    So many for each of MAX_ENDPOINTS fit into what the process may open. Each has its share, and
    none waits until the slow receivers of others give sockets back.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return most
    return min(most, max(1, (soft - RESERVED) // MAX_ENDPOINTS))
