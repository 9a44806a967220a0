"""`make fuzz`: call every operation with what its schema allows and with what it does not.

SEED=…       a number that was printed, to begin with the same cases again
EXAMPLES=…   cases for each operation and database (default 1200)
DATABASES=…  `sqlite`, `postgres`, or both separated by a comma (the default)

The API is a process of its own, with Valkey and workers beside it, so that comments are
decided meanwhile. Ends with an error at the first answer that is not documented.
"""

import os
import secrets
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import requests
import schemathesis

from service.http.callers import Scope
from service.testing.backend import comment_in, make_key
from tests.contracts.calls import DOCUMENTED
from tests.contracts.fuzzing import Fuzzer, Operation
from tests.contracts.processes import installed, running
from tests.faults.postgres import postgres
from tests.support.stack import Stack

TURNS = 10
"""Each operation comes so many times, so that what it needs is fresh: an undo has ten seconds."""

TEXTS = ("Das sehe ich anders.", "Du Idiot!", "MURKS")
"""What the fake worker approves, flags, and cannot score."""


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a script


def fuzz(stack: Stack, url: str, examples: int, seed: int) -> Counter[tuple[str, int]]:
    """Send all cases; return how often each operation answered with which status."""
    keys = [
        make_key(stack.database, stack.rows.site_id, *scopes)
        for scopes in (tuple(Scope), *((scope,) for scope in Scope))
    ]
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    with requests.Session() as session:
        fuzzer = Fuzzer(keys, session)
        for number, text in enumerate(TEXTS * 5):
            answer = session.post(
                f"{url}/v1/comments",
                json=comment_in(body=text, external_id=str(number), member={"key": f"m{number}"}),
                headers={"Authorization": f"Bearer {keys[0]}", "Prefer": "wait=5"},
                timeout=10,
            )
            fuzzer.known.learn(answer.json())
        for turn in range(TURNS):
            began = time.monotonic()
            for operation in in_turn():
                fuzzer.fuzz(schema, operation, -(-examples // TURNS), seed + turn)
            say(f"  {fuzzer.statuses.total():6} requests, {time.monotonic() - began:.0f} s")
    return fuzzer.statuses


def in_turn() -> list[Operation]:
    """Return the operations; what takes things away comes after those, receipts after that."""
    return sorted(DOCUMENTED, key=lambda it: (it[1].startswith("/v1/erasures"), it[0] == "DELETE"))


def tell(statuses: Counter[tuple[str, int]]) -> None:
    """Show how often each operation answered with which status."""
    for name in sorted({of for of, _ in statuses}):
        found = {status: count for (of, status), count in sorted(statuses.items()) if of == name}
        say(f"  {name:42} " + ", ".join(f"{status}: {count}" for status, count in found.items()))


def main() -> None:
    seed = int(os.environ.get("SEED") or secrets.randbelow(10**6))
    examples = int(os.environ.get("EXAMPLES") or 1200)
    databases = (os.environ.get("DATABASES") or "sqlite,postgres").split(",")
    say(f"SEED={seed} EXAMPLES={examples} DATABASES={','.join(databases)} make fuzz")
    for name in databases:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="netiquette-")))
            url = f"sqlite:///{folder}/fuzz.db"
            if name == "postgres":
                url = stack.enter_context(postgres(folder)).url
            site = stack.enter_context(installed(url, folder))
            address = stack.enter_context(running(site))
            say(f"{name}:")
            statuses = fuzz(site, address, examples, seed)
        assert {of for of, _ in statuses} == {" ".join(operation) for operation in DOCUMENTED}
        tell(statuses)
        errors = sum(count for (_, status), count in statuses.items() if status >= 500)
        say(f"{name}: {statuses.total()} requests, {errors} answered with 5xx")
        assert errors == 0
    say("Every answer is one that the document describes.")


if __name__ == "__main__":
    main()
