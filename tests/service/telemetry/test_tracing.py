"""What a nudge carries; test_installation.py has the traces of real processes."""

from opentelemetry.trace import SpanContext, TraceFlags, TraceState

from service.telemetry.tracing import current_caller, handling, publishing

CALLER = SpanContext(
    trace_id=0xABCD,
    span_id=0xEF,
    is_remote=True,
    trace_flags=TraceFlags(TraceFlags.SAMPLED),
    trace_state=TraceState([("site", "GEHEIM")]),
)


def test_a_nudge_carries_ids_and_nothing_that_a_caller_wrote() -> None:
    with publishing("score.comments", [CALLER]) as headers:
        assert headers == {"traceparent": f"00-{0xABCD:032x}-{0xEF:016x}-01"}
    with handling("score.comments", headers["traceparent"]):
        caller = current_caller()
        assert caller
        assert (caller.trace_id, dict(caller.trace_state)) == (0xABCD, {})


def test_a_nudge_that_no_trace_asks_for_carries_nothing() -> None:
    with publishing("score.comments", []) as headers:
        assert headers == {}


def test_a_header_that_makes_no_sense_starts_a_trace_of_its_own() -> None:
    for nonsense in (None, "", "00-xyz", "GEHEIM" * 99):
        with handling("score.comments", nonsense):
            assert current_caller() is None
