"""An evaluation with verifiers: a taskset, its rewards, a harness with a tool, and a stand-in for the model.

python examples/verifiers_eval.py
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import openai
import verifiers.v1 as vf
from verifiers.v1.envs.single_agent import SingleAgentEnvConfig
from verifiers.v1.utils.loaders import load_environment

import gauntlet
from gauntlet.integrations.verifiers import watch_environment

__all__ = ["Calculator", "Sums"]


class SumData(vf.TaskData):
    """A sum and what it comes to."""

    answer: str


class SumTask(vf.Task[SumData]):
    """What a right answer is worth."""

    @vf.reward(weight=2.0)
    async def correct(self, trace: vf.Trace) -> float:
        return float(self.data.answer in trace.last_reply.split())

    @vf.reward
    async def brief(self, trace: vf.Trace) -> float:
        return 1.0 - len(trace.last_reply.split()) / 10

    @vf.metric
    async def words(self, trace: vf.Trace) -> float:
        return len(trace.last_reply.split())


class Sums(vf.Taskset[SumTask]):
    """Three sums; the model gets the last one wrong."""

    def load(self) -> Iterator[SumTask]:
        for a, b, answer in [(1, 2, "3"), (20, 22, "42"), (2, 2, "5")]:
            yield SumTask(
                SumData(name=f"{a}+{b}", prompt=f"What is {a} + {b} ?", answer=answer), self.config.task
            )


class Calculator(vf.Harness):
    """Lets the model call a tool that adds, in this process."""

    NEEDS_CONTAINER = False
    EXECUTES_CODE = False

    async def launch(
        self, ctx: Any, trace: Any, runtime: Any, endpoint: str, secret: str, mcp_urls: Any, data: Any
    ) -> vf.ProgramResult:
        client = openai.AsyncOpenAI(base_url=endpoint, api_key=secret)
        messages: list[Any] = [{"role": "user", "content": data.prompt}]
        while True:
            reply = (
                (await client.chat.completions.create(model=ctx.model, messages=messages)).choices[0].message
            )
            messages.append(reply.model_dump(exclude_none=True))
            if not reply.tool_calls:
                return vf.ProgramResult(exit_code=0, stdout="", stderr="")
            for call in reply.tool_calls:
                assert call.type == "function"
                total = sum(json.loads(call.function.arguments)["numbers"])
                messages.append({"role": "tool", "tool_call_id": call.id, "content": str(total)})


class FakeModel(BaseHTTPRequestHandler):
    """Speaks as an OpenAI-compatible server: adds with the tool, then says what came out."""

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))["messages"][-1]
        message: dict[str, Any] = {"role": "assistant", "content": f"It is {asked['content']}"}
        if asked["role"] == "user":
            numbers = [int(word) for word in asked["content"].split() if word.isdigit()]
            function = {"name": "add", "arguments": json.dumps({"numbers": numbers})}
            message = {"role": "assistant", "content": None}
            message["tool_calls"] = [{"id": "call-1", "type": "function", "function": function}]
        choice = {
            "index": 0,
            "message": message,
            "finish_reason": "tool_calls" if asked["role"] == "user" else "stop",
        }
        body = {
            "id": "1", "object": "chat.completion", "created": 1, "model": "stand-in", "choices": [choice],
            "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8},
        }  # fmt: skip
        answer = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


async def evaluate(taskset: str) -> None:
    """Plays every task once."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), FakeModel)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = {"taskset": {"id": taskset}, "agent": {"runtime": {"type": "subprocess"}}}
    env = watch_environment(load_environment(SingleAgentEnvConfig.model_validate(config)))
    client = vf.EvalClientConfig(base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key_var="NO_KEY")
    async with env.serving():
        for task in env.taskset:
            for slot in env.slots(task):
                await env.run_slot(slot, vf.ModelContext(model="stand-in", client=client))
    server.shutdown()


def main() -> str:
    """Evaluates, and returns the run's id."""
    run = gauntlet.init(project="examples", name="verifiers eval")
    # A taskset is found by the name of its module, which is this file's.
    asyncio.run(evaluate("verifiers_eval"))
    run.finish()
    print(run.url)
    return run.id


if __name__ == "__main__":
    main()
