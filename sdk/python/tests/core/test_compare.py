"""Several runs at once: histories in columns, and the comparison."""

from __future__ import annotations

import pytest

import gauntlet
from gauntlet.client import Client
from gauntlet.errors import ApiError

from .support import Server


def test_runs_are_read_side_by_side(server: Server) -> None:
    names = []
    for lr in (1, 2):
        with gauntlet.init(name=f"run {lr}, 100%", config={"lr": lr}, endpoint=server.url) as run:
            for step in range(10):
                run.log({"root": step * lr}, step=step)
        names.append(run.id)
    client = Client(server.url)
    batch = client.series(names, ["root"], axis="elapsed", start=2, stop=5, smoothing=0.5)
    assert [run["paths"] for run in batch["runs"]] == [["root"], ["root"]]
    assert batch["series"][1]["step"] == [2, 3, 4, 5]
    assert batch["series"][1]["mean"] == [4.0, 6.0, 8.0, 10.0]
    assert len(batch["series"][1]["x"]) == 4
    compared = client.compare(names, baseline=names[1])
    assert compared["config"] == [{"key": "lr", "values": [1, 2]}]
    assert compared["paths"][0]["runs"][0]["difference"] == -4.5
    with pytest.raises(ApiError, match=r"paths\[0\].*nothing"):
        client.series(names, ["nothing"])


def test_any_id_can_be_compared(server: Server) -> None:
    client = Client(server.url)
    names = ["a,b", "100%", "a%2Cb"]
    for name in names:
        client.create_run({"id": name, "name": name})
    assert [run["id"] for run in client.compare(names)["runs"]] == names


def test_groups_and_tasks(server: Server) -> None:
    names = []
    for reward in (1.0, -1.0):
        with gauntlet.init(name="groups", endpoint=server.url) as run:
            for root in (reward, reward - 1):
                run.rollout({"root": root}, step=3, action=str(root), observation="2 + 2")
        names.append(run.id)
    client = Client(server.url)
    (group,) = client.groups(names[0], step=3)["groups"]
    assert [rollout["advantage"] for rollout in group["rollouts"]] == [1.0, -1.0]
    assert client.groups(names[0])["tied"] == [0]
    assert client.correlations(names[0], start=3)["nodes"] == 2
    tasks = client.compare_tasks(names[0], names[1])
    assert (tasks["shared"], tasks["only_a"][0]["prompt"]) == (1, "2 + 2")
