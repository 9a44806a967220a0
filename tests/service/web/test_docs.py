"""The documentation's page and its files."""

import base64
import hashlib
import re

import pytest
from starlette.testclient import TestClient

from service.web.docs import content_security_policy


@pytest.fixture
def client(sqlite_client: TestClient) -> TestClient:
    return sqlite_client


def directives(policy: str) -> dict[str, list[str]]:
    return {words[0]: words[1:] for words in map(str.split, policy.split(";"))}


def test_the_page_may_run_its_own_scripts_and_no_others(client: TestClient) -> None:
    page = client.get("/docs")
    policy = directives(page.headers["content-security-policy"])
    (script,) = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    hashed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy["script-src"] == ["'self'", f"'sha256-{hashed}'"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert policy["default-src"] == policy["frame-ancestors"] == ["'none'"]
    assert page.headers["x-content-type-options"] == "nosniff"


def test_another_script_has_another_hash() -> None:
    one, other = (content_security_policy(b"<script>%s</script>" % code) for code in (b"1", b"2"))
    assert one != other


def test_the_page_s_files_are_from_here_and_of_their_kind(client: TestClient) -> None:
    page = client.get("/docs").text
    files = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(files) == 3
    for file in files:
        answer = client.get(file)
        assert answer.status_code == 200
        # With nosniff, a browser refuses a script or a style sheet of any other kind.
        kind = answer.headers["content-type"].partition(";")[0]
        assert kind in {"text/javascript", "text/css", "image/png"}
        assert answer.headers["cache-control"] == "no-cache"
        known = client.get(file, headers={"If-None-Match": answer.headers["etag"]})
        assert known.status_code == 304
        assert known.headers["cache-control"] == "no-cache"
