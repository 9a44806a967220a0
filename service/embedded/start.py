"""Start the embedded default step by step, and run it until it is stopped."""

import socket
import time
from pathlib import Path

from service.embedded import database, demo, folder, listening, orphans, specs
from service.embedded.console import StartRefused, complain, say
from service.embedded.guardian import Guardian
from service.embedded.stopping import Stopping, StopRequested
from service.embedded.supervisor import Supervisor
from service.embedded.valkey import Broker
from service.settings import Settings

READY_PACE = 0.25
"""Seconds between two checks whether the service is ready."""


def run(settings: Settings, port: int) -> int:
    """Start everything, keep it running, end it in order; return the exit code."""
    stopping = Stopping()
    var = settings.var_dir
    try:
        _require_own_database(settings)
        folder.prepare(var)
        with folder.locked(var, listening.url(port)) as lock:
            orphans.end_orphans(var)
            with listening.bind(port) as listener:
                _run(settings, stopping, lock, listener)
    except StartRefused as error:
        complain(f"Netiquette cannot run. {error}")
        return 1
    except OSError as error:
        complain(f"Netiquette cannot run. {error.strerror}: {error.filename or var}")
        return 1
    say("Stopped.")
    return 0


def _require_own_database(settings: Settings) -> None:
    """Raise StartRefused where the settings name another database than the folder's.

    `up` makes a demo site whose key may do everything, and ends the leases of all workers. And
    the other commands would use the other database.
    """
    if not settings.is_embedded:
        raise StartRefused(
            "NETIQUETTE_DATABASE_URL names another database than the one that `netiquette up` "
            f"keeps in {settings.var_dir}. Unset it, and name another folder by "
            "NETIQUETTE_VAR_DIR if you like; or start `netiquette api`, `worker score` and "
            "`worker io --beat` on that database one by one."
        )


def _run(settings: Settings, stopping: Stopping, lock: int, listener: socket.socket) -> None:
    guardian = Guardian(keep=(lock,))
    supervisor = Supervisor(guardian, stopping, orphans.Record(settings.var_dir))
    try:
        _start(settings, supervisor, listener)
        supervisor.keep()
    except StopRequested as why:
        say(f"\nStopping, {why} …")
    finally:
        # Close the socket first, so that no caller waits in its queue for nothing.
        listener.close()
        supervisor.stop()
        guardian.close()


def _start(settings: Settings, supervisor: Supervisor, listener: socket.socket) -> None:
    began = time.monotonic()
    var = settings.var_dir
    port: int = listener.getsockname()[1]
    broker = Broker.choose()
    environment = specs.environment(settings, var, broker.url)
    say(f"Starting Netiquette; its state is in {var}")
    supervisor.start(broker.spec(var))
    supervisor.start(specs.model(environment, var))
    if database.prepare(var, listening.url(port)):
        say(f"  made the demo site; its key and its moderator are in {var / demo.FILE}")
    supervisor.start(*specs.without_model(environment, var, listener.fileno()))
    supervisor.wait_for(lambda: supervisor.jobs_done)
    supervisor.start(specs.scoring(environment, var))
    supervisor.wait_for(lambda: listening.is_ready(port), READY_PACE)
    say(f"Ready after {time.monotonic() - began:.1f} s.\n")
    _tell_where(var, listening.url(port))


def _tell_where(var: Path, url: str) -> None:
    say(f"  API, with its documentation   {url}/docs")
    say(f"  key and moderator's account   {var / demo.FILE}")
    say(f"  logs                          {var / folder.LOG}")
    say("\nCtrl-C stops everything.")
