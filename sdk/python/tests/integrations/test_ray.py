"""Ray's tasks and actors write into the run of their driver, which they are given."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .conftest import ApiServer

JOB = """
import ray

import gauntlet

ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR")
run = gauntlet.init(id="a-ray-job", name="a ray job", config={"lr": 0.5})
run.log({"reward": 9.0}, step=1)


@ray.remote
def task(run, n):
    run.rollout({"reward": float(n)}, action=f"task {n}", step=0)
    gauntlet.metrics({"loss": 0.1}, step=0)
    return gauntlet.current_run() is run and gauntlet.flush()


@ray.remote
class Actor:
    def __init__(self, run):
        self.run = run

    def work(self, n):
        with self.run.episode(task=f"actor {n}") as episode:
            episode.thought("a thought")
            episode.rollout({"reward": float(n)}, action=f"actor {n}", step=2)
        return self.run.flush()


@ray.remote
def captured():
    run.rollout({"reward": 8.0}, action="captured", step=3)
    return run.flush()


actors = [Actor.remote(run) for _ in range(2)]
works = [task.remote(run, n) for n in range(4)] + [actor.work.remote(n) for n, actor in enumerate(actors)]
assert all(ray.get([*works, captured.remote()]))
run.log({"reward": 10.0}, step=4)
ray.shutdown()
"""


def test_tasks_and_actors_write_into_the_run_of_the_driver(server: ApiServer, tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text(JOB)
    env = {**os.environ, "GAUNTLET_QUIET": ""}
    ran = subprocess.run(
        [sys.executable, "job.py"], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stderr[-4000:]
    lines = [line for line in ran.stderr.splitlines() if "gauntlet:" in line]
    assert lines == [f"gauntlet: a ray job -> {server.url}/runs/a-ray-job"], "workers are quiet"
    found = server.events("a-ray-job", "snapshot.scored")
    assert sorted((e["step"], e["body"]["action"], e["body"]["scores"]["root"]) for e in found) == [
        *((0, f"task {n}", float(n)) for n in range(4)),
        (1, "", 9.0),
        *((2, f"actor {n}", float(n)) for n in range(2)),
        (3, "captured", 8.0),
        (4, "", 10.0),
    ]
    run = server.run("a-ray-job")
    assert (run["config"], run["status"]) == ({"lr": 0.5}, "completed")
    assert run["episodes"] == len(found), "each is a rollout of its own"
