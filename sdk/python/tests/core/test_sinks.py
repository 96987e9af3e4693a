"""Several sinks at once, each on its own; a file that the server opens; the real Weights & Biases."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import gauntlet
from gauntlet.sinks import Record, Sink

from .support import Server, python


class Collecting(Sink):
    name = "collecting"

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.closed = False

    def write(self, records: Sequence[Record]) -> None:
        self.records += records

    def close(self) -> None:
        self.closed = True


class Failing(Sink):
    name = "failing"

    def write(self, records: Sequence[Record]) -> None:
        raise RuntimeError("always")


class Stuck(Sink):
    name = "stuck"

    def __init__(self) -> None:
        self.free = threading.Event()
        self.is_done = False

    def write(self, records: Sequence[Record]) -> None:
        self.free.wait(60)
        self.is_done = True


class Shaky(Collecting):
    """Fails every other time, before it took anything."""

    name = "shaky"
    times = 0

    def write(self, records: Sequence[Record]) -> None:
        self.times += 1
        if self.times % 2:
            raise OSError("try again")
        super().write(records)


class Unopenable(Collecting):
    name = "unopenable"

    def open(self, run: object) -> None:
        raise PermissionError("no")


def test_one_bad_sink_disturbs_no_other(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    good, stuck, shaky = Collecting(), Stuck(), Shaky()
    sinks: list[Sink] = [Failing(), stuck, Unopenable(), shaky, good, gauntlet.ServerSink()]
    run = gauntlet.init(endpoint=server.url, sinks=sinks)
    for i in range(200):
        run.log({"root": float(i)})
    assert not stuck.is_done, "logging does not wait for a sink"
    assert not run.flush(2.0), "the stuck one has not written"
    assert len(server.events(run.id, "snapshot.scored")) == 200
    assert [r.body["scores"]["root"] for r in good.records if r.kind == "snapshot.scored"] == [
        float(i) for i in range(200)
    ]
    assert [r.id for r in shaky.records] == [r.id for r in good.records]
    stuck.free.set()
    run.finish()
    stats = run.stats
    assert stats["failing.dropped"] >= 200
    assert stats["shaky.retried"] >= 1
    assert stats["collecting.written"] == len(good.records) == 202
    assert good.closed
    messages = [r.getMessage() for r in caplog.records]
    assert len([t for t in messages if "the failing sink failed: RuntimeError: always" in t]) == 1
    assert any("the unopenable sink is off: PermissionError: no" in t for t in messages)


def test_sinks_of_one_name_are_counted_and_warned_of_each(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    class Namesake(Failing):
        name = "server"

    class Counting(Collecting):
        name = "server"

        def stats(self) -> dict[str, int]:
            return {"spooled": 5}

    good, counting = Collecting(), Counting()
    sinks: list[Sink] = [Namesake(), Failing(), Failing(), good, Collecting(), counting]
    run = gauntlet.init(endpoint=server.url, sinks=[*sinks, gauntlet.ServerSink()])
    run.log({"root": 1.0})
    assert not run.flush()
    assert run.stats["spooled"] == 5, "everything has arrived, and another sink holds five"
    run.finish()
    assert [r.kind for r in counting.records] == [r.kind for r in good.records]
    assert good.records[-1].kind == "run.finished"
    stats, count = run.stats, len(good.records)
    assert (stats["collecting.written"], stats["collecting-2.written"]) == (count, count)
    assert (stats["failing.dropped"], stats["failing-2.dropped"], stats["server-2.dropped"]) == (count,) * 3
    assert stats["server-3.written"] == stats["server.written"] == count
    assert "server.dropped" not in stats
    messages = [r.getMessage() for r in caplog.records]
    for name in ("failing", "failing-2", "server-2"):
        assert len([t for t in messages if f"the {name} sink failed: RuntimeError: always" in t]) == 1
    assert len(server.events(run.id, "run.finished")) == 1


def test_a_file_is_opened_by_the_server(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "run.jsonl"
    run = gauntlet.init(name="from a file", config={"lr": 0.1}, sinks=[gauntlet.FileSink(path)])
    run.log({"reward": 0.5, "grounding": -20})
    with run.episode("T") as episode:
        episode.thought("hm")
    run.log({"late": 1.0}, step=0)
    run.finish()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert next(e["kind"] for e in lines) == "run.started"
    imported = json.loads(server.gauntlet("import", "--json", str(path)))
    stored = server.run(imported["run"])
    assert (stored["name"], stored["config"], stored["status"]) == ("from a file", {"lr": 0.1}, "completed")
    assert [e["id"] for e in server.events(imported["run"])[1:]] == [e["id"] for e in lines[1:]]


def test_the_console(server: Server) -> None:
    out = io.StringIO()
    run = gauntlet.init(sinks=[gauntlet.ConsoleSink(out)])
    run.rollout({"root": -20, "format": 1}, step=3, episode="e1", not_evaluated=["synthesis"])
    run.log({"late": 2.5}, step=3, episode="e1")
    run.finish()
    assert out.getvalue().splitlines() == [
        "step 3 e1  root -20  format 1  (not evaluated: synthesis)",
        "step 3 e1  late 2.5",
        "run completed",
    ]


def test_weights_and_biases(tmp_path: Path) -> None:
    """The real package, offline; what it wrote is read back from its own file."""
    pytest.importorskip("wandb")
    code = """
        import gauntlet, wandb
        sink = gauntlet.WandbSink(mode="offline")
        run = gauntlet.init(project="p", name="n", config={"lr": 0.1}, sinks=[sink, gauntlet.ConsoleSink()])
        for i in range(3):
            run.rollout({"root": i, "grounding.claims": -i}, step=i + 10)
            run.metrics({"loss": 0.5})
        assert run.flush()
        folder = sink._wandb.settings.sync_dir
        run.finish()
        assert run.stats.get("wandb.errors", 0) == 0
        print(folder)
    """
    messages = python(code, {"WANDB_DIR": str(tmp_path), "WANDB_SILENT": "true", "GAUNTLET_QUIET": "1"})
    (file,) = Path(messages.stdout.strip().splitlines()[-1]).glob("*.wandb")
    rows = [row for row in history(file) if any(k.startswith(("rubric/", "metrics/")) for k in row)]
    assert [
        (r["step"], r["rubric/root"], r["rubric/grounding.claims"]) for r in rows if "rubric/root" in r
    ] == [(10 + i, i, -i) for i in range(3)]
    assert [(r["step"], r["metrics/loss"]) for r in rows if "metrics/loss" in r] == [
        (10 + i, 0.5) for i in range(3)
    ]


def history(file: Path) -> list[dict[str, float]]:
    """The rows of a `.wandb` file: a LevelDB log (blocks of 32 KiB, each piece after checksum, length and
    type) after a header of 7 bytes."""
    from wandb.proto import wandb_internal_pb2  # its types are generated for each protobuf

    data, at, chunk, rows = file.read_bytes(), 7, b"", []
    while at + 7 <= len(data):
        if 32768 - at % 32768 < 7:
            at += 32768 - at % 32768
            continue
        length, kind = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        chunk += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in {1, 4}:
            record = wandb_internal_pb2.Record()  # type: ignore[attr-defined]
            record.ParseFromString(chunk)
            chunk = b""
            if record.HasField("history"):
                items = record.history.item
                rows.append({i.key or "/".join(i.nested_key): json.loads(i.value_json) for i in items})
    return rows


class Bare:
    """A sink with the one method that it needs, without the base class."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    def write(self, records: Sequence[Record]) -> None:
        self.kinds += [record.kind for record in records]


def test_a_sink_needs_no_base_class(server: Server) -> None:
    bare = Bare()
    sinks: list[Any] = [bare, gauntlet.ServerSink()]
    run = gauntlet.init(endpoint=server.url, sinks=sinks)
    run.log({"reward": 1.0}, step=0)
    assert run.flush()
    run.finish()
    assert bare.kinds == ["run.started", "snapshot.scored", "run.finished"]


def test_what_is_no_sink_is_off_and_counted(server: Server) -> None:
    sinks: list[Any] = ["console", gauntlet.ServerSink()]
    run = gauntlet.init(endpoint=server.url, sinks=sinks)
    run.log({"reward": 1.0}, step=0)
    assert not run.flush()
    assert run.losses() == [{"reason": "the str sink is off", "count": 2}]
    assert run.stats["sent"] == 1
    run.finish()
