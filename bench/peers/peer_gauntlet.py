"""Gauntlet: its server, and its Python SDK with its defaults."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

from load import main

import gauntlet


class Gauntlet:
    """A run of the same name for each part of the load."""

    def __init__(self) -> None:
        self._run: gauntlet.Run | None = None
        self._endpoint = os.environ.get("GAUNTLET_ENDPOINT", "")

    def start(self, folder: Path, port: int) -> subprocess.Popen[bytes]:
        self._endpoint = os.environ["GAUNTLET_ENDPOINT"] = f"http://127.0.0.1:{port}"
        os.environ["GAUNTLET_SPOOL"] = str(folder.parent / "spool")
        command = [os.environ["GAUNTLET_BIN"], "serve", "--listen", f"127.0.0.1:{port}"]
        with (folder.parent / "server.log").open("wb") as log:
            return subprocess.Popen(
                [*command, "--otlp-grpc", "off", "--data", str(folder)], stderr=log, stdout=log
            )

    def address(self, port: int) -> str:
        return f"http://127.0.0.1:{port}/readyz"

    def open(self, name: str) -> None:
        self._run = gauntlet.init(id=name, name=name, project="peers")

    def scores(self, step: int, scores: dict[str, float]) -> None:
        assert self._run is not None
        self._run.log(scores, step=step)

    def rollout(self, step: int, scores: dict[str, float], prompt: str, answer: str) -> None:
        assert self._run is not None
        self._run.rollout(scores, action=answer, observation=prompt, step=step)

    def close(self) -> None:
        assert self._run is not None
        self._run.finish()

    def count(self, name: str, kind: str) -> int:
        with urllib.request.urlopen(f"{self._endpoint}/api/v1/runs/{name}") as answer:
            run: dict[str, Any] = json.load(answer)
        return int(run["steps"])


main(Gauntlet())
