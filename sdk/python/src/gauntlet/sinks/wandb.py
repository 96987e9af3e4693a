"""The Weights & Biases sink: ``rubric/<path>`` against the step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .base import Record, RunInfo, Sink

__all__ = ["WandbSink"]


class WandbSink(Sink):
    """Logs scores to a ``wandb`` run: the one given, the one that is active, or a new one made from ``init``
    arguments. Rubric scores are charted as ``rubric/<path>``, measurements (``metrics.loss``) as
    ``metrics/<path>``, both against ``step``. Needs the ``wandb`` extra."""

    name = "wandb"

    def __init__(self, run: Any = None, **init: Any) -> None:
        self._wandb = run
        self._init = init
        self._began_run = False

    def open(self, run: RunInfo) -> None:
        if self._wandb is None:
            import wandb

            self._began_run = wandb.run is None
            spec = run.spec
            defaults = {
                "project": spec.get("project"),
                "name": spec.get("name"),
                "config": spec.get("config"),
            }
            self._wandb = wandb.run if wandb.run is not None else wandb.init(**{**defaults, **self._init})
        self._wandb.define_metric("step")
        self._wandb.define_metric("rubric/*", step_metric="step")
        self._wandb.define_metric("metrics/*", step_metric="step")

    def write(self, records: Sequence[Record]) -> None:
        for record in records:
            if record.kind == "snapshot.scored":
                scores = record.body["scores"]
            elif record.kind == "score.added" and record.body["target"] == "step":
                scores = {record.body["path"]: record.body["value"]}
            else:
                continue
            if scores:
                self._wandb.log(
                    {"step": record.step, **{_name(path): value for path, value in scores.items()}}
                )

    def close(self) -> None:
        if self._began_run:
            self._wandb.finish()


def _name(path: str) -> str:
    return f"metrics/{path[8:]}" if path.startswith("metrics.") else f"rubric/{path}"
