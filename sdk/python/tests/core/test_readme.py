"""Every example of the README runs unchanged, against a real server; those of the project's README too."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gauntlet.client import Client

from .support import Server

README = (Path(__file__).parents[2] / "README.md").read_text()
PROJECT = (Path(__file__).parents[4] / "README.md").read_text()
EXAMPLE = re.compile(r"^## ([^\n]+)|^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def examples() -> list[tuple[str, str]]:
    found, heading = [], ""
    for title, code in EXAMPLE.findall(README) + EXAMPLE.findall(PROJECT):
        if title:
            heading = title
        else:
            found.append((heading, code))
    return found


def test_there_are_examples() -> None:
    assert len(examples()) >= 11


@pytest.mark.parametrize(("heading", "code"), examples(), ids=[h for h, _ in examples()])
def test_an_example_runs(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, heading: str, code: str
) -> None:
    monkeypatch.setenv("GAUNTLET_ENDPOINT", server.url)
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    (link,) = re.findall(rf"{re.escape(server.url)}/runs/(\S+)", ran.stderr)
    stored = Client(server.url).run(link)
    assert stored["status"] == "completed"
    assert stored["head"] > 2, f"{heading}: something was logged"
    assert not list(tmp_path.glob("spool/*/refused.ndjson"))


def test_the_requests_of_the_project_readme_work(server: Server, tmp_path: Path) -> None:
    (script,) = re.findall(r"^```sh\n(curl .*?)^```", PROJECT, re.MULTILINE | re.DOTALL)
    script = "set -e\n" + script.replace("localhost:4600", server.url)
    ran = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert '"accepted":1' in ran.stdout, ran.stdout
    assert Client(server.url).run("my-run")["steps"] == 1
