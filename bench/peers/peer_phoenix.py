"""Phoenix: its server on SQLite; rollouts are spans through its own OpenTelemetry setup with batches.

It has no metrics: the scores of a step are a span with an attribute a rubric, as are those of a rollout.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from load import main
from opentelemetry.sdk.trace import TracerProvider
from phoenix.client import Client
from phoenix.otel import register


class Phoenix:
    """A project for each part of the load."""

    def __init__(self) -> None:
        self._provider: TracerProvider | None = None
        self._tracer: Any = None

    def start(self, folder: Path, port: int) -> subprocess.Popen[bytes]:
        os.environ["PHOENIX_COLLECTOR_ENDPOINT"] = f"http://127.0.0.1:{port}"
        environment = os.environ | {
            "PHOENIX_WORKING_DIR": str(folder), "PHOENIX_PORT": str(port), "PHOENIX_HOST": "127.0.0.1",
            "PHOENIX_GRPC_PORT": str(port + 1), "PHOENIX_TELEMETRY_ENABLED": "false",
        }  # fmt: skip
        with (folder.parent / "server.log").open("wb") as log:
            command = [str(Path(sys.executable).parent / "phoenix"), "serve"]
            return subprocess.Popen(command, env=environment, stderr=log, stdout=log)

    def address(self, port: int) -> str:
        return f"http://127.0.0.1:{port}/readyz"

    def open(self, name: str) -> None:
        endpoint = os.environ["PHOENIX_COLLECTOR_ENDPOINT"] + "/v1/traces"
        self._provider = register(
            endpoint=endpoint, project_name=name, batch=True, set_global_tracer_provider=False, verbose=False
        )
        self._tracer = self._provider.get_tracer("peers")

    def scores(self, step: int, scores: dict[str, float]) -> None:
        with self._tracer.start_as_current_span("step") as span:
            span.set_attributes({**scores, "step": step})

    def rollout(self, step: int, scores: dict[str, float], prompt: str, answer: str) -> None:
        with self._tracer.start_as_current_span("rollout") as span:
            span.set_attributes({**scores, "step": step, "input.value": prompt, "output.value": answer})

    def close(self) -> None:
        assert self._provider is not None
        self._provider.force_flush()
        self._provider.shutdown()

    def count(self, name: str, kind: str) -> int:
        client = Client(base_url=os.environ["PHOENIX_COLLECTOR_ENDPOINT"])
        try:
            return len(client.spans.get_spans(project_identifier=name, limit=1_000_000))
        except Exception as error:  # The project is there once its first span is.
            if "404" in str(error):
                return 0
            raise


main(Phoenix())
