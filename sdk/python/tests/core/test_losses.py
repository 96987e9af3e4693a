"""`flush` returns whether everything logged so far is durable; losses are counted, named and reported at the
end."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import gauntlet
from gauntlet.sinks import Record, Sink

from .support import Server, python, until

HEARD = "neither a disk nor the server took them"


def reasons(run: gauntlet.Run) -> dict[str, int]:
    return {loss["reason"]: loss["count"] for loss in run.losses()}


class Raising(Sink):
    name = "raising"

    def write(self, records: Sequence[Record]) -> None:
        raise RuntimeError("always")


class Unopenable(Sink):
    name = "unopenable"

    def open(self, run: object) -> None:
        raise PermissionError("no")


@pytest.mark.parametrize(("sink", "reason"), [(Raising, "failed"), (Unopenable, "is off")])
def test_a_sink_that_takes_nothing(
    server: Server, capfd: pytest.CaptureFixture[str], sink: type[Sink], reason: str
) -> None:
    run = gauntlet.init(name="two sinks", endpoint=server.url, sinks=[sink(), gauntlet.ServerSink()])
    run.log({"root": 1.0})
    assert not run.flush()
    assert reasons(run) == {f"the {sink.name} sink {reason}": 2}
    assert len(server.events(run.id, "snapshot.scored")) == 1, "the other one has it"
    run.finish()
    printed = [line for line in capfd.readouterr().err.splitlines() if " lost: " in line]
    assert printed == [f"gauntlet: two sinks: 3 lost: 3 (the {sink.name} sink {reason})"]


def test_without_losses_nothing_is_printed(server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    run = gauntlet.init(endpoint=server.url)
    run.log({"root": 1.0, "nan": float("nan"), "half": "0.5"})
    run.rollout({"root": 1.0}, action="half \ud800 a pair")
    assert run.flush()
    run.finish()
    assert run.losses() == []
    assert "lost" not in capfd.readouterr().err


@pytest.mark.parametrize("mode", ["online", "offline"])
def test_a_full_spool(stoppable_server: Server, monkeypatch: pytest.MonkeyPatch, mode: Any) -> None:
    monkeypatch.setenv("GAUNTLET_SPOOL_BYTES", "2000")
    monkeypatch.setenv("GAUNTLET_FINISH_SECONDS", "0.5")
    run = gauntlet.init(endpoint=stoppable_server.url, mode=mode)
    for i in range(100):
        run.log({"root": float(i)})
    assert not run.flush(0.5)
    (lost,) = reasons(run).items()
    assert lost[0] == "the spool was full"
    assert lost[1] == 100 - run.stats["spooled"]
    run.finish()


def test_calls_that_are_left_out(server: Server) -> None:
    run = gauntlet.init(endpoint=server.url)
    run.log({"root": 1.0})
    assert run.flush()
    run.log(0.5)  # type: ignore[arg-type]
    run.log({"root": 1.0}, step=-4)
    run.rollout({"root": 1.0}, step=2**53)
    run.artifact(Path("/does/not/exist"))
    assert not run.flush()
    assert reasons(run) == {
        "a call of log was left out": 2,
        "a call of rollout was left out": 1,
        "an artifact was not kept": 1,
    }
    run.log({"root": 2.0})
    run.finish()
    assert [e["step"] for e in server.events(run.id, "snapshot.scored")] == [0, 1], (
        "the count of steps goes on"
    )
    run.log({"root": 3.0})
    assert reasons(run)["logged after the run had ended"] == 1
    assert not run.flush(1.0)


def test_what_is_logged_without_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gauntlet.api, "_unrecorded", None)
    assert gauntlet.flush(), "nothing was given"
    gauntlet.log({"root": 1.0})
    assert not gauntlet.flush()


@pytest.mark.parametrize("mode", ["online", "offline"])
def test_the_spool_is_removed_while_it_is_written_to(
    stoppable_server: Server, environment: Path, mode: Any
) -> None:
    run = gauntlet.init(endpoint=stoppable_server.url, mode=mode)
    run.log({"root": 0.0})
    until(lambda: list(environment.glob("*/000001.ndjson")))
    assert run.flush(0.5) is (mode == "offline")
    shutil.rmtree(environment)
    for i in range(1, 5):
        run.log({"root": float(i)})
    assert not run.flush(0.5)
    if mode == "online":
        stoppable_server.start()
        assert run.flush(20), "what was open can be read, the rest is in memory"
        roots = [e["body"]["scores"]["root"] for e in stoppable_server.events(run.id, "snapshot.scored")]
        assert roots == [0.0, 1.0, 2.0, 3.0, 4.0]
        run.finish()
    else:
        run.finish()
        assert reasons(run) == {"the spool's files were removed": 1, HEARD: 6}, "a gap is said as well"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="folders have no modes here")
@pytest.mark.parametrize("away", [False, True], ids=["server there", "server away"])
def test_a_machine_without_a_disk_to_write_to(stoppable_server: Server, tmp_path: Path, away: bool) -> None:
    """Neither the spool nor the temporary folder can be written: events and contents are delivered from
    memory."""
    stoppable_server.start()
    if away:
        stoppable_server.kill()
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    large = tmp_path / "large.bin"
    large.write_bytes(b"x" * (3 << 20))
    code = f"""
        import gauntlet, json, tempfile
        tempfile.tempdir = {str(blocked)!r}
        run = gauntlet.init(id="memory", name="from memory")
        for i in range(50):
            run.log({{"root": float(i)}})
        run.artifact(b"hello" * 1000, "a.txt")
        run.artifact(__import__("pathlib").Path({str(large)!r}))
        print(json.dumps([run.flush(1.0 if {away} else 20)]))
        run.finish()
        print(json.dumps(run.losses()))
    """
    env = {
        "GAUNTLET_ENDPOINT": stoppable_server.url,
        "GAUNTLET_SPOOL": str(blocked / "spool"),
        "GAUNTLET_FINISH_SECONDS": "1",
    }
    ended = python(code, env)
    flushed, losses = (json.loads(line) for line in ended.stdout.splitlines())
    assert "events are delivered from memory" in ended.stderr
    assert flushed == [not away]
    if away:
        assert losses == [{"reason": HEARD, "count": 53}]
        assert f"gauntlet: from memory: 53 lost: 53 ({HEARD})" in ended.stderr
    else:
        assert losses == []
        roots = [e["body"]["scores"]["root"] for e in stoppable_server.events("memory", "snapshot.scored")]
        assert roots == [float(i) for i in range(50)]
        assert len(stoppable_server.events("memory", "artifact.added")) == 2


def test_a_user_without_a_home(server: Server, tmp_path: Path) -> None:
    code = """
        import gauntlet, os, pathlib
        def nowhere():
            raise RuntimeError("Could not determine home directory.")
        pathlib.Path.home = nowhere
        run = gauntlet.init(id="homeless")
        run.log({"root": 1.0})
        assert run.flush()
    """
    env = {
        "GAUNTLET_ENDPOINT": server.url,
        "GAUNTLET_SPOOL": "",
        "XDG_CACHE_HOME": "",
        "TMPDIR": str(tmp_path),
    }
    python(code, env)
    assert len(server.events("homeless", "snapshot.scored")) == 1


def test_a_file_that_is_removed_is_lost_and_begun_again(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    run = gauntlet.init(sinks=[gauntlet.FileSink(path)])
    run.log({"root": 1.0})
    assert run.flush()
    path.unlink()
    assert not run.flush()
    run.log({"root": 2.0})
    run.finish()
    assert reasons(run) == {f"the file {path} was removed": 2}
    kinds = [json.loads(line)["kind"] for line in path.read_text().splitlines()]
    assert kinds == ["snapshot.scored", "run.finished"]


def test_more_scores_than_one_event_holds_are_split(server: Server) -> None:
    many = {f"m{i:04}": float(i) for i in range(3000)}
    with gauntlet.init(endpoint=server.url) as run:
        run.log({**many, "reward": 0.5})
        run.rollout(many)
        run.metrics(many, step=0)
        assert run.flush()
    wanted = {f"m{i:04}": float(i) for i in range(3000)}
    for step, extra in ((0, {"root": 0.5}), (1, {})):
        (snapshot,) = [e for e in server.events(run.id, "snapshot.scored") if e["step"] == step]
        assert len(snapshot["body"]["scores"]) == 1024
        added = [e for e in server.events(run.id, "score.added") if e.get("episode") == snapshot["episode"]]
        found = {**snapshot["body"]["scores"], **{e["body"]["path"]: e["body"]["value"] for e in added}}
        assert found == {**wanted, **extra}
    assert run.stats["skipped_values"] == 0


@pytest.mark.parametrize("id", ["\u8a55" * 80, "x" * 201])
def test_an_id_that_the_server_never_takes_is_refused_at_once(id: str) -> None:
    with pytest.raises(ValueError, match="the id of a run has at most 200 bytes"):
        gauntlet.init(id=id)
    assert gauntlet.current_run() is None


def test_limits_are_in_bytes(server: Server) -> None:
    wide = "\u8a55\u4fa1"
    run = gauntlet.init(
        endpoint=server.url,
        id="\u8a55" * 66,
        name=wide * 200,
        task=wide * 200,
        tags=[wide * 200] * 70,
        config={"text": wide * 300_000},
    )
    for k in range(2):
        run.rollout({wide * 100: 1.0}, episode=wide * 100 + str(k), step=k, action=wide * 300_000)
    with run.episode(wide * 100, id=wide * 50) as episode:
        episode.message("user", wide * 300_000, more=wide * 300_000)
        with episode.tool_call(wide * 200, {wide * 5000: wide * 5000}) as call:
            call.result = wide * 5000
    run.artifact(b"x", name=wide * 200)
    assert run.flush()
    assert run.stats["refused"] == 0
    first, second, *_ = server.events(run.id, "snapshot.scored")
    assert first["episode"] != second["episode"]
    assert len(server.run(run.id)["tags"]) == 64
    assert len(json.dumps(server.run(run.id)["config"], ensure_ascii=False).encode()) <= (1 << 20) + 100
    run.finish()
