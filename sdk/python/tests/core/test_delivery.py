"""Nothing that was flushed is lost, nothing arrives twice, whatever dies when."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import gauntlet
from gauntlet.client import Client
from gauntlet.events import SnapshotScored

from .support import Fake, Server, lines_of, python, script, until


def roots(server: Server, run: str) -> list[float]:
    """The root scores in the log's order."""
    return [e["body"]["scores"]["root"] for e in server.events(run, "snapshot.scored")]


def test_the_server_is_killed_midway(stoppable_server: Server) -> None:
    stoppable_server.start()
    run = gauntlet.init(endpoint=stoppable_server.url)
    for i in range(3000):
        run.log({"root": float(i)})
        if i in {700, 1900}:
            until(lambda: run.stats["sent"] > 0)
            stoppable_server.kill()
        if i in {1200, 2600}:
            stoppable_server.start()
    assert run.flush(30)
    assert roots(stoppable_server, run.id) == [float(i) for i in range(3000)]
    assert run.stats["spooled"] == run.stats["dropped"] == run.stats["refused"] == 0
    run.finish()


def test_the_server_is_away_at_the_start(stoppable_server: Server) -> None:
    began = time.monotonic()
    run = gauntlet.init(endpoint=stoppable_server.url)
    for i in range(50):
        run.log({"root": float(i)})
    assert time.monotonic() - began < 2.0
    assert not run.flush(0.5)
    assert run.stats["spooled"] == 50
    stoppable_server.start()
    assert run.flush(20)
    assert roots(stoppable_server, run.id) == [float(i) for i in range(50)]
    run.finish()


def test_a_run_that_never_saw_the_server_is_delivered_by_the_next_one(
    stoppable_server: Server, environment: Path
) -> None:
    code = """
        import gauntlet
        with gauntlet.init(id="first") as run:
            for i in range(20):
                run.log({"root": float(i)})
    """
    ended = python(code, {"GAUNTLET_ENDPOINT": stoppable_server.url, "GAUNTLET_FINISH_SECONDS": "0.5"})
    assert "21 events wait in" in ended.stderr
    assert len(lines_of(environment)) == 21
    stoppable_server.start()
    second = gauntlet.init(endpoint=stoppable_server.url)
    second.log({"root": 1.0})
    until(lambda: second.stats.get("recovered", 0) == 21)
    assert roots(stoppable_server, "first") == [float(i) for i in range(20)]
    assert stoppable_server.run("first")["status"] == "completed"
    second.finish()
    assert list(environment.iterdir()) == []


def test_the_same_run_is_continued_in_order(stoppable_server: Server) -> None:
    code = """
        import gauntlet
        with gauntlet.init(id="resumed", name="n") as run:
            for i in range(START, START + 20):
                run.log({"root": float(i)}, step=i)
    """
    env = {"GAUNTLET_ENDPOINT": stoppable_server.url, "GAUNTLET_FINISH_SECONDS": "0.5"}
    python(code.replace("START", "0"), env)
    stoppable_server.start()
    python(code.replace("START", "20"), {**env, "GAUNTLET_FINISH_SECONDS": "20"})
    assert roots(stoppable_server, "resumed") == [float(i) for i in range(40)]


def test_sync_delivers_by_hand(stoppable_server: Server, environment: Path) -> None:
    with gauntlet.init(id="by-hand", mode="offline", endpoint=stoppable_server.url) as run:
        for i in range(10):
            run.log({"root": float(i)})
        run.artifact(b"hello", "a.txt")
        assert run.flush()
    assert len(lines_of(environment)) == 12
    stoppable_server.start()
    with gauntlet.init(id="other", endpoint=stoppable_server.url) as other:
        other.log({"root": 0.0})
    assert len(lines_of(environment)) == 12, "what was kept offline waits for its owner's word"
    command = script("import sys; from gauntlet.__main__ import main; sys.exit(main(['sync']))")
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    assert ended.stdout == "by-hand: 12 events delivered, 0 refused\n"
    assert roots(stoppable_server, "by-hand") == [float(i) for i in range(10)]
    (artifact,) = stoppable_server.events("by-hand", "artifact.added")
    path = f"/runs/by-hand/artifacts/{artifact['body']['sha256']}"
    assert Client(stoppable_server.url).request("GET", path) == b"hello"
    assert list(environment.iterdir()) == []


