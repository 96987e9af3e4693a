"""torchrun starts several processes of one training; with one id they write one run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .conftest import ApiServer

TRAINING = """
import torch
from torch import distributed

import gauntlet

distributed.init_process_group("gloo")
rank = distributed.get_rank()
run = gauntlet.init(name="two ranks")
model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(3):
    loss = model(torch.randn(8, 4)).pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    for n in range(2):
        run.rollout({"reward": float(rank)}, action=f"rank {rank}, rollout {n}", step=step)
    if rank == 0:
        run.metrics({"loss": loss.detach()}, step=step)
distributed.destroy_process_group()
"""


def test_ranks_of_one_id_write_one_run(server: ApiServer, tmp_path: Path) -> None:
    run = "two-ranks"
    (tmp_path / "training.py").write_text(TRAINING)
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node=2",
        "training.py",
    ]
    env = {**os.environ, "GAUNTLET_QUIET": "", "OTEL_RESOURCE_ATTRIBUTES": f"gauntlet.run.id={run}"}
    ran = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr[-4000:]
    lines = [line for line in ran.stderr.splitlines() if line.startswith("gauntlet")]
    assert lines == [f"gauntlet: two ranks -> {server.url}/runs/{run}"], "the other rank is quiet"

    rollouts = server.events(run, "snapshot.scored")
    assert sorted((e["step"], e["body"]["action"]) for e in rollouts) == [
        (step, f"rank {rank}, rollout {n}") for step in range(3) for rank in range(2) for n in range(2)
    ]
    assert len({(e["step"], e["episode"]) for e in rollouts}) == 12, "none replaces another"
    assert [point["step"] for point in server.curve(run, "metrics.loss")] == [0, 1, 2]
    assert server.run(run)["status"] == "completed"
    assert len(server.events(run, "run.finished")) == 1
