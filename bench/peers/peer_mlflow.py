"""MLflow: its tracking server on SQLite; metrics and traces are logged asynchronously, its faster way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import mlflow
from load import main
from mlflow import MlflowClient


class Mlflow:
    """A run for the scores, traces of the same experiment for the rollouts."""

    def __init__(self) -> None:
        self._client: MlflowClient | None = None

    def start(self, folder: Path, port: int) -> subprocess.Popen[bytes]:
        os.environ["MLFLOW_TRACKING_URI"] = f"http://127.0.0.1:{port}"
        command = [str(Path(sys.executable).parent / "mlflow"), "server"]
        command += ["--host", "127.0.0.1", "--port", str(port)]
        command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
        command += ["--artifacts-destination", str(folder / "artifacts")]
        with (folder.parent / "server.log").open("wb") as log:
            return subprocess.Popen(command, stderr=log, stdout=log)

    def address(self, port: int) -> str:
        return f"http://127.0.0.1:{port}/health"

    def open(self, name: str) -> None:
        mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
        self._client = MlflowClient()
        mlflow.set_experiment(name)
        mlflow.config.enable_async_logging(True)
        mlflow.tracing.enable()
        mlflow.start_run(run_name=name)

    def scores(self, step: int, scores: dict[str, float]) -> None:
        mlflow.log_metrics(scores, step=step, synchronous=False)

    def rollout(self, step: int, scores: dict[str, float], prompt: str, answer: str) -> None:
        with mlflow.start_span(name="rollout") as span:
            span.set_inputs({"prompt": prompt})
            span.set_outputs({"answer": answer})
            span.set_attributes({**scores, "step": step})

    def close(self) -> None:
        mlflow.flush_async_logging()
        mlflow.flush_trace_async_logging()
        mlflow.end_run()

    def count(self, name: str, kind: str) -> int:
        client = MlflowClient(os.environ["MLFLOW_TRACKING_URI"])
        experiment = client.get_experiment_by_name(name)
        if experiment is None:
            return 0
        if kind == "scores":
            runs = client.search_runs([experiment.experiment_id])
            # The rubric of which least is there: a step counts that has all of its scores.
            names = [f"rubric_{k}" for k in (0, 11)]
            return min(len(client.get_metric_history(run.info.run_id, n)) for run in runs for n in names)
        kept, token = 0, None
        while True:
            page = client.search_traces(
                locations=[experiment.experiment_id], max_results=500, page_token=token, include_spans=False
            )
            kept, token = kept + len(page), page.token
            if not token:
                return kept


main(Mlflow())
