"""Runs the same load against Gauntlet and its peers, in turn, and writes what was measured as a table.

    scripts/peers.sh              measures, prints the table and writes it into docs/peers.md
    scripts/peers.sh --rounds 1   once instead of three times, of which the median counts

Each peer has an environment of its own with the version that is pinned here. Servers
listen on loopback and keep their data in a folder that is deleted afterwards.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from load import RUBRICS, TEXT_BYTES, free_port

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PAGE = ROOT / "docs" / "peers.md"
BEGIN, END = "<!-- what was measured -->\n", "<!-- the end of what was measured -->"
STEPS, ROLLOUTS = 2_000, 1_000

PEERS: dict[str, list[str]] = {
    "gauntlet": [],
    "phoenix": ["arize-phoenix==20.26.1", "arize-phoenix-otel==0.17.2", "arize-phoenix-client==3.5.0"],
    "mlflow": ["mlflow==3.17.2"],
    "trackio": ["trackio==0.43.0"],
}
"""The peers, each with the packages of its environment."""
NAMES = {"gauntlet": "Gauntlet", "phoenix": "Phoenix", "mlflow": "MLflow", "trackio": "Trackio"}

Found = dict[str, Any]


def python_of(peer: str, uv: str, folder: Path) -> Path:
    """The interpreter of a peer's environment, which is made where it is missing."""
    python = folder / peer / "bin" / "python"
    wanted = "\n".join(PEERS[peer])
    ready = folder / peer / "ready"
    if not ready.exists() or ready.read_text() != wanted:
        shutil.rmtree(folder / peer, ignore_errors=True)
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder / peer], check=True)
        if PEERS[peer]:
            subprocess.run(
                [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python, *PEERS[peer]],
                check=True,
            )
        ready.write_text(wanted)
    return python


def measure(peer: str, python: Path) -> Found:
    """One round of one peer, in folders of its own."""
    with tempfile.TemporaryDirectory(prefix=f"peers-{peer}-") as folder:
        data = Path(folder) / "data"
        environment = os.environ | {"TRACKIO_DIR": str(data), "PYTHONPATH": str(HERE)}
        if peer == "gauntlet":
            environment["PYTHONPATH"] += os.pathsep + str(ROOT / "sdk" / "python" / "src")
        command = [python, HERE / f"peer_{peer}.py", "--folder", data, "--port", str(free_port())]
        command += ["--steps", str(STEPS), "--rollouts", str(ROLLOUTS)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode != 0 or not lines:
            raise SystemExit(f"{peer} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return dict(json.loads(lines[-1]))


def median(rounds: list[Found]) -> Found:
    """The median of each number over the rounds; of counts the least, as one loss is one too many."""
    found: Found = {}
    for key, first in rounds[0].items():
        values = [each[key] for each in rounds]
        if isinstance(first, dict):
            found[key] = median(values)
        else:
            found[key] = min(values) if isinstance(first, int) else statistics.median(values)
    return found


def micros(value: float) -> str:
    """Microseconds, as a reader takes them in."""
    return f"{value:,.0f} µs" if value < 10_000 else f"{value / 1000:,.0f} ms"


def seconds(value: float) -> str:
    """Seconds, as a reader takes them in."""
    return f"{value:.2f} s" if value < 10 else f"{value:,.0f} s"


def of(count: int, all_of_them: int) -> str:
    """How many of how many."""
    return f"{count:,} of {all_of_them:,}"


def of_server(key: str, show: Callable[[float], str]) -> Callable[[Found], str]:
    """What is shown of a server; a peer may have none."""
    return lambda found: show(found[key]) if "idle_mib" in found else "no server"


def mib(value: float) -> str:
    """Memory."""
    return f"{value:,.0f} MiB"


ROWS: list[tuple[str, Callable[[Found], str]]] = [
    ("a step's scores, time in the loop: p50", lambda f: micros(f["scores"]["p50_us"])),
    ("the same, p99", lambda f: micros(f["scores"]["p99_us"])),
    (f"{STEPS:,} steps, until all can be read back", lambda f: seconds(f["scores"]["readable_s"])),
    ("steps that can be read back", lambda f: of(f["scores"]["kept"], STEPS)),
    ("a rollout with its texts, time in the loop: p50", lambda f: micros(f["rollouts"]["p50_us"])),
    ("the same, p99", lambda f: micros(f["rollouts"]["p99_us"])),
    (f"{ROLLOUTS:,} rollouts, until all can be read back", lambda f: seconds(f["rollouts"]["readable_s"])),
    ("rollouts that can be read back", lambda f: of(f["rollouts"]["kept"], ROLLOUTS)),
    ("disk for a rollout, bytes", lambda f: f"{f['rollout_bytes']:,.0f}"),
    ("steps left, the program killed as its loop ends", lambda f: of(f["killed_at_once"], STEPS)),
    ("steps left, the program killed a second later", lambda f: of(f["killed_later"], STEPS)),
    ("start of the server until it is ready", of_server("ready_s", seconds)),
    ("memory of the server at rest", of_server("idle_mib", mib)),
    ("the same after the load", of_server("loaded_mib", mib)),
]


def machine() -> str:
    """What it was measured on."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    models = [line.split(":", 1)[1].strip() for line in info.splitlines() if line.startswith("model name")]
    cores = f"{os.cpu_count()} cores ({models[0] if models else platform.machine()})"
    return f"{cores}, Python {platform.python_version()}"


def table(found: dict[str, Found], rounds: int) -> str:
    """The table as Markdown, with what it was measured on."""
    versions = [f"{NAMES[peer]} {packages[0].split('==')[1]}" for peer, packages in PEERS.items() if packages]
    day = datetime.datetime.now(tz=datetime.UTC).date()
    lines = [
        f"Measured on {day:%Y-%m-%d} on {machine()}, with {', '.join(versions)}: the median of",
        f"{rounds} rounds. A step has {RUBRICS} scores; a rollout has {TEXT_BYTES:,} bytes of prompt and as",
        "many of answer beside them.",
        "",
        "| what | " + " | ".join(NAMES[peer] for peer in found) + " |",
        "| --- |" + " --- |" * len(found),
    ]
    lines += [
        f"| {what} | " + " | ".join(show(each) for each in found.values()) + " |" for what, show in ROWS
    ]
    return "\n".join(lines)


def main() -> None:
    """Measures, prints the table and writes it into the page where every peer took part."""
    options = argparse.ArgumentParser()
    options.add_argument("--uv", required=True)
    options.add_argument("--environments", type=Path, required=True)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--peers", default=",".join(PEERS))
    asked = options.parse_args()
    pythons = {peer: python_of(peer, asked.uv, asked.environments) for peer in asked.peers.split(",")}
    rounds: dict[str, list[Found]] = {peer: [] for peer in pythons}
    for nth in range(asked.rounds):
        for peer, python in pythons.items():
            print(f"round {nth + 1} of {asked.rounds}: {NAMES[peer]}", file=sys.stderr)
            rounds[peer].append(measure(peer, python))
    text = table({peer: median(each) for peer, each in rounds.items()}, asked.rounds)
    print(text)
    if asked.peers == ",".join(PEERS):
        page = PAGE.read_text()
        before, rest = page.split(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n\n{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    main()
