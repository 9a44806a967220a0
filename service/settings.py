"""All settings of the service and its workers, read from `NETIQUETTE_*` variables."""

import os
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
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from service import folders
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


def _found(name: str) -> str:
    """Return the name of a model; the path of one counts from the base if it is relative."""
    return str(folders.absolute(Path(name))) if os.sep in name else name


Network = IPv4Network | IPv6Network
Folder = Annotated[Path, AfterValidator(folders.absolute)]
Rate = Annotated[str, AfterValidator(_known_rate)]
RedisUrl = Annotated[str, AfterValidator(_known_broker)]


class BadSettings(Exception):
    """Settings cannot be used. The text has a line for each, and shows no value."""


class Settings(BaseSettings):
    """The settings; times are in seconds and sizes in bytes, unless a name says otherwise.

    Every path is absolute, whatever the current folder is: see `service.folders`.
    """

    model_config = SettingsConfigDict(
        env_prefix="NETIQUETTE_",
        extra="ignore",
        hide_input_in_errors=True,  # an address may hold a password
        validate_default=True,  # paths are made absolute
        # None where there is no such folder, or pydantic-settings would warn.
        secrets_dir=SECRETS if SECRETS.is_dir() else None,
    )

    database_url: Annotated[str, AfterValidator(folders.absolute_url)] = Field(
        f"sqlite:///var/{folders.DATABASE}",
        description="SQLAlchemy URL of the database; by default that in `NETIQUETTE_VAR_DIR`",
    )
    redis_url: RedisUrl = Field(
        "redis://127.0.0.1:6379/0", description="Redis or Valkey, for Celery and rate limits"
    )
    var_dir: Folder = Field(Path("var"), description="Folder with the embedded default's state")
    model: Annotated[str, AfterValidator(_found)] = Field(
        "netiquette-de-en",
        description="Model that scores, until `netiquette models use` chooses another one",
    )
    models_dir: Folder = Field(
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
    def _database_lies_in_its_folder(self) -> Self:
        if "database_url" not in self.model_fields_set:
            self.database_url = folders.sqlite_url(self.var_dir)
        return self

    @property
    def is_embedded(self) -> bool:
        """Whether the database is that of the embedded default, which `netiquette up` runs."""
        return self.database_url == folders.sqlite_url(self.var_dir)

    @model_validator(mode="after")
    def _lease_outlives_its_batch(self) -> Self:
        # Else a second worker would lease a batch that the first one is still scoring.
        if self.lease_seconds <= self.time_limit:
            raise ValueError("lease_seconds must be greater than time_limit")
        return self


@cache
def settings() -> Settings:
    """Return the settings of this process, read once; raises BadSettings."""
    try:
        return Settings()
    except ValidationError as error:
        raise BadSettings("\n".join(_faults(error))) from None


def _faults(error: ValidationError) -> list[str]:
    """Return a line for each setting that cannot be used, without its value."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return [
        ".".join((f"NETIQUETTE_{str(fault['loc'][0]).upper()}", *map(str, fault["loc"][1:])))
        + f": {fault['msg']}"
        if fault["loc"]
        else fault["msg"]
        for fault in found
    ]
