"""What OpenTelemetry's own exporters send, and what a researcher then finds in Gauntlet."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openai
import pytest
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SimpleSpanProcessor,
    SpanExportResult,
)
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    format_span_id,
    format_trace_id,
    set_span_in_context,
)

from .conftest import Gauntlet

PLAIN = Compression.NoCompression
GZIP = Compression.Gzip


@contextmanager
def tracing(
    gauntlet: Gauntlet, *, compression: Compression = PLAIN, one_by_one: bool = False, **resource: str
) -> Iterator[TracerProvider]:
    """A tracer provider that sends to Gauntlet; everything has arrived when it ends."""
    attributes = {key.replace("__", "."): value for key, value in resource.items()}
    provider = TracerProvider(resource=Resource.create(attributes))
    exporter = OTLPSpanExporter(endpoint=f"{gauntlet.url}/v1/traces", compression=compression)
    processor = SimpleSpanProcessor(exporter) if one_by_one else BatchSpanProcessor(exporter)
    provider.add_span_processor(processor)
    yield provider
    assert provider.force_flush()
    provider.shutdown()


def agent_run(tracer: Tracer) -> str:
    """An agent that asks a model, calls a tool that fails, and is judged. Returns its trace id."""
    with tracer.start_as_current_span(
        "invoke_agent triage",
        kind=SpanKind.INTERNAL,
        attributes={
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": "triage",
            "gauntlet.task": "T1",
            "team": "red",
        },
    ) as agent:
        with tracer.start_as_current_span(
            "chat tiny-1",
            kind=SpanKind.CLIENT,
            attributes={
                "gen_ai.operation.name": "chat",
                "gen_ai.system": "tiny",
                "gen_ai.request.model": "tiny-1",
                "gen_ai.usage.input_tokens": 12,
                "gen_ai.usage.completion_tokens": 5,
                "gen_ai.response.finish_reasons": ["stop"],
                "gen_ai.input.messages": json.dumps(
                    [{"role": "user", "parts": [{"type": "text", "content": "What rate?"}]}]
                ),
                "gen_ai.output.messages": json.dumps(
                    [{"role": "assistant", "parts": [{"type": "text", "content": "30%"}]}]
                ),
            },
        ) as chat:
            chat.add_event(
                "gen_ai.evaluation.result",
                {
                    "gen_ai.evaluation.name": "grounding",
                    "gen_ai.evaluation.score.value": -20.0,
                    "gen_ai.evaluation.score.label": "ungrounded",
                    "gen_ai.evaluation.explanation": "No rate is in the context.",
                    "judge.model": "judge-70b",
                },
            )
        try:
            with tracer.start_as_current_span(
                "execute_tool lookup",
                attributes={
                    "gen_ai.operation.name": "execute_tool",
                    "gen_ai.tool.name": "lookup",
                    "gen_ai.tool.call.id": "call_9",
                    "gen_ai.tool.call.arguments": '{"query": "rate"}',
                },
            ):
                raise TimeoutError("no answer after 250 ms")
        except TimeoutError:
            pass
        return format_trace_id(agent.get_span_context().trace_id)


@pytest.mark.parametrize("compression", [PLAIN, GZIP], ids=["plain", "gzip"])
@pytest.mark.parametrize("one_by_one", [False, True], ids=["batches", "span by span"])
def test_a_trace_is_an_episode_of_steps_and_scores(
    gauntlet: Gauntlet, compression: Compression, one_by_one: bool
) -> None:
    run = f"agent-{compression.value}-{one_by_one}"
    with tracing(
        gauntlet,
        compression=compression,
        one_by_one=one_by_one,
        service__name="triage-service",
        gauntlet__run__id=run,
        gauntlet__project="medical",
    ) as provider:
        trace = agent_run(provider.get_tracer("story", "1.2"))

    found = gauntlet.run(run)
    assert (found["project"], found["kind"], found["episodes"]) == ("medical", "agent", 1)
    assert found["metadata"]["resource"]["service.name"] == "triage-service"

    root = gauntlet.named(run, "invoke_agent triage")
    chat = gauntlet.named(run, "chat tiny-1")
    tool = gauntlet.named(run, "lookup")
    assert {e["episode"] for e in (root, chat, tool)} == {trace}
    assert len({e["step"] for e in (root, chat, tool)}) == 3
    assert "parent_span_id" not in root["body"]
    assert chat["body"]["parent_span_id"] == tool["body"]["parent_span_id"] == root["body"]["span_id"]
    assert [e["body"]["step_kind"] for e in (root, chat, tool)] == ["decision", "message", "tool_result"]
    assert root["body"]["metadata"]["attributes"] == {"team": "red"}
    assert root["body"]["metadata"]["scope"] == {"name": "story", "version": "1.2"}
    payload = chat["body"]["payload"]
    assert (payload["provider"], payload["model"], payload["output_tokens"]) == ("tiny", "tiny-1", 5)
    assert payload["output"][0]["parts"][0]["content"] == "30%"
    assert tool["body"]["payload"]["arguments"] == {"query": "rate"}
    error = tool["body"]["error"]
    assert (error["type"], error["message"]) == ("TimeoutError", "no answer after 250 ms")
    assert "test_otlp.py" in error["traceback"]

    (started,) = gauntlet.events(run, "episode.started")
    (finished,) = gauntlet.events(run, "episode.finished")
    assert (started["episode"], finished["episode"]) == (trace, trace)
    assert finished["body"]["status"] == "completed"
    assert finished["body"]["latency_ms"] > 0

    snapshots = {e["step"]: e["body"] for e in gauntlet.events(run, "snapshot.scored")}
    judged = snapshots.pop(chat["step"])
    assert judged["scores"] == {"root": -20.0, "grounding": -20.0}
    assert (judged["action"], judged["observation"]) == ("30%", "What rate?")
    assert (judged["metadata"]["model"], judged["metadata"]["output_tokens"]) == ("tiny-1", 5)
    assert snapshots.pop(root["step"])["scores"] == {}
    # The tool call failed: it has a node, which fails, although there is no evaluation of it.
    called = snapshots.pop(tool["step"])
    assert (called["scores"], called["failures"], called["observation"]) == (
        {},
        ["generic"],
        '{"query":"rate"}',
    )
    assert called["metadata"]["error"] == "TimeoutError: no answer after 250 ms"
    assert snapshots == {}
    # The evaluation itself, with all its fields.
    reward = gauntlet.named(run, "grounding")
    assert reward["step"] == chat["step"]
    assert reward["body"]["payload"]["explanation"] == "No rate is in the context."
    assert reward["body"]["metadata"]["attributes"] == {"judge.model": "judge-70b"}
    # And in the film it is a failing step.
    failing = gauntlet.get(f"/api/v1/runs/{run}/steps?failing=grounding")["items"]
    assert [(s["step"], s["failure"]) for s in failing] == [(chat["step"], "generic")]


def test_a_real_openai_client_under_openinference(gauntlet: Gauntlet, model_url: str) -> None:
    with tracing(gauntlet, service__name="assistant") as provider:
        instrumentor = OpenAIInstrumentor()
        instrumentor.instrument(tracer_provider=provider)
        try:
            client = openai.OpenAI(base_url=model_url, api_key="none", max_retries=0)
            ask(client, "hello")
            ask(client, "what is the weather?")
            with pytest.raises(openai.RateLimitError):
                ask(client, "break")
        finally:
            instrumentor.uninstrument()

    found = gauntlet.run("assistant")
    assert (found["name"], found["project"], found["episodes"]) == ("assistant", "assistant", 3)
    hello, weather, broken = gauntlet.events("assistant", "step.recorded")
    assert hello["body"]["step_kind"] == "message"
    payload = hello["body"]["payload"]
    assert (payload["model"], payload["input_tokens"], payload["output_tokens"]) == ("tiny-1-0711", 12, 5)
    assert payload["input"] == [{"message": {"role": "user", "content": "hello"}}]
    assert payload["output"] == [{"message": {"role": "assistant", "content": "You asked: hello"}}]
    assert payload["parameters"]["temperature"] == 0.5
    # The raw request and answer repeat the messages; they stay attributes.
    assert json.loads(hello["body"]["metadata"]["attributes"]["input.value"])["messages"]
    call = weather["body"]["payload"]["output"][0]["message"]["tool_calls"][0]["tool_call"]
    assert call["function"] == {"name": "weather", "arguments": '{"city": "Oslo"}'}
    assert broken["body"]["error"]["type"].endswith("RateLimitError")

    nodes = gauntlet.events("assistant", "snapshot.scored")
    assert [n["body"]["action"] for n in nodes][:1] == ["You asked: hello"]
    assert [n["body"].get("failures", []) for n in nodes] == [[], [], ["generic"]]
    ends = gauntlet.events("assistant", "episode.finished")
    assert [e["body"]["status"] for e in ends] == ["completed", "completed", "failed"]


def ask(client: openai.OpenAI, question: str) -> None:
    client.chat.completions.create(
        model="tiny-1", temperature=0.5, messages=[{"role": "user", "content": question}]
    )


def test_spans_of_traceloop_and_a_conversation_as_the_run(gauntlet: Gauntlet) -> None:
    with tracing(gauntlet, service__name="loop") as provider:
        tracer = provider.get_tracer("opentelemetry.instrumentation.openai.v1")
        with (
            tracer.start_as_current_span(
                "joke.workflow",
                attributes={
                    "traceloop.span.kind": "workflow",
                    "traceloop.entity.name": "joke",
                    "traceloop.entity.input": '{"args": ["cats"]}',
                },
            ),
            tracer.start_as_current_span(
                "openai.chat",
                attributes={
                    "llm.request.type": "chat",
                    "traceloop.workflow.name": "joke",
                    "gen_ai.system": "OpenAI",
                    "gen_ai.request.model": "tiny-1",
                    "gen_ai.prompt.0.role": "system",
                    "gen_ai.prompt.0.content": "Be funny.",
                    "gen_ai.prompt.1.role": "user",
                    "gen_ai.prompt.1.content": "A joke about cats",
                    "gen_ai.completion.0.role": "assistant",
                    "gen_ai.completion.0.content": "Purr.",
                    "gen_ai.usage.prompt_tokens": 9,
                    "llm.usage.total_tokens": 11,
                    "gen_ai.conversation.id": "talk/7",
                },
            ),
        ):
            pass
    # The conversation names the run, also for the span without the attribute.
    assert gauntlet.run("talk-7")["name"] == "talk/7"
    workflow = gauntlet.named("talk-7", "joke.workflow")
    assert workflow["body"]["step_kind"] == "decision"
    assert workflow["body"]["payload"]["input"] == {"args": ["cats"]}
    chat = gauntlet.named("talk-7", "openai.chat")["body"]
    assert chat["step_kind"] == "message"
    assert [m["content"] for m in chat["payload"]["input"]] == ["Be funny.", "A joke about cats"]
    assert chat["payload"]["output"] == [{"role": "assistant", "content": "Purr."}]
    assert (chat["payload"]["input_tokens"], chat["payload"]["total_tokens"]) == (9, 11)


def evaluation(span: SpanContext, name: str, value: float | None, label: str) -> LogRecord:
    """A judgement that comes as a log record, as the conventions recommend."""
    attributes: dict[str, str | float] = {
        "gen_ai.evaluation.name": name,
        "gen_ai.evaluation.score.label": label,
    }
    if value is not None:
        attributes["gen_ai.evaluation.score.value"] = value
    return LogRecord(
        timestamp=1_700_000_000_000_000_000,
        context=set_span_in_context(NonRecordingSpan(span)),
        event_name="gen_ai.evaluation.result",
        severity_number=SeverityNumber.INFO,
        attributes=attributes,
    )


@pytest.mark.parametrize("scores_first", [True, False], ids=["scores first", "spans first"])
@pytest.mark.parametrize("compression", [PLAIN, GZIP], ids=["plain", "gzip"])
def test_scores_that_come_as_log_records(
    gauntlet: Gauntlet, scores_first: bool, compression: Compression
) -> None:
    run = f"judged-{scores_first}-{compression.value}"
    resource = {"service.name": "judge", "gauntlet.run.id": run}

    with tracing(gauntlet, service__name="judge", gauntlet__run__id=run) as provider:
        attributes = {"gen_ai.operation.name": "chat", "output.value": "Yes."}
        span = provider.get_tracer("t").start_span("answer", attributes=attributes)
        context = span.get_span_context()
        if not scores_first:
            span.end()
            provider.force_flush()
        logs = LoggerProvider(resource=Resource.create(resource))
        exporter = OTLPLogExporter(endpoint=f"{gauntlet.url}/v1/logs", compression=compression)
        logs.add_log_record_processor(BatchLogRecordProcessor(exporter))
        logger = logs.get_logger("judge-lib")
        logger.emit(evaluation(context, "relevance", 0.75, "good"))
        logger.emit(evaluation(context, "tone", None, "curt"))
        inside = set_span_in_context(NonRecordingSpan(context))
        logger.emit(LogRecord(context=inside, body="a plain line", severity_text="INFO"))
        logs.force_flush()
        logger.emit(evaluation(context, "safety", -3.0, "unsafe"))
        logs.force_flush()
        logs.shutdown()
        if scores_first:
            span.end()

    answer = gauntlet.named(run, "answer")
    assert answer["episode"] == format_trace_id(context.trace_id)
    assert answer["body"]["span_id"] == format_span_id(context.span_id)
    # Whatever came first, the scores belong to the step of their span.
    step = gauntlet.get(f"/api/v1/runs/{run}/steps/{answer['step']}")["events"]
    scores: dict[str, float] = {}
    for event in step:
        if event["kind"] == "snapshot.scored":
            scores |= event["body"]["scores"]
        if event["kind"] == "score.added":
            scores[event["body"]["path"]] = event["body"]["value"]
    assert {path: value for path, value in scores.items() if path != "root"} == {
        "relevance": 0.75,
        "safety": -3.0,
    }
    # And its node has the texts, although the evaluation may have come first.
    drawn = [e["body"] for e in step if e["kind"] == "snapshot.scored"]
    assert len(drawn) == (2 if scores_first else 1)
    assert (drawn[-1]["metadata"]["name"], drawn[-1]["action"]) == ("answer", "Yes.")
    rewards = {e["body"]["name"]: e["body"] for e in step if e["body"].get("step_kind") == "reward"}
    assert rewards["tone"]["payload"]["label"] == "curt"
    assert rewards["relevance"]["metadata"]["log"]["severity_number"] == 9
    (line,) = [
        e
        for e in gauntlet.events(run, "step.recorded")
        if e["body"]["step_kind"] == "message" and e["body"]["payload"].get("body")
    ]
    assert line["body"]["payload"]["body"] == "a plain line"
    assert line["body"]["parent_span_id"] == format_span_id(context.span_id)
    assert len(gauntlet.events(run, "episode.started")) == 1


def test_what_is_sent_again_is_stored_once(gauntlet: Gauntlet) -> None:
    """An exporter whose answer was lost sends the same batch again."""
    with tracing(gauntlet, gauntlet__run__id="again") as provider:
        sent: list[ReadableSpan] = []

        class Keep(SpanProcessor):
            def on_end(self, span: ReadableSpan) -> None:
                sent.append(span)

        provider.add_span_processor(Keep())
        agent_run(provider.get_tracer("story"))
    before = gauntlet.events("again")
    assert len(sent) == 3
    exporter = OTLPSpanExporter(endpoint=f"{gauntlet.url}/v1/traces")
    assert exporter.export(sent) is SpanExportResult.SUCCESS
    assert exporter.export(sent[::-1]) is SpanExportResult.SUCCESS
    assert gauntlet.events("again") == before


def test_an_export_is_read_by_another_server_as_the_same_run(gauntlet: Gauntlet) -> None:
    with tracing(gauntlet, gauntlet__run__id="there", service__name="s") as provider:
        with provider.get_tracer("story").start_as_current_span("odd") as span:
            span.set_status(Status(StatusCode.OK))
        agent_run(provider.get_tracer("story"))
    with urllib.request.urlopen(f"{gauntlet.url}/api/v1/runs/there/export?format=otlp", timeout=10) as answer:
        assert answer.headers["content-type"] == "application/x-ndjson"
        lines = answer.read().splitlines()
    spans = [
        span
        for line in lines
        for resource in json.loads(line)["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
    names = {span["name"] for span in spans}
    assert {"odd", "invoke_agent triage", "chat tiny-1", "execute_tool lookup"} <= names
    chat = next(span for span in spans if span["name"] == "chat tiny-1")
    # What came as OTLP needs nothing but the conventions to be read back.
    assert "gauntlet.events" not in {a["key"] for a in chat["attributes"]}
    assert [e["name"] for e in chat["events"]] == ["gen_ai.evaluation.result"]


def test_the_example_of_the_docs(gauntlet: Gauntlet, tmp_path: Path) -> None:
    """The Python example in docs/opentelemetry.md, run as a user would."""
    docs = Path(__file__).parents[4] / "docs" / "opentelemetry.md"
    (example,) = re.findall(r"```python\n(.*?)```", docs.read_text(encoding="utf-8"), re.DOTALL)
    script = tmp_path / "example.py"
    script.write_text(example, encoding="utf-8")
    environment = {
        **os.environ,
        "OTEL_EXPORTER_OTLP_ENDPOINT": gauntlet.url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_SERVICE_NAME": "docs-python",
    }
    subprocess.run([sys.executable, str(script)], env=environment, check=True, timeout=60)
    (scored,) = gauntlet.events("docs-python", "snapshot.scored")
    assert scored["body"]["scores"] == {"root": 0.5, "grounding": 0.5}
    assert scored["body"]["action"] == "Nothing was said of it."


def test_half_a_character_in_the_resource_loses_nothing(gauntlet: Gauntlet, tmp_path: Path) -> None:
    """OTEL_RESOURCE_ATTRIBUTES holds percent-encoded bytes: these are half a surrogate pair."""
    script = tmp_path / "half.py"
    script.write_text(
        "from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter\n"
        "from opentelemetry.sdk.trace import TracerProvider\n"
        "from opentelemetry.sdk.trace.export import BatchSpanProcessor\n"
        "provider = TracerProvider()\n"
        "provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))\n"
        "provider.get_tracer('t').start_span('work').end()\n"
        "provider.shutdown()\n",
        encoding="utf-8",
    )
    environment = {
        **os.environ,
        "OTEL_EXPORTER_OTLP_ENDPOINT": gauntlet.url,
        "OTEL_SERVICE_NAME": "half",
        "OTEL_RESOURCE_ATTRIBUTES": "team=a%ED%A0%80b",
    }
    subprocess.run([sys.executable, str(script)], env=environment, check=True, timeout=60)
    work = gauntlet.named("half", "work")
    assert "\ufffd" in work["body"]["metadata"]["resource"]["team"]
