"""Nothing that runs a model reports about it to anybody."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
from pathlib import Path
from onnx import TensorProto, helper
from workers.engines.onnx import session

ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", ends[:1], ends[1:])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
path = Path(sys.argv[1])
path.write_bytes(model.SerializeToString())
session(path, threads=1)
"""


def test_onnxruntime_keeps_no_record_of_what_it_runs(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if name[:4] != "ORT_"}
    subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "model.onnx")],
        env=environment | {"HOME": str(home), "XDG_CACHE_HOME": str(home)},
        cwd=Path(__file__).parents[2],
        check=True,
    )
    assert list(home.rglob("*")) == []
