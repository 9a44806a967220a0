"""The processes of the embedded default, and their settings."""

import os
from dataclasses import replace
from pathlib import Path

from service.embedded import database, demo, folder
from service.embedded.child import Spec, command
from service.settings import Settings
from service.telemetry.shared import share_numbers

METRICS_PORT = "NETIQUETTE_METRICS_PORT"


def environment(settings: Settings, var: Path, broker_url: str) -> dict[str, str]:
    """Return the environment of the children: the caller's, and this run's settings.

    The caller's variables win over the defaults for trying Netiquette out, but not over the
    settings that belong to this run.
    """
    # All processes share their metrics, so that the API can serve the workers', too.
    share_numbers()
    defaults = {
        "NETIQUETTE_MEMBER_RATE": demo.RATE,
        "NETIQUETTE_SECRET_KEY": folder.secret_key(var),
        # So that webhooks can be tried with a receiver on this machine.
        "NETIQUETTE_WEBHOOK_NETWORKS": "127.0.0.0/8,::1/128",
    }
    own = {
        "NETIQUETTE_DATABASE_URL": database.url(var),
        "NETIQUETTE_REDIS_URL": broker_url,
        "NETIQUETTE_VAR_DIR": str(var),
        "NETIQUETTE_MODELS_DIR": str(settings.models_dir),
        # Logs are read while they grow, so nothing may stay in a buffer.
        "PYTHONUNBUFFERED": "1",
    }
    return defaults | dict(os.environ) | own


def model(environment: dict[str, str], var: Path) -> Spec:
    """Return the process that builds the serving form of the model, unless it exists."""
    build = _own("The model's build", "model", ("models", "build"), environment, var, grace=1.0)
    return replace(build, once=True, plain=True)


def without_model(environment: dict[str, str], var: Path, listener: int) -> tuple[Spec, ...]:
    """Return the processes that need no model: the API, on an inherited socket, and I/O."""
    api = ("api", "--fd", str(listener))
    workers = _without_port(environment)
    return (
        _own("The API", "api", api, environment, var, grace=3.0, descriptors=(listener,)),
        _own("The I/O worker", "io", ("worker", "io", "--beat"), workers, var, grace=3.0),
    )


def scoring(environment: dict[str, str], var: Path) -> Spec:
    """Return the scoring worker's process, which needs the built model."""
    workers = _without_port(environment)
    return _own("The scoring worker", "score", ("worker", "score"), workers, var, grace=3.0)


def _without_port(environment: dict[str, str]) -> dict[str, str]:
    """Return the environment without the metrics port, which only one process can have: the API."""
    return {name: value for name, value in environment.items() if name != METRICS_PORT}


def _own(  # noqa: PLR0913 - one call per child, as readable as a table
    name: str,
    log: str,
    arguments: tuple[str, ...],
    environment: dict[str, str],
    var: Path,
    *,
    grace: float,
    descriptors: tuple[int, ...] = (),
) -> Spec:
    return Spec(
        name=name,
        command=command(*arguments),
        environment=environment,
        log=var / folder.LOG / f"{log}.log",
        grace=grace,
        descriptors=descriptors,
    )
