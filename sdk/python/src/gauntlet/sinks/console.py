"""The console sink: one line for each scored step."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TextIO

from .base import Record, Sink

__all__ = ["ConsoleSink"]


class ConsoleSink(Sink):
    """Prints scores as they come, to ``stream`` (standard error where none is given)."""

    name = "console"

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def write(self, records: Sequence[Record]) -> None:
        lines = [line for record in records if (line := _line(record))]
        if lines:
            out = self._stream or sys.stderr
            out.write("\n".join(lines) + "\n")
            out.flush()

    def forked(self) -> Sink | None:
        return self


def _line(record: Record) -> str | None:
    where = f"step {record.step}" if record.step is not None else "run"
    if record.episode is not None:
        where += f" {record.episode}"
    body = record.body
    if record.kind == "snapshot.scored":
        scores = "  ".join(f"{path} {value:.6g}" for path, value in body["scores"].items())
        skipped = body.get("not_evaluated")
        return f"{where}  {scores}" + (f"  (not evaluated: {', '.join(skipped)})" if skipped else "")
    if record.kind == "score.added":
        return f"{where}  {body['path']} {body['value']:.6g}"
    if record.kind in {"run.finished", "run.status"}:
        return f"run {body['status']}"
    if record.kind == "gap":
        return f"{body['lost']} events lost: {body['reason']}"
    return None
