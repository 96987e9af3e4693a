"""What no server will ever accept is set aside, counted and named, and delays no other event."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import Any

import pytest

import gauntlet
from gauntlet.__main__ import main
from gauntlet.spool import Spool

from .support import Fake, Server, until

LINE = (
    b'{"id":"0192f0c1-2345-7abc-8def-0123456789ab","at":"2026-01-01T00:00:00Z","kind":"snapshot.scored",'
    b'"v":1,'
    b'"episode":"e","step":0,"body":{"scores":{"root":1.0}}}'
)


def leave(root: Path, endpoint: str, run: str, **spec: Any) -> Path:
    """What a process that died left behind."""
    info = {"run": run, "spec": {"id": run, "name": "left", **spec}, "endpoint": endpoint, "mode": "online"}
    spool = Spool.create(root, info, 1 << 20)
    spool.append([LINE])
    spool.release()
    return spool.folder


def break_folder(root: Path, endpoint: str, how: str) -> Path:
    if how == "an id that no server takes":
        return leave(root, endpoint, "\u8a55" * 80)
    folder = leave(root, endpoint, "broken")
    if how == "no JSON":
        (folder / "run.json").write_bytes(b"\xff{")
    elif how == "another form":
        (folder / "run.json").write_text('["a", 1]')
    elif how == "no address":
        info = {"run": "r", "spec": {"id": "r"}, "endpoint": "ftp://x", "mode": "online"}
        (folder / "run.json").write_text(json.dumps(info))
    elif how == "no run":
        (folder / "run.json").write_text(json.dumps({"spec": {}, "endpoint": endpoint}))
    else:
        (folder / "000001.ndjson").unlink()
        (folder / "000001.ndjson").mkdir()
    return folder


@pytest.mark.parametrize(
    "how",
    ["an id that no server takes", "no JSON", "another form", "no address", "no run", "a folder for a file"],
)
def test_an_undeliverable_leftover_delays_no_other(
    server: Server, environment: Path, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    folder = break_folder(environment, server.url, how)
    good = leave(environment, server.url, f"good-{len(how)}")
    with caplog.at_level(logging.WARNING, "gauntlet"):
        run = gauntlet.init(endpoint=server.url)
        began = time.monotonic()
        for i in range(5):
            run.log({"root": float(i)})
            assert run.flush()
        until(lambda: run.stats.get("undeliverable") == 1 and run.stats.get("recovered") == 1)
        run.log({"root": 5.0})
        run.finish()
        took = time.monotonic() - began
    assert took < 15.0, "`finish` has not waited for the leftover, which takes it 20 s"
    assert len(server.events(run.id, "snapshot.scored")) == 6
    aside = environment / "undeliverable" / folder.name
    assert str(aside) in caplog.text
    assert (aside / "reason.txt").read_text().strip()
    assert not folder.exists()
    assert not good.exists()
    assert len(server.events(f"good-{len(how)}", "snapshot.scored")) == 1

    with gauntlet.init(endpoint=server.url) as later:
        later.log({"root": 1.0})
    assert "undeliverable" not in later.stats, "it is not tried again"


def test_a_leftover_that_the_server_cannot_take_now_waits_without_delaying(environment: Path) -> None:
    def answer(method: str, path: str, body: bytes) -> tuple[int, dict[str, str]]:
        return (500, {}) if "/left/" in path else (200, {})

    fake = Fake(answer)
    folder = leave(environment, fake.url, "left")
    run = gauntlet.init(endpoint=fake.url)
    began = time.monotonic()
    for i in range(5):
        run.log({"root": float(i)})
        assert run.flush()
    until(lambda: any("/left/" in asked[2] for asked in fake.asked))
    run.log({"root": 5.0})
    assert run.flush()
    run.finish()
    fake.close()
    assert time.monotonic() - began < 15.0, "`finish` has not waited for the leftover, which takes it 20 s"
    assert folder.exists(), "the next run tries again"


def test_sync_sets_aside_and_reports_it(
    server: Server, environment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    break_folder(environment, server.url, "no address")
    folder = leave(environment, server.url, "\u8a55" * 80)
    leave(environment, server.url, "synced")
    assert main(["sync"]) == 1
    output = capsys.readouterr()
    assert "the endpoint is 'ftp://x'; it must be an http or https address" in output.err
    assert "synced: 1 events delivered, 0 refused" in output.out
    assert "cannot be delivered: the server does not take the run: " in output.err
    assert (environment / "undeliverable" / folder.name / "000001.ndjson").read_bytes() == LINE + b"\n"
    assert main(["sync"]) == 0
    with pytest.raises(SystemExit):
        main(["sync", "--endpoint", "ftp://x"])
    assert "it must be an http or https address" in capsys.readouterr().err


def test_a_field_that_the_server_does_not_take_costs_no_other(
    server: Server, environment: Path, caplog: pytest.LogCaptureFixture
) -> None:
    leave(environment, server.url, "odd-spec", kind="training", unknown=1, config={"lr": 0.5}, tags=[])
    with caplog.at_level(logging.WARNING, "gauntlet"):
        assert main(["sync"]) == 0
    stored = server.run("odd-spec")
    assert (stored["name"], stored["config"]) == ("left", {"lr": 0.5})
    assert "the server does not take the run's unknown" in caplog.text


def test_what_waits_on_disk_is_for_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool, file = tmp_path / "a" / "spool", tmp_path / "large.bin"
    monkeypatch.setenv("GAUNTLET_SPOOL", str(spool))
    file.write_bytes(b"x" * (2 << 20))
    run = gauntlet.init(mode="offline")
    run.log({"reward": 1.0}, step=0)
    run.artifact(b"x", "small.bin")
    run.artifact(file)
    run.finish()
    paths = [spool.parent, *spool.parent.rglob("*")]
    modes: dict[bool, set[int]] = {path.is_dir(): set() for path in paths}
    for path in paths:
        modes[path.is_dir()].add(path.stat().st_mode & 0o777)
    assert modes == {True: {0o700}, False: {0o600}}
    assert {path.name for path in paths} >= {"run.json", "lock", "000001.ndjson"}
