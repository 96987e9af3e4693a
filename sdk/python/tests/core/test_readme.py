"""Every example of the README runs as it stands, against a real server."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gauntlet.client import Client

from .support import Server

README = (Path(__file__).parents[2] / "README.md").read_text()
EXAMPLES = re.findall(r"^## ([^\n]+)|^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def examples() -> list[tuple[str, str]]:
    found, heading = [], ""
    for title, code in EXAMPLES:
        if title:
            heading = title
        else:
            found.append((heading, code))
    return found


def test_there_are_examples() -> None:
    assert len(examples()) >= 10


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
    kept = Client(server.url).run(link)
    assert kept["status"] == "completed"
    assert kept["head"] > 2, f"{heading}: something was logged"
    assert not list(tmp_path.glob("spool/*/refused.ndjson"))
