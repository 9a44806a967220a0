"""Invariant 9: the API process never imports torch, transformers, detoxify or onnxruntime."""

import json
import subprocess
import sys

ASK = """
import json, sys
import service.app, service.server, service.cli
service.app.create_app()
print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))
"""


def test_a_fresh_process_that_makes_the_api() -> None:
    run = subprocess.run(
        [sys.executable, "-c", ASK], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(json.loads(run.stdout))
    assert "service" in loaded
    assert loaded.isdisjoint({"torch", "transformers", "detoxify", "onnxruntime", "workers"})
