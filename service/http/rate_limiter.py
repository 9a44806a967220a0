"""Rate limits per key and per member, shared between processes through Redis.

While Redis cannot be reached, each process counts in its own memory. Every few seconds
one single request tries Redis again: a broker that drops packets must not slow down the
other requests.
"""

import hashlib
import math
import threading
import time

import structlog
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

from service.errors import TooManyRequests

TIMEOUT = 0.1
RETRY_SECONDS = 5.0

log = structlog.get_logger(__name__)


class RateLimiter:
    """Counts hits under a name, and raises TooManyRequests over the limit."""

    def __init__(self, redis_url: str) -> None:
        """Keep the address; the first hit connects to Redis."""
        self._redis_url = redis_url
        self._memory = MovingWindowRateLimiter(MemoryStorage())
        self._redis: MovingWindowRateLimiter | None = None
        self._retry_at = 0.0
        self._lock = threading.Lock()

    def hit(self, rate: str, *name: str, cost: int = 1, spent: int = 0) -> None:
        """Count `cost` hits under `name` against `rate`, such as "20/minute".

        A higher cost than the rate allows at once counts as all that it allows, less what the
        same request has `spent` before; otherwise it could never pass. Raises TooManyRequests,
        with seconds after which the same hits will pass.
        """
        item, name = parse(rate), (name[0], _fingerprint(name[1:]))
        cost = min(cost, item.amount - spent)
        if cost < 1:
            return
        if self._should_use_redis():
            try:
                self._check(self._redis_limiter(), item, name, cost)
            except RedisError as error:
                self._retry_at = time.monotonic() + RETRY_SECONDS
                log.warning("rate_limits_in_memory", error=type(error).__name__)
            else:
                self._retry_at = 0.0
                return
        self._check(self._memory, item, name, cost)

    def _should_use_redis(self) -> bool:
        """Tell whether this hit should use Redis.

        After a failure, only one hit in each RETRY_SECONDS tries it.
        """
        with self._lock:
            now = time.monotonic()
            if self._retry_at == 0.0:
                return True
            if now < self._retry_at:
                return False
            self._retry_at = now + RETRY_SECONDS
            return True

    def _redis_limiter(self) -> MovingWindowRateLimiter:
        if self._redis is None:
            storage = RedisStorage(
                self._redis_url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT
            )
            self._redis = MovingWindowRateLimiter(storage)
        return self._redis

    def _check(
        self,
        limiter: MovingWindowRateLimiter,
        item: RateLimitItem,
        name: tuple[str, ...],
        cost: int,
    ) -> None:
        if limiter.hit(item, *name, cost=cost):
            return
        if cost > 1:
            # The window tells when its first hit ends, not when enough of them have ended.
            wait = item.get_expiry()
            told = f"This text counts as {cost} against the limit of {rate_text(item)}."
        else:
            reset = limiter.get_window_stats(item, *name).reset_time
            wait = max(1, math.ceil(reset - time.time()))
            told = f"The limit is {rate_text(item)}."
        raise TooManyRequests(f"{told} Try again in {wait} s.", wait)


def _fingerprint(name: tuple[str, ...]) -> str:
    """Return the name's SHA-256, so that no member's key leaves the database (invariant 11)."""
    return hashlib.sha256("\0".join(name).encode()).hexdigest()


def rate_text(item: RateLimitItem) -> str:
    """Return the limit in words, such as "20 per 1 minute"."""
    return str(item)
