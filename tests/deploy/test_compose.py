"""compose.yaml, read as Compose does: anchors, merges and all."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from service.cli import application
from service.settings import Settings
from tests.deploy.dockerfile import ROOT, read

OURS = {"migrate", "api", "model", "score", "io", "beat"}
ONCE = {"migrate", "model"}
SECRETS = {
    "postgres": {"postgres_password", "postgres_role_password"},
    "valkey": {"valkey_conf"},
    "migrate": {"netiquette_database_url"},
    "api": {"netiquette_database_url", "netiquette_redis_url", "netiquette_secret_key"},
    "model": set(),
    "score": {"netiquette_database_url", "netiquette_redis_url"},
    "io": {"netiquette_database_url", "netiquette_redis_url", "netiquette_secret_key"},
    "beat": {"netiquette_redis_url"},
}
"""What each service reads. `make deploy-test` starts each with these alone."""

PINNED = re.compile(r"[a-z/]+:\d+\.\d+\.?\d*-[a-z]+(-[a-z]+)?@sha256:[0-9a-f]{64}")
"""An image by its version down to the patch, and by its digest."""


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    return loaded


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = compose["services"]
    assert found.keys() == OURS | {"postgres", "valkey"}
    return found


def test_it_fits_compose_s_own_schema() -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")
    command = [sys.executable, "-m", "check_jsonschema", *schema, str(ROOT / "compose.yaml")]
    checked = subprocess.run(command, check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_what_is_named_is_defined(compose: dict[str, Any], services: dict[str, Any]) -> None:
    for service in services.values():
        assert set(service.get("depends_on", {})) <= services.keys()
        assert set(service.get("networks", [])) <= compose["networks"].keys()
        assert set(service.get("secrets", [])) <= compose["secrets"].keys()
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source in compose["volumes"] or (ROOT / source).is_file()
        for needed, how in service.get("depends_on", {}).items():
            once = how["condition"] == "service_completed_successfully"
            assert once == (needed in ONCE)


def test_every_service_is_shut_in(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}, name
        assert service["restart"] == ("no" if name in ONCE else "unless-stopped"), name
        assert "privileged" not in service, name


def test_every_service_has_only_the_secrets_that_it_reads(services: dict[str, Any]) -> None:
    assert {name: set(service.get("secrets", [])) for name, service in services.items()} == SECRETS


def test_images_of_others_are_pinned_by_version_and_digest(services: dict[str, Any]) -> None:
    (python,) = re.findall(r"^ARG PYTHON=(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    for image in (services["postgres"]["image"], services["valkey"]["image"], python):
        assert PINNED.fullmatch(image), image


def test_connections_to_the_stores_are_capped(services: dict[str, Any]) -> None:
    cap = re.search(r"max_connections=(\d+)", " ".join(services["postgres"]["command"]))
    role = re.search(r"CONNECTION LIMIT (\d+)", (ROOT / "deploy" / "postgres-role").read_text())
    assert cap
    assert role
    reserved = 3  # Postgres' superuser_reserved_connections
    assert 2 * Settings().threads < int(role[1]) < int(cap[1]) - reserved
    valkey = services["valkey"]["command"]
    assert int(valkey[valkey.index("--maxclients") + 1]) <= 500


def test_only_the_api_can_be_reached_and_only_from_this_machine(
    compose: dict[str, Any], services: dict[str, Any]
) -> None:
    assert {name for name, service in services.items() if "ports" in service} == {"api"}
    (port,) = services["api"]["ports"]
    assert port.startswith("127.0.0.1:")
    assert compose["networks"]["inside"] == {"internal": True}
    outside = {name for name in services if "outside" in services[name].get("networks", [])}
    assert outside == {"api", "io"}


def test_the_stores_and_whoever_serves_have_a_health_check(services: dict[str, Any]) -> None:
    for name in ("postgres", "valkey", "score", "io"):
        assert services[name]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert "healthcheck" not in services["api"], "the image's own"
    assert read()["api"].all("HEALTHCHECK")
    code = services["score"]["healthcheck"]["test"][-1]
    compile(code, "healthcheck", "exec")


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_command_of_ours_exists(services: dict[str, Any], name: str) -> None:
    program, *arguments = services[name]["command"]
    assert program == "netiquette"
    # Reads all arguments before it, so that a wrong one fails.
    result = CliRunner().invoke(application(), [*arguments, "--help"])
    assert result.exit_code == 0, result.output
    words = [word for word in arguments if not word.startswith("-")][:2]
    assert f"{words[0]} " in result.output


def test_every_image_of_ours_is_a_stage(services: dict[str, Any]) -> None:
    stages = read()
    for name in OURS:
        assert services[name]["build"]["target"] in stages
        assert services[name]["image"].startswith(
            f"netiquette-{services[name]['build']['target']}:"
        )


def test_valkey_saves_nothing(services: dict[str, Any]) -> None:
    command = services["valkey"]["command"]
    assert command[command.index("--save") + 1] == ""
    assert command[command.index("--appendonly") + 1] == "no"
    assert "volumes" not in services["valkey"]


def test_every_variable_is_a_setting(services: dict[str, Any]) -> None:
    names = {name for service in OURS for name in services[service].get("environment", {})}
    assert names
    for name in names:
        assert name.removeprefix("NETIQUETTE_").lower() in Settings.model_fields


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """Return the folder that the script has made, beside a copy of it."""
    shutil.copy(ROOT / "deploy" / "make-secrets", tmp_path)
    subprocess.run(["sh", tmp_path / "make-secrets"], check=True)
    return tmp_path / "secrets"


def test_the_secrets_are_those_that_compose_mounts(compose: dict[str, Any], secrets: Path) -> None:
    files = {name: Path(secret["file"]) for name, secret in compose["secrets"].items()}
    assert {path.parent for path in files.values()} == {Path("deploy/secrets")}
    assert {path.name for path in files.values()} == {path.name for path in secrets.iterdir()}
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in secrets.iterdir()} == {0o444}
    assert "deploy/secrets/" in (ROOT / ".gitignore").read_text().split()


def test_the_secrets_fit_together_and_are_read_as_settings(
    secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NETIQUETTE_DATABASE_URL", "NETIQUETTE_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    settings = Settings(_secrets_dir=secrets)
    database, redis = make_url(settings.database_url), make_url(settings.redis_url)
    assert database.username == "netiquette"
    assert database.password == (secrets / "postgres_role_password").read_text()
    assert database.password != (secrets / "postgres_password").read_text()
    assert (secrets / "valkey_conf").read_text() == f"requirepass {redis.password}\n"
    assert len(str(database.password)) == len(str(redis.password)) == 48
    assert database.password != redis.password
    assert (database.host, redis.host) == ("postgres", "valkey")


def test_secrets_are_made_once(secrets: Path) -> None:
    before = {path.name: path.read_bytes() for path in secrets.iterdir()}
    again = subprocess.run(["sh", secrets.parent / "make-secrets"], check=False)
    assert again.returncode == 1
    assert {path.name: path.read_bytes() for path in secrets.iterdir()} == before


@pytest.mark.skipif(
    subprocess.run(["docker", "compose", "version"], check=False, capture_output=True).returncode
    != 0
    if shutil.which("docker")
    else True,
    reason="no Compose on this machine",
)
def test_compose_itself_reads_it(secrets: Path, tmp_path: Path) -> None:
    shutil.copy(ROOT / "compose.yaml", tmp_path)
    (tmp_path / "deploy").mkdir()
    secrets.rename(tmp_path / "deploy" / "secrets")
    subprocess.run(["docker", "compose", "config", "--quiet"], check=True, cwd=tmp_path)


def test_variables_of_the_operator_have_defaults() -> None:
    text = (ROOT / "compose.yaml").read_text("utf-8")
    used = re.findall(r"(?<!\$)\$\{([^}]+)\}", text)
    assert used
    assert all(":-" in variable for variable in used)
