"""What can be said of the images without building them; `make deploy-test` does more."""

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.deploy.dockerfile import ROOT, Stage, copied, lineage, read

KNOWN = {"ARG", "RUN", "COPY", "ENV", "WORKDIR", "USER", "EXPOSE", "CMD", "HEALTHCHECK"}
NOT_SHIPPED = "workers/models/training/"
"""Training is done from a checkout."""


@pytest.fixture(scope="module")
def stages() -> dict[str, Stage]:
    return read()


def test_every_step_is_of_a_kind_that_the_replay_knows(stages: dict[str, Stage]) -> None:
    assert list(stages) == ["base", "api-build", "api", "worker-build", "worker"]
    assert {step.instruction for stage in stages.values() for step in stage.steps} <= KNOWN


def test_what_is_copied_is_there_and_not_ignored(stages: dict[str, Stage]) -> None:
    ignored = (ROOT / ".dockerignore").read_text().split("\n")
    assert "*" in ignored
    for stage in stages.values():
        for step in stage.all("COPY"):
            source_stage, sources, destination = copied(step)
            if source_stage:
                assert source_stage in stages
                assert sources == [destination]
                continue
            for source in sources:
                assert (ROOT / source).exists()
                assert f"!{source.partition('/')[0]}" in ignored


def test_the_final_images_run_as_nobody_in_particular(stages: dict[str, Stage]) -> None:
    for name in ("api", "worker"):
        assert stages[name].all("USER")[-1].text == "10001:10001"
        assert not stages[name].all("RUN"), "what was installed with stays behind"


def test_the_api_s_image_has_no_workers(stages: dict[str, Stage]) -> None:
    steps = lineage(stages, "api-build") + lineage(stages, "api")
    text = " ".join(step.text for step in steps)
    assert "worker" not in text
    locked = (ROOT / "requirements" / "service.lock").read_text()
    assert not re.search(r"^(torch|transformers|detoxify|onnxruntime)==", locked, re.MULTILINE)


def test_everything_installed_is_pinned_by_hash_but_torch(stages: dict[str, Stage]) -> None:
    installs = [
        step.text
        for stage in stages.values()
        for step in stage.all("RUN")
        if "pip install" in step.text
    ]
    makefile = (ROOT / "Makefile").read_text()
    torch = re.search(r"^TORCH = (.+)$", makefile, re.MULTILINE)
    assert torch
    for install in installs:
        hashed = "--require-hashes" in install
        ours = install.endswith("--no-deps --no-build-isolation .")
        assert hashed or ours or f"pip install {torch[1]} $" in install
    for lock in ("service.lock", "worker.lock"):
        text = (ROOT / "requirements" / lock).read_text()
        # One by one: a package without a hash would let pip refuse the whole file.
        packages = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
        assert all("--hash=sha256:" in package for package in packages)


def test_the_image_s_commands_exist(stages: dict[str, Stage]) -> None:
    assert stages["api"].all("CMD")[0].json()[:2] == ["netiquette", "api"]
    assert stages["worker"].all("CMD")[0].json() == ["netiquette", "worker", "score"]


def test_the_health_check_is_python_that_compiles(stages: dict[str, Stage]) -> None:
    (check,) = stages["api"].all("HEALTHCHECK")
    code = re.search(r'"-c", "(.+)"\]$', check.text)
    assert code
    compile(code[1], "HEALTHCHECK", "exec")


def packaged() -> list[Path]:
    return [
        path.relative_to(ROOT)
        for folder in ("service", "workers")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".py"
    ]


def test_every_file_that_is_needed_gets_into_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["*"]
    left_out = [
        str(path)
        for path in packaged()
        if not any(fnmatch(path.name, pattern) for pattern in patterns)
    ]
    assert [path for path in left_out if not path.startswith(NOT_SHIPPED)] == []
