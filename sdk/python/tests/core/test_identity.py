"""Who a rollout is: what any process logs stays, whatever others log at the same step and whatever comes
after it."""

from __future__ import annotations

import json
import os
import re
import textwrap
from typing import Any

import pytest

import gauntlet
from gauntlet.client import Client

from .support import Server, python


def nodes(server: Server, run: str) -> list[tuple[int, str, float | None]]:
    """Step, episode and root score of each snapshot, in the log's order."""
    return [
        (e["step"], e["episode"], e["body"]["scores"].get("root"))
        for e in server.events(run, "snapshot.scored")
    ]


def test_what_names_no_episode_gets_one_of_this_process_alone(server: Server) -> None:
    with gauntlet.init(endpoint=server.url) as run:
        run.log({"root": 1.0}, step=3)
        run.rollout({"root": 2.0}, step=3)
        run.rollout({"root": 3.0}, step=3)
        run.log({"late": 4.0}, step=3)
        run.rollout({"root": 5.0}, step=4)
    writer = run.journal.writer
    assert re.fullmatch(r"[0-9a-f]{12}", writer)
    assert nodes(server, run.id) == [
        (3, f"{writer}-3", 1.0),
        (3, f"{writer}-3-0", 2.0),
        (3, f"{writer}-3-1", 3.0),
        (4, f"{writer}-4-2", 5.0),
    ]
    (late,) = server.events(run.id, "score.added")
    assert (late["step"], late["episode"], late["body"]["path"]) == (3, f"{writer}-3", "late")


def test_metrics_make_and_change_no_rollout(server: Server) -> None:
    """A GRPO loop: rollouts of a step, then its measurements, and some of the next step before its
    rollouts."""
    with gauntlet.init(endpoint=server.url) as run:
        for step in range(20):
            run.metrics({"lr": 0.5}, step=step)
            for k in range(4):
                run.rollout({"reward": float(k)}, step=step)
            run.metrics({"loss": float(step), "kl": 0.1})
        with run.episode("T"):
            run.metrics({"inside": 1.0}, step=3)
    assert len({(step, episode) for step, episode, _ in nodes(server, run.id)}) == 80
    added = server.events(run.id, "score.added")
    assert {e.get("episode") for e in added} == {None}
    assert {(e["body"]["target"], e["body"]["source"]) for e in added} == {("step", "log")}
    assert [e["step"] for e in added if e["body"]["path"] == "metrics.loss"] == list(range(20))
    assert [e["step"] for e in added if e["body"]["path"] == "metrics.inside"] == [3]


def test_measurements_alone_count_steps(server: Server) -> None:
    with gauntlet.init(endpoint=server.url) as run:
        for i in range(5):
            run.metrics({"loss": float(i)})
            run.metrics({"lr": float(i)})
        run.log({"reward": 1.0})
        run.metrics({"loss": 9.0})
    found = [(e["step"], e["body"]["path"], e["body"]["value"]) for e in server.events(run.id, "score.added")]
    assert [(s, v) for s, path, v in found if path == "metrics.loss"] == [
        (0, 0.0), (1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0), (4, 9.0),
    ]  # fmt: skip
    assert [s for s, path, _ in found if path == "metrics.lr"] == [0, 1, 2, 3, 4]
    assert [step for step, *_ in nodes(server, run.id)] == [4]


def test_a_score_without_an_episode_is_of_what_was_scored_last(server: Server) -> None:
    with gauntlet.init(endpoint=server.url) as run:
        run.rollout({"root": 1.0}, step=0)
        run.rollout({"root": 2.0}, step=0)
        run.score("judge", 0.5)
        run.log({"root": 3.0}, step=0)
        run.score("judge", 0.75, step=0)
        run.rollout({"root": 4.0}, step=1, episode="mine")
        run.score("judge", 0.25)
        run.score("whole", 1.0, target="episode")
    writer = run.journal.writer
    assert [(e["step"], e["episode"]) for e in server.events(run.id, "score.added")] == [
        (0, f"{writer}-0-1"), (0, f"{writer}-0"), (1, "mine"),
    ]  # fmt: skip
    assert run.stats["skipped_values"] == 1, "a score of an episode must name one"


def test_replacing_a_rollout_is_reported(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    with gauntlet.init(endpoint=server.url) as run:
        for k in range(3):
            run.rollout({"root": float(k)}, step=0, episode="train")
    assert run.stats["replaced_rollouts"] == 2
    assert (
        len([r for r in caplog.records if "episode 'train' has a rollout of step 0" in r.getMessage()]) == 1
    )


PROGRAMS = {
    "fork": """
        import gauntlet, os
        run = gauntlet.init(id=RUN)
        pids = []
        for n in range(4):
            pid = os.fork()
            if pid == 0:
                work(n)
                assert run.flush()
                os._exit(0)
            pids.append(pid)
        assert all(os.waitpid(pid, 0)[1] == 0 for pid in pids)
    """,
    "two processes of one id": """
        import subprocess, sys
        begin = f"import gauntlet; gauntlet.init(id={RUN!r})\\n"
        say = "[gauntlet.rollout({'reward': float(%d + k)}, step=0) for k in range(2)]"
        workers = [subprocess.Popen([sys.executable, "-c", begin + say % n]) for n in range(4)]
        assert not any(w.wait() for w in workers)
    """,
}
WORK = """
def work(n):
    for k in range(2):
        gauntlet.rollout({"reward": float(n + k)}, step=0)
    gauntlet.metrics({"loss": 0.1}, step=0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
@pytest.mark.parametrize("name", PROGRAMS)
def test_four_processes_of_two_rollouts_are_eight(server: Server, name: str) -> None:
    run = "eight-" + name.replace(" ", "-")
    python(WORK + f"RUN = {run!r}\n" + textwrap.dedent(PROGRAMS[name]), {"GAUNTLET_ENDPOINT": server.url})
    found = nodes(server, run)
    assert len({(step, episode) for step, episode, _ in found}) == 8
    roots = [root for *_, root in found if root is not None]
    assert sum(roots) / len(roots) == 2.0
    points: list[dict[str, Any]] = json.loads(
        Client(server.url).request("GET", f"/runs/{run}/series?path=root")
    )["points"]
    assert len(points) == 8


def test_a_call_outside_an_episode_is_of_what_the_process_logs_there(server: Server) -> None:
    @gauntlet.observe(name="look")
    def look() -> None: ...

    with gauntlet.init(endpoint=server.url) as run:
        look()
        run.log({"root": 1.0})
        look()
    assert [(e["step"], e["episode"]) for e in server.events(run.id, "step.recorded")] == [
        (step, f"{run.journal.writer}-{step}") for step in (0, 0, 1, 1)
    ]
