"""The workers: they score comments, sweep and deliver. `service` never imports this package."""

import os

# Without it, onnxruntime would report each session to its maker, under an id of this machine,
# and keep both in the home folder. It is read when onnxruntime is imported, so it is set here.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
