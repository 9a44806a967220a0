"""All settings of the service and its workers, read from `NETIQUETTE_*` variables."""

from functools import cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Self

import limits
from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from service.clock import LONGEST_HOLD

SECRETS = Path("/run/secrets")
"""Folder of secrets in containers, with a file per setting, e.g. `netiquette_database_url`."""

HostPattern = Annotated[
    str, StringConstraints(to_lower=True, pattern=r"(?i)^(\*|(\*\.)?[a-z0-9.-]+|\[[0-9a-f:.]+\])$")
]


def _known_rate(given: str) -> str:
    """Return the rate; raises ValueError for one that the library `limits` cannot read."""
    try:
        limits.parse(given)
    except ValueError:
        raise ValueError(f"{given!r} is no rate, such as 20/minute or 100/second") from None
    return given


def _known_broker(given: str) -> str:
    """Return the URL; raises ValueError, without showing it, unless it is of Redis or Valkey."""
    if not given.startswith(("redis://", "rediss://")):
        raise ValueError("must begin with redis:// or rediss://: rate limits use it, too")
    return given


Network = IPv4Network | IPv6Network
Rate = Annotated[str, AfterValidator(_known_rate)]
RedisUrl = Annotated[str, AfterValidator(_known_broker)]


class Settings(BaseSettings):
    """The settings; times are in seconds and sizes in bytes, unless a name says otherwise."""

    model_config = SettingsConfigDict(
        env_prefix="NETIQUETTE_",
        extra="ignore",
        hide_input_in_errors=True,  # an address may hold a password
        # None where there is no such folder, or pydantic-settings would warn.
        secrets_dir=SECRETS if SECRETS.is_dir() else None,
    )

    database_url: str = Field(
        "sqlite:///var/netiquette.db", description="SQLAlchemy URL of the database"
    )
    redis_url: RedisUrl = Field(
        "redis://127.0.0.1:6379/0", description="Redis or Valkey, for Celery and rate limits"
    )
    var_dir: Path = Field(Path("var"), description="Folder with the embedded default's state")
    model: str = Field(
        "netiquette-de-en",
        description="Model that scores, until `netiquette models use` chooses another one",
    )
    models_dir: Path = Field(
        Path(".cache/models"), description="Folder of pulled and derived models"
    )
    allowed_hosts: Annotated[tuple[HostPattern, ...], NoDecode] = Field(
        (),
        description="Host names by which callers reach the API, besides those of loopback: "
        "`api.example.org,*.example.net`, or `*` for any",
    )
    max_body_bytes: int = Field(
        8 * 1024 * 1024, gt=0, description="Largest batch; other calls take 128 KiB"
    )
    key_rate: Rate = Field(
        "100/second",
        description="Limit of comments, and of analyses, per site key; of Coral's calls per site. "
        "A text counts once for each 1,000 bytes begun",
    )
    member_rate: Rate = Field(
        "20/minute",
        description="Limit of comments and edits per member; each counts once for each 1,000 "
        "bytes begun",
    )
    report_rate: Rate = Field(
        "10/minute",
        description="Limit of reports per reporter; anonymous reports without an `anonymous_id` "
        "share one per site key",
    )
    max_pending: int = Field(
        50_000, gt=0, description="Most comments of a site that wait to be scored; 429 beyond"
    )
    threads: int = Field(20, gt=0, description="Most requests that use the database at once")
    max_waiters: int = Field(
        200,
        gt=0,
        description="Most callers that wait at once: for decisions and for events, each per "
        "process; for analyses, per site",
    )
    batch_size: int = Field(16, gt=0, description="Most revisions per lease")
    batch_characters: int = Field(
        10_000,
        gt=0,
        description="Most text per lease, in bytes of UTF-8 after NFKC; a longer text goes alone",
    )
    time_limit: int = Field(
        60, gt=0, description="Seconds after which scoring a batch counts as a hang"
    )
    lease_seconds: int = Field(
        75,
        gt=0,
        le=int(LONGEST_HOLD.total_seconds()),
        description="Seconds after which a lease counts as a crash",
    )
    sweep_seconds: float = Field(
        5.0, gt=0, description="Seconds between two sweeps, which nudge missed comments"
    )
    stale_seconds: int = Field(
        300, gt=0, description="Seconds that a comment may be pending before the alarm is raised"
    )
    metrics_port: int | None = Field(
        None, ge=1, le=65_535, description="Port for metrics; each process needs its own"
    )
    metrics_host: str = Field("127.0.0.1", description="Address of the metrics port")
    metrics_token: SecretStr | None = Field(
        None,
        min_length=16,
        description="Bearer token for the API's /metrics, which is 404 without this setting",
    )
    secret_key: SecretStr | None = Field(
        None,
        min_length=32,
        description="Key that encrypts webhooks' and Coral's secrets: 32 random characters or more",
    )
    webhook_networks: Annotated[tuple[Network, ...], NoDecode] = Field(
        (),
        description="Private networks that webhooks may be sent to, also without TLS: "
        "`10.1.0.0/16,192.168.7.9/32`",
    )
    event_retention_days: int = Field(
        30,
        gt=0,
        le=36_500,
        description="Days that events are kept for readers, and for receivers that catch up",
    )

    @field_validator("allowed_hosts", "webhook_networks", mode="before")
    @classmethod
    def _split_by_commas(cls, given: object) -> object:
        # pydantic-settings would expect lists as JSON.
        if isinstance(given, str):
            return [name.strip() for name in given.split(",") if name.strip()]
        return given

    @model_validator(mode="after")
    def _lease_outlives_its_batch(self) -> Self:
        # Else a second worker would lease a batch that the first one is still scoring.
        if self.lease_seconds <= self.time_limit:
            raise ValueError("lease_seconds must be greater than time_limit")
        return self


@cache
def settings() -> Settings:
    """Return the settings of this process, read once."""
    return Settings()
