"""A watched rubric that waits for a person: the question, the answer, tweaks of the tree."""
# mypy: disable-error-code="misc"

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import Any

import pytest
from openenv.core.rubrics import Rubric

import gauntlet
from gauntlet.client import Client

from .support import Server, until


class Fixed(Rubric):
    """Returns a given score."""

    def __init__(self, score: float) -> None:
        super().__init__()
        self.score = score

    def forward(self, action: Any, observation: Any) -> float:
        return self.score


class AsyncFixed(Rubric):
    async def forward(self, action: Any, observation: Any) -> float:
        return 1.0


@pytest.fixture
def run(server: Server) -> gauntlet.Run:
    return gauntlet.init(project="pause", endpoint=server.url)


def issue(server: Server, run: gauntlet.Run, action: str, **parameters: Any) -> None:
    order = {"action": action, "parameters": parameters, "author": "dana"}
    Client(server.url).request(
        "POST", f"/runs/{run.id}/commands", json.dumps(order).encode(), "application/json"
    )


def wait_for_pause(server: Server, run: gauntlet.Run) -> dict[str, Any]:
    def paused() -> list[dict[str, Any]]:
        found = [e for e in server.events(run.id, "snapshot.scored") if e["body"]["is_paused"]]
        return found if server.run(run.id)["status"] == "paused" else []

    found: list[dict[str, Any]] = until(paused)
    return found[-1]


def test_a_pause_is_answered_from_outside(server: Server, run: gauntlet.Run) -> None:
    class Weighted(Rubric):
        def __init__(self) -> None:
            super().__init__()
            self.grounding = Fixed(-20.0)
            self.weight = 2.0

        def forward(self, action: Any, observation: Any) -> float:
            return self.weight * float(self.grounding(action, observation))

    rubric = Weighted()
    scores: list[float] = []

    def loop() -> None:
        scores.extend(rubric(f"a{i}", "o") for i in range(3))

    with gauntlet.watch(rubric, pause_on=[1], pause_timeout=20):
        assert run.flush()
        thread = threading.Thread(target=loop)
        thread.start()
        paused = wait_for_pause(server, run)
        assert paused["step"] == 2
        assert paused["body"]["challenge"]["type"] == "HALLUCINATION_GUARD"
        assert len(scores) == 1
        issue(server, run, "tweak", **{"weight": 3, "grounding.score": -10.0})
        issue(server, run, "tweak", **{"weight": 9, "nothing.here": 1})
        issue(server, run, "answer", answer="Missing from context")
        thread.join(10)
    assert scores == [-40.0, -40.0, -30.0]
    assert run.flush()
    results = [e["body"]["result"] for e in server.events(run.id, "command.applied")]
    assert results == [
        "set weight = 3, grounding.score = -10.0",
        "refused: the rubric has no parameter 'nothing.here'",
        "answered 'Missing from context'",
    ]
    (answered,) = server.events(run.id, "challenge.answered")
    assert (answered["step"], answered["body"]["answer"], answered["body"]["author"]) == (
        2, "Missing from context", "dana",
    )  # fmt: skip
    assert server.run(run.id)["status"] == "running"


def test_a_pause_ends_by_itself(server: Server, run: gauntlet.Run) -> None:
    rubric = Fixed(1.0)
    with gauntlet.watch(rubric, pause_on=[0], pause_timeout=0.3):
        began = time.monotonic()
        rubric("a", "o")
        assert time.monotonic() - began >= 0.3
    assert run.flush()
    statuses = server.events(run.id, "run.status")
    assert [s["body"]["status"] for s in statuses] == ["paused", "running"]
    assert statuses[1]["body"]["reason"] == "nobody resumed in time"


def test_a_paused_async_root_lets_other_tasks_run(server: Server, run: gauntlet.Run) -> None:
    rubric = AsyncFixed()
    assert run.flush()

    async def resume() -> None:
        await asyncio.to_thread(wait_for_pause, server, run)
        await asyncio.to_thread(issue, server, run, "resume")

    async def main() -> None:
        other = asyncio.create_task(resume())
        await rubric("1", "o")
        await other

    with gauntlet.watch(rubric, pause_on=[0], pause_timeout=60):
        asyncio.run(main())
    assert run.flush()
    reasons = [s["body"].get("reason") for s in server.events(run.id, "run.status")]
    assert reasons[-1] == "dana resumed the run"
