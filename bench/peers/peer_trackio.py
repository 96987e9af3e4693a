"""Trackio: it has no server that has to run; a thread of the recording process writes to SQLite."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import trackio
from load import main
from trackio.sqlite_storage import SQLiteStorage

PROJECT = "peers"


class Trackio:
    """A run for each part of the load, in one project."""

    def start(self, folder: Path, port: int) -> subprocess.Popen[bytes] | None:
        return None

    def address(self, port: int) -> str | None:
        return None

    def open(self, name: str) -> None:
        trackio.init(project=PROJECT, name=name, embed=False, auto_log_gpu=False, auto_log_cpu=False)

    def scores(self, step: int, scores: dict[str, float]) -> None:
        trackio.log(scores, step=step)

    def rollout(self, step: int, scores: dict[str, float], prompt: str, answer: str) -> None:
        messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
        trackio.log({**scores, "rollout": trackio.Trace(messages=messages)}, step=step)

    def close(self) -> None:
        trackio.finish()

    def count(self, name: str, kind: str) -> int:
        if kind == "rollouts":
            return len(SQLiteStorage.get_traces(PROJECT, name))
        return len(SQLiteStorage.get_logs(PROJECT, name))


# The library reads it when it is imported, which the command that starts this process has to know.
assert "TRACKIO_DIR" in os.environ
main(Trackio())
