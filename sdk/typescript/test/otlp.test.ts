// What OpenTelemetry's own JavaScript exporters send, in JSON and in protobuf, and what is then found in
// Gauntlet.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Tracer } from "@opentelemetry/api";
import { SeverityNumber } from "@opentelemetry/api-logs";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { BasicTracerProvider, BatchSpanProcessor, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";

import type { Kind } from "gauntlet-sdk";
import { Server } from "../../../end2end/server.mjs";
import type { LoggedEvent } from "./support.js";

const EXPORTERS = { json: JsonExporter, protobuf: ProtobufExporter };
let server: Server;

before(async () => (server = await Server.start()));
after(() => server.close());

type Exporters = typeof JsonExporter | typeof ProtobufExporter;

interface Options {
  compression?: "none" | "gzip";
  Processor?: typeof BatchSpanProcessor | typeof SimpleSpanProcessor;
}

/** A provider that sends to the server. */
function tracing(
  Exporter: Exporters,
  resource: Record<string, string>,
  { compression = "none", Processor = BatchSpanProcessor }: Options = {},
): BasicTracerProvider {
  const exporter = new Exporter({ url: `${server.url}/v1/traces`, compression: compression as never });
  return new BasicTracerProvider({
    resource: resourceFromAttributes(resource),
    spanProcessors: [new Processor(exporter)],
  });
}

/** Every event of that kind in a run's log. */
async function events<K extends Kind>(run: string, kind: K): Promise<LoggedEvent<K>[]> {
  return (await server.get(`/api/v1/runs/${run}/events?limit=10000&kind=${kind}`)).events;
}

/** An agent that asks a model, calls a tool that fails, and is judged; resolves to its trace id. */
async function agentRun(tracer: Tracer): Promise<string> {
  const agent = tracer.startSpan(
    "invoke_agent triage",
    { attributes: { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "triage", attempt: 2 } },
    ROOT_CONTEXT,
  );
  const inside = trace.setSpan(ROOT_CONTEXT, agent);
  const chat = tracer.startSpan(
    "chat tiny-1",
    {
      kind: SpanKind.CLIENT,
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "tiny-1",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.output.messages": JSON.stringify([
          { role: "assistant", parts: [{ type: "text", content: "30%" }] },
        ]),
      },
    },
    inside,
  );
  for (const [name, value] of [
    ["grounding", -20],
    ["format", 1],
  ]) {
    chat.addEvent("gen_ai.evaluation.result", {
      "gen_ai.evaluation.name": name,
      "gen_ai.evaluation.score.value": value,
    });
  }
  chat.end();
  const tool = tracer.startSpan(
    "execute_tool lookup",
    { attributes: { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "lookup" } },
    inside,
  );
  tool.recordException(new RangeError("no such page"));
  tool.setStatus({ code: SpanStatusCode.ERROR, message: "it failed" });
  tool.end();
  agent.end();
  return agent.spanContext().traceId;
}

