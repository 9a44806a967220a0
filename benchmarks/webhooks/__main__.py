"""Webhooks: `python -m benchmarks.webhooks [throughput|outage]`."""

from benchmarks.parts import print_parts
from benchmarks.webhooks import outage, throughput

if __name__ == "__main__":
    print_parts({"throughput": throughput.report, "outage": outage.report})
