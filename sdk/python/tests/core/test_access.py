"""A server that asks for keys: with the right one everything works, without it nothing is lost and the
warning says what to do."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import gauntlet
from gauntlet.client import Client
from gauntlet.errors import ApiError
from gauntlet.settings import Settings

from .support import Server


def _keys(server: Server, *arguments: str) -> str:
    """What `gauntlet keys` prints about the keys of a server."""
    binary = os.environ["GAUNTLET_BIN"]
    command = [binary, "keys", *arguments, "--endpoint", server.url]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def admin(monkeypatch: pytest.MonkeyPatch) -> str:
    """The key that the server takes as its admin's."""
    made = subprocess.run(
        [os.environ["GAUNTLET_BIN"], "keys", "generate"], capture_output=True, text=True, check=True
    )
    monkeypatch.setenv("GAUNTLET_ADMIN_KEY", made.stdout.strip())
    return made.stdout.strip()


@pytest.fixture
def keyed_server(admin: str) -> Iterator[Server]:
    """A server that asks for keys."""
    server = Server("[auth]\nrequired = true\n")
    yield server.start()
    server.close()


def test_a_recorder_records_and_reads_nothing(
    keyed_server: Server, admin: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = _keys(keyed_server, "create", "trainer", "--role", "recorder", "--api-key", admin)
    file = tmp_path / "key"
    file.write_text(f"{key}\n")
    monkeypatch.setenv("GAUNTLET_API_KEY_FILE", str(file))
    with gauntlet.init(endpoint=keyed_server.url, id="keyed") as run:
        run.log({"root": 1.0}, step=1)
        assert run.flush(10)
    with pytest.raises(ApiError) as refused:
        Client(keyed_server.url, key).events("keyed")
    assert refused.value.status == 403
    assert "has the role recorder; this needs the role viewer or operator or admin" in str(refused.value)
    assert Client(keyed_server.url, admin).run("keyed")["steps"] == 1
    assert "trainer" in _keys(keyed_server, "list", "--api-key", admin)


def test_a_missing_key_warns_and_loses_nothing(
    keyed_server: Server, admin: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("GAUNTLET_FINISH_SECONDS", "1")
    with gauntlet.init(endpoint=keyed_server.url, id="later") as run:
        run.log({"root": 1.0}, step=1)
    warned = " ".join(record.getMessage() for record in caplog.records)
    assert "401" in warned or "GAUNTLET_API_KEY" in warned, warned
    monkeypatch.setenv("GAUNTLET_API_KEY", admin)
    monkeypatch.setenv("GAUNTLET_FINISH_SECONDS", "20")
    with gauntlet.init(endpoint=keyed_server.url, id="later") as run:
        assert run.flush(10)
    assert Client(keyed_server.url, admin).run("later")["steps"] == 1


def test_a_key_file_is_read_or_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(" gk_file\n")
    named = {"GAUNTLET_API_KEY_FILE": str(file)}
    assert Settings.from_env(named).api_key == "gk_file"
    assert Settings.from_env({**named, "GAUNTLET_API_KEY": "gk_named"}).api_key == "gk_named"
    file.write_text("")
    for path in (file, tmp_path / "none"):
        with pytest.raises(ValueError, match=r"GAUNTLET_API_KEY_FILE is .*(empty|cannot be read)"):
            Settings.from_env({"GAUNTLET_API_KEY_FILE": str(path)})