for (const [name, Exporter] of Object.entries(EXPORTERS)) {
  for (const compression of ["none", "gzip"] as const) {
    for (const Processor of [BatchSpanProcessor, SimpleSpanProcessor]) {
      const title = `${name}, ${compression}, ${Processor.name}: a trace is an episode of steps and scores`;
      test(title, async () => {
        const run = `js-${name}-${compression}-${Processor.name}`;
        const resource = {
          "service.name": "triage-js",
          "gauntlet.run.id": run,
          "gauntlet.project": "medical",
        };
        const provider = tracing(Exporter, resource, { compression, Processor });
        const episode = await agentRun(provider.getTracer("story", "1.2"));
        await provider.forceFlush();
        await provider.shutdown();

        const found = await server.get(`/api/v1/runs/${run}`);
        assert.deepEqual([found.project, found.episodes], ["medical", 1]);
        const steps = (await events(run, "step.recorded")).filter((e) => e.body.step_kind !== "reward");
        const named = Object.fromEntries(steps.map((e) => [e.body.name, e]));
        assert.deepEqual(Object.keys(named).sort(), ["chat tiny-1", "invoke_agent triage", "lookup"]);
        assert.ok(steps.every((e) => e.episode === episode));
        assert.equal(
          (named["invoke_agent triage"].body.metadata.attributes as { attempt: number }).attempt,
          2,
        );
        const { payload } = named["chat tiny-1"].body;
        assert.deepEqual([payload.model, payload.temperature, payload.input_tokens], ["tiny-1", 0.5, 12]);
        const { error, step_kind } = named.lookup.body;
        assert.deepEqual(
          [step_kind, error.type, error.message],
          ["tool_result", "RangeError", "no such page"],
        );
        assert.match(error.traceback ?? "", /otlp\.test\.js/);
        const [finished, ...more] = await events(run, "episode.finished");
        assert.deepEqual([finished.body.status, more], ["completed", []]);

        const snapshots = await events(run, "snapshot.scored");
        const judged = snapshots.find((e) => e.step === named["chat tiny-1"].step)!;
        assert.deepEqual(judged.body.scores, { grounding: -20, format: 1 });
        assert.equal(judged.body.action, "30%");
        assert.equal(
          snapshots.length,
          3,
          "the call of the model, the call of the tool, and the root of the trace",
        );
        const called = snapshots.find((e) => e.step === named.lookup.step)!;
        assert.deepEqual(
          [called.body.failures, called.body.metadata.error],
          [["generic"], "RangeError: no such page"],
        );
      });
    }
  }
}

test("a score in a log record is added to the step of its span", async () => {
  const resource = { "service.name": "judge-js", "gauntlet.run.id": "js-judged" };
  const provider = tracing(JsonExporter, resource);
  const span = provider.getTracer("t").startSpan("answer", {}, ROOT_CONTEXT);
  const logs = new LoggerProvider({
    resource: resourceFromAttributes(resource),
    processors: [
      new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${server.url}/v1/logs` }) }),
    ],
  });
  logs.getLogger("judge-lib").emit({
    eventName: "gen_ai.evaluation.result",
    severityNumber: SeverityNumber.INFO,
    context: trace.setSpan(context.active(), span),
    attributes: { "gen_ai.evaluation.name": "relevance", "gen_ai.evaluation.score.value": 0.75 },
  });
  await logs.forceFlush();
  await logs.shutdown();
  span.end();
  await provider.forceFlush();
  await provider.shutdown();

  const [answer] = (await events("js-judged", "step.recorded")).filter((e) => e.body.name === "answer");
  const { steps } = await server.get("/api/v1/runs/js-judged");
  assert.equal(steps, 1, "the score that came first, and the span, are one node");
  const scored = (await events("js-judged", "snapshot.scored")).at(-1)!;
  assert.equal(scored.step, answer.step);
  assert.deepEqual(scored.body.scores, { root: 0.75, relevance: 0.75 });
});

test("the example of the docs", async () => {
  const docs = readFileSync(new URL("../../../docs/opentelemetry.md", import.meta.url), "utf8");
  const example = /```js\n(.*?)```/s.exec(docs)![1];
  // Beside the packages it imports, which node looks up from the folder of the file.
  const folder = mkdtempSync(join(fileURLToPath(new URL("..", import.meta.url)), ".example-"));
  try {
    writeFileSync(join(folder, "example.mjs"), example);
    const env = {
      ...process.env,
      OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
      OTEL_SERVICE_NAME: "docs-js",
    };
    const child = spawn(process.execPath, [join(folder, "example.mjs")], {
      env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (text) => (stderr += text));
    const code = await new Promise((resolve) => child.on("close", resolve));
    assert.equal(code, 0, stderr);
  } finally {
    rmSync(folder, { recursive: true });
  }
  const [scored] = await events("docs-js", "snapshot.scored");
  assert.deepEqual(scored.body.scores, { root: 0.5, grounding: 0.5 });
});
