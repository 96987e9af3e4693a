"""The load that every peer gets, how it is timed, and what is read from the machine.

A peer is a module with a class `Peer`: `start`, `scores`, `rollouts`, `count`. Each runs in a process and an
environment of its own, so that one peer's packages, threads and garbage are not another's.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

RUBRICS = 12
"""Scores of one step, as a rubric tree of a reinforcement learner has them."""
TEXT = "The dose was raised in nineteen patients. "
TEXT_BYTES = 1_000
"""Size of the prompt and of the answer of a rollout, bytes."""
PATIENCE_S = 300.0
"""Longest wait for a server to be ready, seconds."""


def scores_of(step: int) -> dict[str, float]:
    """The scores of a step: a curve a rubric, none of them constant."""
    return {f"rubric_{k}": ((step * (k + 3)) % 97) / 9.7 - 5.0 for k in range(RUBRICS)}


def texts_of(step: int) -> tuple[str, str]:
    """The prompt and the answer of a rollout, different at each step."""
    text = (f"{step} " + TEXT * (TEXT_BYTES // len(TEXT) + 1))[:TEXT_BYTES]
    return f"question {text}", f"answer {text}"


class Peer(Protocol):
    """What a peer's module has to offer."""

    def start(self, folder: Path, port: int) -> subprocess.Popen[bytes] | None:
        """Starts its server; answers its process, or `None` where the client writes to a file itself."""

    def address(self, port: int) -> str | None:
        """An address that answers 200 once the server is ready."""

    def open(self, name: str) -> None:
        """Opens a run with this name."""

    def scores(self, step: int, scores: dict[str, float]) -> None:
        """Records the scores of a step, in the way its documentation recommends."""

    def rollout(self, step: int, scores: dict[str, float], prompt: str, answer: str) -> None:
        """Records a rollout with its texts."""

    def close(self) -> None:
        """Ends the run as a program does that ends by itself."""

    def count(self, name: str, kind: str) -> int:
        """How many steps or rollouts of the run can be read back: `kind` is `scores` or `rollouts`."""


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def is_ready(address: str) -> bool:
    """Whether a server answers."""
    try:
        with urllib.request.urlopen(address, timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> float:
    """Seconds until a condition holds."""
    begun = time.perf_counter()
    while not condition():
        if time.perf_counter() - begun > patience_s:
            raise SystemExit(f"{what}: not within {patience_s:.0f} s")
        time.sleep(0.01)
    return time.perf_counter() - begun


def family(pid: int) -> Iterator[int]:
    """A process and those it started, by the kernel's list."""
    yield pid
    children = Path(f"/proc/{pid}/task/{pid}/children")
    if children.exists():
        for child in children.read_text().split():
            yield from family(int(child))


def memory_mib(pid: int) -> float:
    """Resident memory of a process and those it started, MiB."""
    total = 0
    for each in family(pid):
        status = Path(f"/proc/{each}/status").read_text()
        total += sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    return total / 1024


def stop(server: subprocess.Popen[bytes]) -> None:
    """Ends a server and the workers it started; kills what does not end within ten seconds."""
    everything = list(family(server.pid))
    server.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(10)
    for each in everything:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
    server.wait()


def size_mib(folder: Path) -> float:
    """Size of the files of a folder, MiB."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 2**20


def timed(count: int, call: Callable[[int], None]) -> dict[str, float]:
    """Calls `call` with 0, 1, 2, ... and answers how long a call takes, and all of them."""
    taken, begun = [], time.perf_counter()
    for step in range(count):
        before = time.perf_counter()
        call(step)
        taken.append(time.perf_counter() - before)
    total = time.perf_counter() - begun
    taken.sort()
    return {
        "p50_us": statistics.median(taken) * 1e6,
        "p99_us": taken[int(len(taken) * 0.99)] * 1e6,
        "loop_s": total,
    }


def measured(peer: Peer, name: str, kind: str, count: int) -> dict[str, Any]:
    """Records `count` steps or rollouts, and waits until they can be read back or no more of them come."""
    peer.open(name)

    def call(step: int) -> None:
        if kind == "scores":
            peer.scores(step, scores_of(step))
        else:
            prompt, answer = texts_of(step)
            peer.rollout(step, scores_of(step), prompt, answer)

    begun = time.perf_counter()
    found: dict[str, Any] = dict(timed(count, call))
    peer.close()
    found["closed_s"] = time.perf_counter() - begun
    kept, changed = peer.count(name, kind), time.perf_counter()
    while kept < count and time.perf_counter() - changed < 10.0:
        time.sleep(0.05)
        now = peer.count(name, kind)
        if now != kept:
            kept, changed = now, time.perf_counter()
    found["readable_s"] = changed - begun
    found["kept"] = kept
    return found


def killed(peer: Peer, name: str, count: int, after_s: float) -> int:
    """Records `count` steps in a process that is killed so long after its loop; how many can be read then."""
    command = [sys.executable, *sys.argv, "--killed", name]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        # Peers greet on standard output.
        has_recorded = any(line == b"recorded\n" for line in iter(process.stdout.readline, b""))
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
        process.wait()
    if not has_recorded:
        raise SystemExit("the process that is killed ended before it had recorded anything")
    kept = peer.count(name, "scores")
    time.sleep(3.0)
    return max(kept, peer.count(name, "scores"))


def main(peer: Peer) -> None:
    """Measures a peer and prints what was found as one line of JSON."""
    options = argparse.ArgumentParser()
    options.add_argument("--folder", type=Path, required=True)
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--steps", type=int, required=True)
    options.add_argument("--rollouts", type=int, required=True)
    options.add_argument("--killed")
    asked = options.parse_args()
    if asked.killed:
        peer.open(asked.killed)
        for step in range(asked.steps):
            peer.scores(step, scores_of(step))
        os.write(1, b"recorded\n")
        time.sleep(60)
        return
    asked.folder.mkdir(parents=True, exist_ok=True)
    begun = time.perf_counter()
    server = peer.start(asked.folder, asked.port)
    found: dict[str, Any] = {}
    try:
        address = peer.address(asked.port)
        if address is not None:
            wait_until(lambda: is_ready(address), "the server is ready")
        found["ready_s"] = time.perf_counter() - begun
        if server is not None:
            found["idle_mib"] = memory_mib(server.pid)
        found["scores"] = measured(peer, "scores", "scores", asked.steps)
        before = size_mib(asked.folder)
        found["rollouts"] = measured(peer, "rollouts", "rollouts", asked.rollouts)
        found["rollout_bytes"] = (size_mib(asked.folder) - before) * 2**20 / max(1, found["rollouts"]["kept"])
        if server is not None:
            found["loaded_mib"] = memory_mib(server.pid)
        found["killed_at_once"] = killed(peer, "killed-at-once", asked.steps, 0.0)
        found["killed_later"] = killed(peer, "killed-later", asked.steps, 1.0)
    finally:
        if server is not None:
            stop(server)
    print(json.dumps(found))
