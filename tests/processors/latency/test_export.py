"""What was measured leaves the process whole, by each way out, and without a word of speech."""

import asyncio
import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families

from antiphon.processors.latency import LatencyObserver, log_turns, serve_latency
from antiphon.processors.latency.core.stats import LatencyStats
from antiphon.processors.latency.export.otel import LatencyTelemetry
from antiphon.processors.latency.export.prometheus import prometheus_text


async def one_turn(call: Any) -> None:
    await call.speak()
    await asyncio.sleep(8)


def no_speech_in(text: str) -> bool:
    return not any(word in text.lower() for word in ("opening", "hours", "nine", "come in"))


@pytest.mark.virtual_time
async def test_a_turn_is_one_line_of_json(run_call: Any) -> None:
    observer = LatencyObserver(call_id="call-1", process=LatencyStats())
    lines: list[str] = []
    log_turns(observer, lines.append)
    await run_call(one_turn, observer=observer)
    [line] = lines
    record = json.loads(line)
    assert (record["call_id"], record["turn"], record["kind"]) == ("call-1", 1, "answered")
    assert record["ttfa"] == pytest.approx(1.2, abs=0.005)
    assert sum(stage["secs"] for stage in record["stages"]) == pytest.approx(
        record["ttfa"], abs=1e-3
    )
    assert no_speech_in(line)


@pytest.mark.virtual_time
async def test_prometheus_reads_the_series_and_counters(run_call: Any, delays: Any) -> None:
    process = LatencyStats()
    await run_call(one_turn, process=process)
    delays.llm = None
    await run_call(one_turn, delays, process=process)
    text = prometheus_text(stats=process).decode()
    samples = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    labels = (("model", "brain-1"), ("provider", "Llm"), ("stage", "llm_inference"))
    whole = (*labels, ("transport", "memory"))
    assert samples["antiphon_latency_seconds_count", *whole] == 1
    assert samples["antiphon_latency_seconds_sum", *whole] == pytest.approx(0.4, abs=0.01)
    assert samples["antiphon_latency_seconds_bucket", ("le", "0.3"), *whole] == 0
    assert samples["antiphon_latency_seconds_bucket", ("le", "0.5"), *whole] == 1
    assert samples["antiphon_turns_total", ("kind", "answered")] == 1
    stalls = ("antiphon_stalls_total", ("kind", "no_first_token"), ("service", "Llm"))
    assert samples[stalls] == 1
    assert samples["antiphon_latency_budget_seconds", ("stage", "ttfa")] == 1.0
    assert no_speech_in(text)


@pytest.mark.virtual_time
async def test_a_call_is_one_trace_with_a_span_a_turn_and_a_child_a_stage(run_call: Any) -> None:
    spans_out, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(spans_out))
    telemetry = LatencyTelemetry(
        tracer_provider=tracers, meter_provider=MeterProvider(metric_readers=[reader])
    )
    observer = LatencyObserver(call_id="call-1", process=LatencyStats())
    telemetry.attach(observer)
    await run_call(one_turn, observer=observer)
    spans: dict[str, Any] = {span.name: span for span in spans_out.get_finished_spans()}
    call, turn, chat = spans["call"], spans["turn"], spans["chat brain-1"]
    assert len({span.context.trace_id for span in spans.values()}) == 1
    assert (call.parent, turn.parent.span_id) == (None, call.context.span_id)
    children = [s for s in spans.values() if s.parent and s.parent.span_id == turn.context.span_id]
    assert len(children) == 8
    assert (chat.end_time - chat.start_time) / 1e9 == pytest.approx(0.4, abs=0.005)
    assert chat.attributes["gen_ai.provider.name"] == "Llm"
    assert call.attributes["gen_ai.conversation.id"] == "call-1"
    collected: Any = reader.get_metrics_data()
    exported = json.loads(collected.to_json())
    names = {
        metric["name"]
        for resource in exported["resource_metrics"]
        for scope in resource["scope_metrics"]
        for metric in scope["metrics"]
    }
    assert {"antiphon.latency", "gen_ai.client.operation.time_to_first_chunk"} <= names
    assert no_speech_in(str([span.to_json() for span in spans.values()]) + json.dumps(exported))


@pytest.mark.parametrize(
    ("path", "status", "holds"),
    [
        ("/latency", 200, b'"calls": []'),
        ("/metrics", 200, b"antiphon_latency_budget_seconds"),
        ("/", 404, b"/latency"),
    ],
)
async def test_a_process_without_a_server_answers_for_itself(
    path: str, status: int, holds: bytes
) -> None:
    server = await serve_latency(port=0, stats=LatencyStats())
    async with server:
        port = server.sockets[0].getsockname()[1]
        code, body = await asyncio.to_thread(get, f"http://127.0.0.1:{port}{path}")
    assert (code, holds in body) == (status, True)


async def test_what_is_no_request_leaves_the_endpoint_serving() -> None:
    server = await serve_latency(port=0, stats=LatencyStats())
    async with server:
        port = server.sockets[0].getsockname()[1]
        for junk in (b"\x00\xff\n\n", b"GET\n\n", b"x" * 100_000 + b"\n"):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(junk)
            writer.close()
        code, _ = await asyncio.to_thread(get, f"http://127.0.0.1:{port}/latency")
    assert code == 200


def get(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
