"""What the SDK costs the training loop, each number beside a floor of the same run.

    python bench/overhead.py [--endpoint URL]

Prints one JSON line a measurement: `{name, value, unit, floor, ratio, target}`. The floor is a list append
plus a UUID, which any recorder with ids must do. Without `--endpoint` a server is started from $GAUNTLET_BIN;
without either events go to the spool only, as they do when the server is away.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gauntlet

PATHS = ("root", *(f"rubric.part_{i}" for i in range(11)))
ACTION = "The response rate was 30% in the second arm. " * 12
OBSERVATION = "A phase II study reported a response. " * 40


def timed(call: Callable[[int], Any], times: int, pause_every: int = 0) -> list[float]:
    """Microseconds of each call, sorted. `pause_every` lets the loop do something else now and then, as it
    would."""
    clock, taken = time.perf_counter_ns, []
    for i in range(times):
        began = clock()
        call(i)
        taken.append((clock() - began) / 1000.0)
        if pause_every and i % pause_every == 0:
            time.sleep(0.001)
    return sorted(taken)


def at(sorted_values: list[float], share: float) -> float:
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * share))]


def report(name: str, value: float, unit: str, floor: float | None, target: float | None) -> None:
    ratio = round(value / floor, 2) if floor else None
    line = {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "floor": None if floor is None else round(floor, 3),
        "ratio": ratio,
        "target": target,
    }
    print(json.dumps(line), flush=True)


@contextmanager
def server(endpoint: str | None) -> Iterator[str | None]:
    binary = os.environ.get("GAUNTLET_BIN")
    if endpoint or not binary:
        yield endpoint
        return
    with tempfile.TemporaryDirectory() as data:
        command = [binary, "serve", "--listen", "127.0.0.1:0", "--data", data]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            assert process.stdout is not None
            yield "http://" + next(m[1] for line in process.stdout if (m := re.search(r"http://(\S+)", line)))
        finally:
            process.kill()
            process.wait()


def measure(endpoint: str | None) -> None:
    entries: list[Any] = []
    floor = timed(lambda i: entries.append((uuid.uuid4(), i)), 20_000)
    mode: Any = "online" if endpoint else "offline"
    run = gauntlet.init("bench", "overhead", endpoint=endpoint, mode=mode)
    scores = dict.fromkeys(PATHS, 0.5)

    log = timed(lambda i: run.log({"reward": 0.5, "loss": 0.25, "kl": 0.01}), 20_000, pause_every=100)
    report("sdk.python.log.p50", at(log, 0.5), "us", at(floor, 0.5), 20.0)
    report("sdk.python.log.p99", at(log, 0.99), "us", at(floor, 0.99), None)

    def rollout(i: int) -> None:
        run.rollout(scores, action=ACTION, observation=OBSERVATION, step=100_000 + i)

    rollouts = timed(rollout, 5_000, pause_every=50)
    report("sdk.python.rollout_12.p50", at(rollouts, 0.5), "us", at(floor, 0.5), 1000.0)
    report("sdk.python.rollout_12.p99", at(rollouts, 0.99), "us", at(floor, 0.99), None)
    run.flush(120)

    began = time.perf_counter()
    for _ in range(1024):
        run.rollout(scores, action=ACTION, observation=OBSERVATION, step=200_000)
    logged = time.perf_counter() - began
    safe = run.flush(120)
    delivered = time.perf_counter() - began
    report("sdk.python.step_1024x12.loop", logged * 1000, "ms", 1024 * at(floor, 0.5) / 1000, None)
    report("sdk.python.step_1024x12.delivered", delivered * 1000 if safe else float("inf"), "ms", None, None)
    report("sdk.python.dropped", run.stats["dropped"], "events", None, 0.0)

    @gauntlet.observe
    def nothing(x: int) -> int:
        return x

    observed = timed(nothing, 5_000, pause_every=50)
    report("sdk.python.observe.p50", at(observed, 0.5), "us", at(floor, 0.5), None)
    idle = timed(lambda i: run.checkpoint(), 5_000)
    report("sdk.python.checkpoint.p50", at(idle, 0.5), "us", at(floor, 0.5), None)
    watched(at(floor, 0.5))
    run.finish()


def watched(floor: float) -> None:
    """A tree of 12 rubrics of openenv-core, with and without the observer."""
    try:
        from openenv.core.rubrics import Rubric, WeightedSum
    except ImportError:
        return

    class Fixed(Rubric):  # type: ignore[misc]
        def forward(self, action: Any, observation: Any) -> float:
            return 0.5

    rubric = WeightedSum([Fixed() for _ in range(11)], [1 / 11] * 11)
    pairs = [(f"{ACTION}{i}", f"{OBSERVATION}{i}") for i in range(3000)]
    bare = timed(lambda i: rubric(*pairs[i]), len(pairs))
    with gauntlet.watch(rubric):
        seen = timed(lambda i: rubric(*pairs[i]), len(pairs), pause_every=50)
    report("sdk.python.watch_12.p50", at(seen, 0.5) - at(bare, 0.5), "us", floor, 1000.0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoint")
    options = parser.parse_args()
    os.environ.setdefault("GAUNTLET_QUIET", "1")
    with tempfile.TemporaryDirectory() as spool:
        os.environ["GAUNTLET_SPOOL"] = spool
        with server(options.endpoint) as url:
            measure(url)
