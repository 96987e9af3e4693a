"""OpenTelemetry's own instrumentation of OpenAI's client, which writes messages as log records."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from .conftest import Gauntlet

LATEST = "gen_ai_latest_experimental"
#: What people set: the conventions, and where messages go.
SETTINGS = {
    "by default": ("", "true"),
    "in spans": (LATEST, "span_only"),
    "in events": (LATEST, "event_only"),
    "in both": (LATEST, "span_and_event"),
}


@pytest.fixture(params=SETTINGS)
def settings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The environment of one way to write messages. The package reads it once in a process."""
    from opentelemetry.instrumentation import _semconv

    stability, content = SETTINGS[request.param]
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", stability)
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", content)
    monkeypatch.setattr(_semconv._OpenTelemetrySemanticConventionStability, "_initialized", False)
    return str(request.param).replace(" ", "-")


def conversation(model_url: str) -> None:
    """A call that asks for a tool, one that answers, and one that is refused."""
    client = openai.OpenAI(base_url=model_url, api_key="none", max_retries=0)
    messages: list[Any] = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "How is the weather in Oslo?"},
    ]
    asked = client.chat.completions.create(model="tiny-1", messages=messages)
    messages.append(asked.choices[0].message.model_dump(exclude_none=True))
    messages.append({"role": "tool", "tool_call_id": "call_1", "content": "rain"})
    messages.append({"role": "user", "content": "And tomorrow?"})
    client.chat.completions.create(model="tiny-1", messages=messages)
    with pytest.raises(openai.RateLimitError):
        client.chat.completions.create(model="tiny-1", messages=[{"role": "user", "content": "break"}])


def test_calls_have_their_messages_and_curves(gauntlet: Gauntlet, model_url: str, settings: str) -> None:
    run = f"openai-v2-{settings}"
    resource = Resource.create({"gauntlet.run.id": run})
    traces, logs = TracerProvider(resource=resource), LoggerProvider(resource=resource)
    traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{gauntlet.url}/v1/traces")))
    logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(f"{gauntlet.url}/v1/logs")))
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{gauntlet.url}/v1/metrics"))
    metrics = MeterProvider([reader], resource)
    instrumentor = OpenAIInstrumentor()  # type: ignore[no-untyped-call]
    instrumentor.instrument(tracer_provider=traces, logger_provider=logs, meter_provider=metrics)
    try:
        conversation(model_url)
    finally:
        instrumentor.uninstrument()
        for provider in (logs, traces, metrics):
            provider.shutdown()

    found = gauntlet.run(run)
    assert (found["steps"], found["episodes"], found["failing"]) == (3, 3, 1)
    # The last snapshot of a call is what a page shows of it.
    calls = {e["step"]: e["body"] for e in gauntlet.events(run, "snapshot.scored")}
    asked, answered, refused = (body for _, body in sorted(calls.items()))
    assert asked["observation"] == "system: Be brief.\n\nuser: How is the weather in Oslo?"
    assert asked["action"].replace(" ", "") == 'weather({"city":"Oslo"})'
    assert answered["observation"].endswith("tool: rain\n\nuser: And tomorrow?")
    assert answered["action"] == "You asked: And tomorrow?"
    assert (answered["metadata"]["input_tokens"], answered["metadata"]["output_tokens"]) == (12, 5)
    assert (refused["observation"], refused["failures"]) == ("break", ["generic"])
    assert refused["metadata"]["error"].startswith("RateLimitError: Error code: 429")
    paths = {e["body"]["path"] for e in gauntlet.events(run, "score.added")}
    assert any(path.startswith("metrics.gen_ai.client.operation.duration[") for path in paths)
    assert any(path.startswith("metrics.gen_ai.client.token.usage[") for path in paths)