@pytest.mark.parametrize("away", [False, True], ids=["server there", "server away"])
def test_what_flush_answered_for_survives_sigkill(stoppable_server: Server, away: bool) -> None:
    stoppable_server.start()
    if away:
        stoppable_server.kill()
    code = """
        import gauntlet, os, signal
        run = gauntlet.init(id="killed")
        for i in range(500):
            run.log({"root": float(i)})
        run.artifact(b"hello", "a.txt")
        AWAY or print(run.flush(20), flush=True)
        not AWAY or print(run.flush(0.2), run.stats["spooled"], flush=True)
        run.log({"root": -1.0})
        os.kill(os.getpid(), signal.SIGKILL)
    """
    env = {**os.environ, "GAUNTLET_ENDPOINT": stoppable_server.url}
    killed = subprocess.run(script(code.replace("AWAY", str(away))), env=env, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL
    if away:
        assert killed.stdout == "False 501\n"
        stoppable_server.start()
        with gauntlet.init(endpoint=stoppable_server.url) as run:
            until(lambda: run.stats.get("recovered", 0) >= 501)
    else:
        assert killed.stdout == "True\n"
    assert roots(stoppable_server, "killed")[:500] == [float(i) for i in range(500)]


def test_a_batch_sent_twice_is_stored_once(stoppable_server: Server, environment: Path) -> None:
    """A process that dies between the server's answer and noting it down sends its last batch again."""
    stoppable_server.start()
    with gauntlet.init(id="twice", mode="offline", endpoint=stoppable_server.url) as run:
        for i in range(10):
            run.log({"root": float(i)})
    (folder,) = environment.iterdir()
    lines = (folder / "000001.ndjson").read_bytes().splitlines()
    client = Client(stoppable_server.url)
    client.create_run({"id": "twice", **run._spec.body()})
    client.append("twice", lines[:6])
    command = script("from gauntlet.__main__ import main; main(['sync'])")
    subprocess.run(command, check=True, capture_output=True)
    assert roots(stoppable_server, "twice") == [float(i) for i in range(10)]


def test_half_a_line_of_a_killed_process_is_left_out(stoppable_server: Server, environment: Path) -> None:
    stoppable_server.start()
    with gauntlet.init(id="half", mode="offline", endpoint=stoppable_server.url) as run:
        run.log({"root": 1.0})
    (folder,) = environment.iterdir()
    with (folder / "000001.ndjson").open("ab") as file:
        file.write(b'{"id":"0192')
    command = script("import sys; from gauntlet.__main__ import main; sys.exit(main(['sync']))")
    subprocess.run(command, check=True, capture_output=True)
    assert roots(stoppable_server, "half") == [1.0]


def test_a_refused_event_is_set_aside_and_the_rest_is_delivered(
    server: Server, environment: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = 0
    append = Client.append

    def counted(client: Client, *args: Any) -> Any:
        nonlocal requests
        requests += 1
        return append(client, *args)

    monkeypatch.setattr(Client, "append", counted)
    run = gauntlet.init(endpoint=server.url)
    bad = 0
    for i in range(400):
        run.log({"root": float(i)})
        if i % 10 == 3:
            run.emit(SnapshotScored({"not..a.path": 1.0}), step=5000 + i)
            bad += 1
    assert not run.flush(), "what was refused is lost"
    assert roots(server, run.id) == [float(i) for i in range(400)]
    assert run.stats["refused"] == bad
    assert requests < bad, "one refusal names many events"
    (file,) = environment.glob("*/refused.ndjson")
    refused = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(refused) == bad
    assert refused[0]["field"] == "body.scores"
    assert refused[0]["event"]["step"] == 5003
    assert any(str(file) in r.getMessage() for r in caplog.records)
    until(lambda: sum(g["body"]["lost"] for g in server.events(run.id, "gap")) == bad)
    gaps = server.events(run.id, "gap")
    assert "not a dotted rubric path" in gaps[0]["body"]["reason"]
    run.finish()
    assert file.exists(), "it stays for a person to look at"


def test_a_full_spool_is_counted_and_reported_in_the_stream(
    stoppable_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAUNTLET_SPOOL_BYTES", "20000")
    run = gauntlet.init(endpoint=stoppable_server.url)
    for i in range(300):
        run.log({"root": float(i)})
    assert not run.flush(0.3)
    lost = run.stats["server.dropped"]
    assert 0 < lost < 300
    stoppable_server.start()
    until(lambda: run.stats["sent"] > 0)
    until(lambda: stoppable_server.events(run.id, "gap"))
    assert not run.flush(20), "what found no room is lost"
    assert roots(stoppable_server, run.id) == [float(i) for i in range(300 - lost)]
    (gap,) = stoppable_server.events(run.id, "gap")
    assert gap["body"] == {"lost": lost, "reason": "the spool was full"}
    run.finish()


def test_a_spool_that_cannot_be_written_is_replaced(server: Server, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    os.environ["GAUNTLET_SPOOL"] = str(blocked)
    with gauntlet.init(endpoint=server.url) as run:
        run.log({"root": 1.0})
    assert roots(server, run.id) == [1.0]


def test_a_disk_that_is_full_loses_nothing_while_the_server_is_there(server: Server) -> None:
    code = """
        import gauntlet, resource, signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
        run = gauntlet.init(id="full-disk")
        for i in range(2000):
            run.log({"root": float(i)})
        assert run.flush(20)
        for i in range(2000, 2100):
            run.log({"root": float(i)})
        assert run.flush(20)
        assert run.stats["server.dropped" if "server.dropped" in run.stats else "dropped"] == 0
    """
    python(code, {"GAUNTLET_ENDPOINT": server.url})
    assert roots(server, "full-disk") == [float(i) for i in range(2100)]


def test_a_server_that_lost_the_run_gets_it_again(stoppable_server: Server) -> None:
    stoppable_server.start()
    run = gauntlet.init(endpoint=stoppable_server.url, name="lost and found")
    run.log({"root": 1.0})
    assert run.flush()
    stoppable_server.forget()
    stoppable_server.start()
    run.log({"root": 2.0})
    run.artifact(b"hello", "a.txt")
    assert run.flush()
    assert roots(stoppable_server, run.id) == [2.0]
    assert run.stats["uploaded"] == 1
    run.finish()


def test_threads_and_tasks_at_once(server: Server) -> None:
    run = gauntlet.init(endpoint=server.url)

    def work(n: int) -> None:
        for i in range(200):
            run.rollout({"root": float(i)}, step=i, episode=f"thread-{n}")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()

    async def task(n: int) -> None:
        for i in range(50):
            run.rollout({"root": float(i)}, step=i, episode=f"task-{n}")
            await asyncio.sleep(0)

    async def tasks() -> None:
        await asyncio.gather(*(task(n) for n in range(8)))

    asyncio.run(tasks())
    for thread in threads:
        thread.join()
    run.finish()
    found: dict[str, list[float]] = {}
    for event in server.events(run.id, "snapshot.scored"):
        found.setdefault(event["episode"], []).append(event["body"]["scores"]["root"])
    assert len(found) == 16
    for name, values in found.items():
        assert values == [float(i) for i in range(200 if name.startswith("thread") else 50)]


def test_a_step_of_1024_rollouts_with_12_rubrics_loses_none(server: Server) -> None:
    run = gauntlet.init(endpoint=server.url)
    scores = {"root": 1.0, **{f"rubric.part_{i}": i / 12 for i in range(11)}}
    for step in range(4):
        for _ in range(1024):
            run.rollout(scores, action="answer " * 20, observation="question " * 20, step=step)
    assert run.flush(60)
    snapshots = server.events(run.id, "snapshot.scored")
    assert len({(e["step"], e.get("episode")) for e in snapshots}) == 4 * 1024
    assert all(len(e["body"]["scores"]) == 12 for e in snapshots)
    assert run.stats["dropped"] == 0
    run.finish()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
def test_forked_children_log_to_the_same_run(server: Server) -> None:
    code = """
        import gauntlet, os
        run = gauntlet.init(id="forked")
        for i in range(100):
            run.log({"root": float(i)})
        pids = []
        for n in range(3):
            pid = os.fork()
            if pid == 0:
                for i in range(50):
                    run.rollout({"root": float(i)}, step=i, episode=f"child-{n}")
                assert run.flush(20)
                os._exit(0)
            pids.append(pid)
        assert all(os.waitpid(pid, 0)[1] == 0 for pid in pids)
        for i in range(100, 200):
            run.log({"root": float(i)})
    """
    python(code, {"GAUNTLET_ENDPOINT": server.url})
    events = server.events("forked", "snapshot.scored")
    parent = [e["body"]["scores"]["root"] for e in events if not e["episode"].startswith("child-")]
    assert parent == [float(i) for i in range(200)]
    for n in range(3):
        child = [e["body"]["scores"]["root"] for e in events if e.get("episode") == f"child-{n}"]
        assert child == [float(i) for i in range(50)]
    assert len(server.events("forked", "run.finished")) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
def test_workers_of_multiprocessing_deliver_what_they_log(server: Server) -> None:
    code = """
        import gauntlet, multiprocessing

        def work(n):
            gauntlet.rollout({"root": float(n)}, step=n, episode=f"worker-{n}")

        run = gauntlet.init(id="workers")
        context = multiprocessing.get_context("fork")
        workers = [context.Process(target=work, args=(n,)) for n in range(4)]
        [w.start() for w in workers]
        [w.join() for w in workers]
        assert all(w.exitcode == 0 for w in workers)
    """
    python(code, {"GAUNTLET_ENDPOINT": server.url})
    found = server.events("workers", "snapshot.scored")
    assert sorted(e["episode"] for e in found) == [f"worker-{n}" for n in range(4)]


def test_an_outage_is_reported_once_and_tried_again_ever_more_rarely(
    caplog: pytest.LogCaptureFixture,
) -> None:
    away: list[bool] = []
    fake = Fake(lambda method, path, body: (503 if away and path.endswith("/events") else 200, {}))
    run = gauntlet.init(endpoint=fake.url)
    run.log({"root": 1.0})
    assert run.flush()
    before = len(fake.asked)
    away.append(True)
    run.log({"root": 2.0})

    def attempts() -> list[float]:
        return [at for at, _, path, _, _ in fake.asked[before:] if path.endswith("/events")]

    until(lambda: len(attempts()) >= 4)
    first, *_, last = (after - at for at, after in itertools.pairwise(attempts()))
    assert last > first
    warnings = [r.getMessage() for r in caplog.records if "sent later" in r.getMessage()]
    assert len(warnings) == 1
    away.clear()
    assert run.flush()
    run.finish()
    fake.close()


def test_retries_wait_as_long_as_a_busy_server_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []

    def answer(method: str, path: str, body: bytes) -> tuple[int, dict[str, str]]:
        if path.endswith("/events"):
            ended.append(503 if not ended else 200)
            return ended[-1], {"Retry-After": "1"} if ended[-1] == 503 else {}
        return 201, {}

    fake = Fake(answer)
    monkeypatch.setenv("GAUNTLET_API_KEY", "secret")
    with gauntlet.init(endpoint=fake.url) as run:
        run.log({"root": 1.0})
        assert run.flush(10)
    fake.close()
    first, second, *_ = [a for a in fake.asked if a[2].endswith("/events")]
    assert second[0] - first[0] >= 1.0
    assert second[4] == first[4], "the same events again"
    assert first[3] == "Bearer secret"
    assert run.stats["retried"] == 1


@pytest.mark.parametrize("status", [404, 405, 413])
def test_a_server_that_takes_no_contents_still_gets_the_event(status: int) -> None:
    fake = Fake(lambda method, path, body: (status if method == "PUT" else 200, {}))
    with gauntlet.init(endpoint=fake.url) as run:
        run.artifact(b"hello", "a.txt")
        assert not run.flush(10)
    fake.close()
    assert run.stats["uploads_refused"] == 1
    assert run.losses() == [{"reason": "the content of an artifact was not kept", "count": 1}]
    assert any(b"artifact.added" in a[4] for a in fake.asked if a[2].endswith("/events"))
