"""A process reports to the server that it writes and how it ended; a worker joins its run and prints
nothing."""

from __future__ import annotations

import copy
import json
import multiprocessing
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import gauntlet
from gauntlet import heartbeat
from gauntlet.client import Client
from gauntlet.errors import ApiError

from .support import Fake, Server, python, until


def ok(method: str, path: str, body: bytes) -> tuple[int, dict[str, str]]:
    return 200, {}


def kinds(fake: Fake) -> list[str]:
    """The requests in order: creating the run, reports of writers, kinds of events."""
    found = []
    for _, method, path, _, body in fake.asked:
        if "/writers/" in path:
            found.append(json.loads(body)["state"])
        elif path.endswith("/events"):
            found += [json.loads(line)["kind"] for line in body.splitlines()]
        else:
            found.append(f"{method} {path.rpartition('/')[2]}")
    return found


def test_a_writer_sends_heartbeats_and_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "INTERVAL_SECONDS", 0.05)
    fake = Fake(ok)
    run = gauntlet.init(endpoint=fake.url)
    run.log({"root": 1.0})
    assert run.flush()
    until(lambda: len(fake.bodies("PUT", f"/writers/{run.journal.writer}")) >= 3)
    run.finish("failed", {"accuracy": 0.5, "exit_code": 3})
    fake.close()
    *running, finished = fake.bodies("PUT", f"/runs/{run.id}/writers/{run.journal.writer}")
    assert all(state == {"state": "running", "interval_secs": 10} for state in running)
    assert finished == {
        "state": "finished",
        "status": "failed",
        "exit_code": 3,
        "summary": {"accuracy": 0.5, "exit_code": 3},
    }
    assert [kind for kind in kinds(fake) if kind not in {"running", "POST runs"}] == [
        "snapshot.scored",
        "finished",
    ], "the server writes the end"


def test_a_server_without_writers_gets_the_end_as_an_event() -> None:
    fake = Fake(lambda method, path, body: (404 if "/writers/" in path else 200, {}))
    with gauntlet.init(endpoint=fake.url) as run:
        run.log({"root": 1.0})
    fake.close()
    assert kinds(fake) == ["POST runs", "running", "snapshot.scored", "run.finished"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_nothing_more_is_sent_for_a_run_that_was_deleted(
    environment: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], when: str
) -> None:
    deleted: list[bool] = []
    fake = Fake(lambda method, path, body: (410 if deleted and not path.endswith("/runs") else 200, {}))
    run = gauntlet.init(name="gone", endpoint=fake.url)
    run.log({"root": 1.0})
    assert run.flush()
    deleted.append(True)
    for i in range(10):
        run.log({"root": float(i)})
        if when == "before" and i == 3:
            assert not run.flush(5.0)
    run.finish()
    fake.close()
    assert (
        len([path for _, method, path, _, _ in fake.asked if method == "POST" and path.endswith("/runs")])
        == 1
    )
    (loss,) = run.losses()
    assert loss["reason"] == "the run was deleted"
    assert loss["count"] >= 10
    assert (
        len([r for r in caplog.records if "the run was deleted; nothing more is sent" in r.getMessage()]) == 1
    )
    assert f"gone: {loss['count']} lost: {loss['count']} (the run was deleted)" in capfd.readouterr().err
    assert list(environment.iterdir()) == []


def test_what_is_left_of_a_deleted_run_does_not_bring_it_back(environment: Path) -> None:
    fake = Fake(lambda method, path, body: (503, {}) if path.endswith("/events") else (200, {}))
    os.environ["GAUNTLET_FINISH_SECONDS"] = "0.2"
    with gauntlet.init(endpoint=fake.url, id="deleted") as run:
        run.log({"root": 1.0})
    fake.close()
    gone = Fake(lambda method, path, body: (410 if "/deleted/" in path else 200, {}))
    for folder in environment.glob("*/run.json"):
        folder.write_text(folder.read_text().replace(fake.url, gone.url))
    with gauntlet.init(endpoint=gone.url) as other:
        other.log({"root": 1.0})
        assert other.flush()
        until(lambda: other.stats.get("undeliverable") == 1)
    gone.close()
    created = [
        json.loads(body)["id"]
        for _, how, path, _, body in gone.asked
        if how == "POST" and path.endswith("/runs")
    ]
    assert created == [other.id]


def test_a_run_is_itself_where_it_is_and_a_writer_elsewhere() -> None:
    fake = Fake(ok)
    with gauntlet.init(endpoint=fake.url) as run:
        assert pickle.loads(pickle.dumps(run)) is run
        assert copy.deepcopy({"run": run})["run"] is run
    fake.close()


def test_a_rank_without_an_id_warns_that_it_begins_another_run(server: Server) -> None:
    code = "import gauntlet; gauntlet.init(name='ranks', {more}).finish()"
    expected = {
        ("", "0"): [f"gauntlet: ranks -> {server.url}"],
        ("", "1"): ["gauntlet: rank 1 begins a run of its own; to write one run, give all ranks the same id"],
        ("id='ranks'", "1"): [],
    }
    for (more, rank), lines in expected.items():
        ran = python(code.format(more=more), {"GAUNTLET_ENDPOINT": server.url, "RANK": rank})
        printed = ran.stderr.splitlines()
        assert len(printed) == len(lines), ran.stderr
        assert all(found.startswith(line) for found, line in zip(printed, lines, strict=True)), ran.stderr


