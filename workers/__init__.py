"""The workers: Celery tasks that score comments. Imports `service`, never the other way."""

import os

# onnxruntime would report each session, under an id of this machine, to its maker, and
# keep both in the home folder. It asks for this when it is imported, so it stands here.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
