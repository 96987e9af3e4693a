"""What the OpenTelemetry tests share: a real Gauntlet, and a small server with OpenAI's chat API."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest


@dataclass
class Gauntlet:
    """A running server."""

    url: str

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=10) as answer:
            return json.load(answer)

    def id_of(self, run: str) -> str:
        """The run of that id, else of that name: a service has a run for each of its processes."""
        items = self.get(f"/api/v1/runs?limit=200&q={urllib.parse.quote(run)}")["items"]
        ids = [r["id"] for r in items if r["id"] == run] or [r["id"] for r in items if r["name"] == run]
        assert len(ids) == 1, (run, ids)
        return str(ids[0])

    def run(self, run: str) -> Any:
        return self.get(f"/api/v1/runs/{urllib.parse.quote(self.id_of(run))}")

    def events(self, run: str, kind: str | None = None) -> list[Any]:
        run = self.id_of(run)
        query = "?limit=10000" + (f"&kind={kind}" if kind else "")
        events: list[Any] = self.get(f"/api/v1/runs/{urllib.parse.quote(run)}/events{query}")["events"]
        return events

    def named(self, run: str, name: str) -> Any:
        """The one recorded step of that name."""
        found = [e for e in self.events(run, "step.recorded") if e["body"].get("name") == name]
        assert len(found) == 1, [e["body"].get("name") for e in self.events(run, "step.recorded")]
        return found[0]


@pytest.fixture(scope="session")
def gauntlet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gauntlet]:
    """The real binary on a free port, with an empty data folder."""
    folder: Path = tmp_path_factory.mktemp("gauntlet")
    binary = os.environ["GAUNTLET_BIN"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [binary, "serve", "--listen", "127.0.0.1:0", "--data", str(folder / "data")],
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=folder,
        )
        assert server.stdout is not None
        ready = re.search(r"ready at (http://\S+)", server.stdout.readline().decode())
        assert ready, (folder / "log").read_text()
        try:
            yield Gauntlet(ready.group(1))
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=20)


class Model(BaseHTTPRequestHandler):
    """Answers like a chat model; to a question about the weather it calls a tool."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        question = asked["messages"][-1]["content"]
        if question == "break":
            return self.reply(
                429, {"error": {"message": "slow down", "type": "rate_limit", "code": "rate_limit"}}
            )
        message: dict[str, Any] = {"role": "assistant", "content": f"You asked: {question}"}
        if "weather" in question:
            function = {"name": "weather", "arguments": '{"city": "Oslo"}'}
            message = {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
            }
        return self.reply(
            200,
            {
                "id": "chatcmpl-7",
                "object": "chat.completion",
                "created": 1_700_000_000,
                "model": "tiny-1-0711",
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17},
            },
        )

    def reply(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Logs nothing."""


@pytest.fixture(scope="session")
def model_url() -> Iterator[str]:
    """The address of the model, as an OpenAI client wants it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    thread.join()