def test_functions_that_use_the_package_can_be_sent_elsewhere() -> None:
    """Their globals hold the package, and cloudpickle pickles by value what is not exactly a module."""
    assert pickle.loads(pickle.dumps(gauntlet)) is gauntlet


JOB = """
import concurrent.futures, gauntlet, multiprocessing, sys

def work(run, n):
    for k in range(2):
        run.rollout({"reward": float(n + k)}, step=0)
    gauntlet.metrics({"loss": 0.1}, step=0)
    assert gauntlet.current_run() is run
    return run.journal.writer

def by_id(id, n):
    work(gauntlet.init(id=id), n)

if __name__ == "__main__":
    how, method = sys.argv[1:]
    context = multiprocessing.get_context(method)
    run = gauntlet.init(id=f"{how}-{method}", name="a job", config={"lr": 0.5})
    run.log({"reward": 9.0}, step=1)
    if how == "process":
        workers = [context.Process(target=work, args=(run, n)) for n in range(4)]
        [w.start() for w in workers]
        [w.join() for w in workers]
        assert not any(w.exitcode for w in workers)
    elif how == "id":
        workers = [context.Process(target=by_id, args=(run.id, n)) for n in range(4)]
        [w.start() for w in workers]
        [w.join() for w in workers]
        assert not any(w.exitcode for w in workers)
    elif how == "pool":
        with context.Pool(2) as pool:
            pool.starmap(work, [(run, n) for n in range(4)])
    else:
        with concurrent.futures.ProcessPoolExecutor(2, context) as pool:
            list(pool.map(work, [run] * 4, range(4)))
    run.log({"reward": 10.0})
"""


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
@pytest.mark.parametrize("how", ["process", "id", "pool", "futures"])
def test_workers_of_a_job_write_into_its_run(server: Server, tmp_path: Path, how: str, method: str) -> None:
    (tmp_path / "job.py").write_text(JOB)
    env = {**os.environ, "GAUNTLET_ENDPOINT": server.url}
    command = [sys.executable, "job.py", how, method]
    ended = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    lines = [line for line in ended.stderr.splitlines() if "gauntlet" in line]
    assert lines == [f"gauntlet: a job -> {server.url}/runs/{how}-{method}"], "workers say nothing"
    found = server.events(f"{how}-{method}", "snapshot.scored")
    nodes: dict[tuple[int, str], Any] = {
        (e["step"], e["episode"]): e["body"]["scores"]["root"] for e in found
    }
    assert sorted(value for (step, _), value in nodes.items() if step == 0) == [
        float(n + k) for n, k in sorted(((n, k) for n in range(4) for k in range(2)), key=sum)
    ]
    assert [value for (step, _), value in nodes.items() if step == 1] == [9.0]
    assert [value for (step, _), value in nodes.items() if step == 2] == [10.0]
    stored = server.run(f"{how}-{method}")
    assert (stored["name"], stored["config"], stored["status"]) == ("a job", {"lr": 0.5}, "completed")


def test_the_server_ends_a_run_when_its_last_writer_has_finished(server: Server) -> None:
    """Two programs of one id, of which one fails first: the run ends with the other, and as failed."""
    env = {**os.environ, "GAUNTLET_ENDPOINT": server.url}
    code = """
import gauntlet, sys
run = gauntlet.init(id="two-programs")
run.log({"root": 1.0}, step=0)
assert run.flush()
print("logged", flush=True)
sys.exit(int(sys.stdin.readline()))
"""
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", code], env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "logged\n"
    programs[0].communicate("3\n", timeout=60)
    assert server.run("two-programs")["status"] == "running"
    programs[1].communicate("0\n", timeout=60)
    (ended,) = server.events("two-programs", "run.finished")
    assert (ended["body"]["status"], ended["body"]["summary"]["exit_code"]) == ("failed", 3)
    assert len(server.events("two-programs", "snapshot.scored")) == 2


def test_a_deleted_run_stays_deleted(server: Server) -> None:
    run = gauntlet.init(name="to delete", endpoint=server.url)
    run.log({"root": 1.0})
    assert run.flush()
    Client(server.url).request("DELETE", f"/runs/{run.id}?name=to%20delete")
    run.log({"root": 2.0})
    assert not run.flush(10)
    run.finish()
    with pytest.raises(ApiError, match=r"404|410"):
        server.run(run.id)
    with gauntlet.init(id=run.id, name="again", endpoint=server.url) as again:
        again.log({"root": 3.0})
    assert server.run(run.id)["name"] == "again"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
def test_a_run_does_not_wait_for_workers_that_are_gone(server: Server) -> None:
    code = """
        import gauntlet, os, signal
        run = gauntlet.init(id="gone-workers")
        for how in ("exit", "kill"):
            pid = os.fork()
            if pid == 0:
                gauntlet.rollout({"root": 1.0}, step=0)
                assert gauntlet.flush()
                os._exit(0) if how == "exit" else os.kill(os.getpid(), signal.SIGKILL)
            os.waitpid(pid, 0)
    """
    python(code, {"GAUNTLET_ENDPOINT": server.url})
    assert server.run("gone-workers")["status"] == "completed"
    assert len(server.events("gone-workers", "snapshot.scored")) == 2
