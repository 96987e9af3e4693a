"""Names become paths as every SDK makes them, texts that are not UTF-8 are repaired, and nothing is lost by
either."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

import gauntlet
from gauntlet.paths import path_of, paths_of, without_surrogates

from .support import Server

CONTRACT = Path(__file__).parents[3] / "contract"
PATHS = json.loads((CONTRACT / "paths.json").read_text())
HALF = "half \ud800 a pair"
REPAIRED = "half \ufffd a pair"


@pytest.mark.parametrize("case", PATHS["paths"], ids=lambda c: ascii(c["name"][:20]))
def test_the_path_of_a_name(case: dict[str, str]) -> None:
    assert path_of(case["name"]) == case["path"]
    assert len(case["path"].encode()) <= 256


@pytest.mark.parametrize("case", PATHS["calls"], ids=lambda c: c["about"])
def test_the_paths_of_one_call(case: dict[str, Any]) -> None:
    assert paths_of(case["names"]) == case["paths"]


@pytest.mark.parametrize("case", json.loads((CONTRACT / "surrogates.json").read_text()))
def test_halves_of_characters(case: dict[str, str]) -> None:
    assert without_surrogates(case["text"]) == case["repaired"]


def test_names_of_one_path_are_all_recorded_and_counted(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "gauntlet"), gauntlet.init(endpoint=server.url) as run:
        run.log({"a/b": 1.0, "a.b": 2.0, "a//b": 3.0, 7: 4.0, "7": 5.0}, step=0)  # type: ignore[dict-item]
        run.log({"x": {"y": 1}, "x.y": 2, "n" * 300: 3}, step=1)
        run.metrics({"loss/a": 1.0, "loss.a": 2.0}, step=1)
    first, second = server.events(run.id, "snapshot.scored")
    assert first["body"]["scores"] == {"a.b~3": 1.0, "a.b": 2.0, "a.b~2": 3.0, "7": 4.0, "7~2": 5.0}
    assert {k[:5]: v for k, v in second["body"]["scores"].items()} == {"x.y": 1.0, "x.y~2": 2.0, "nnnnn": 3.0}
    metrics = {e["body"]["path"]: e["body"]["value"] for e in server.events(run.id, "score.added")}
    assert metrics == {"metrics.loss.a": 2.0, "metrics.loss.a~2": 1.0}
    assert run.stats["renamed_scores"] == 6
    assert "the name 'a/b' is too long for a path, or another one of the call means the same" in caplog.text


def test_keys_of_a_configuration_that_read_alike_are_all_stored(server: Server) -> None:
    config: dict[Any, Any] = {1: "number", "1": "text", "d": {True: 1, "True": 2}}
    with gauntlet.init(endpoint=server.url, config=config) as run:
        pass
    assert server.run(run.id)["config"] == {"1": "number", "1~2": "text", "d": {"True": 1, "True~2": 2}}


def test_half_a_character_costs_nothing_around_it(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", f"host.name={HALF.replace(chr(0xD800), chr(0xDCFF))}")
    run = gauntlet.init(
        project=HALF,
        name=HALF,
        id=f"repaired-{HALF}",
        task=HALF,
        tags=[HALF],
        config={HALF: HALF, "list": [HALF], "lr": 0.5},
        metadata={HALF: HALF},
        endpoint=server.url,
    )
    run.log({HALF: 1.0, "root": 2.0}, step=0)
    run.rollout(
        {"root": 1.0}, action=HALF, observation=f"\ud83d\ude00{HALF}", metadata={HALF: HALF}, episode=HALF
    )
    run.score(HALF, 0.5, label=HALF, explanation=HALF, source=HALF)
    run.artifact(HALF, name=HALF)
    with run.episode(HALF, id=f"e {HALF}") as episode:
        episode.message("user", HALF, more=HALF)
        with episode.tool_call(HALF, {HALF: HALF}) as call:
            call.result = HALF
    run.finish(summary={HALF: HALF})
    assert run.stats["refused"] == run.stats["dropped"] == 0
    assert run.stats["repaired_texts"] >= 26
    stored = server.run(run.id)
    assert (stored["name"], stored["project"], stored["task"], stored["tags"]) == (REPAIRED,) * 3 + (
        [REPAIRED],
    )
    assert stored["config"] == {REPAIRED: REPAIRED, "list": [REPAIRED], "lr": 0.5}
    assert stored["metadata"][REPAIRED] == REPAIRED
    assert stored["metadata"]["resource"] == {"host.name": REPAIRED}
    logged, rollout, *_ = server.events(run.id, "snapshot.scored")
    assert logged["body"]["scores"] == {REPAIRED: 1.0, "root": 2.0}
    assert rollout["episode"] == rollout["body"]["action"] == REPAIRED
    assert rollout["body"]["observation"] == f"😀{REPAIRED}"
    (score,) = server.events(run.id, "score.added")
    assert {score["body"][k] for k in ("path", "label", "explanation", "source")} == {REPAIRED}
    assert [e["body"]["payload"] for e in server.events(run.id, "step.recorded")][1:] == [
        {"arguments": {REPAIRED: REPAIRED}},
        {"result": REPAIRED},
    ]
    (ended,) = server.events(run.id, "run.finished")
    assert ended["body"]["summary"][REPAIRED] == REPAIRED


def test_names_keep_their_joined_characters(server: Server) -> None:
    with gauntlet.init(endpoint=server.url, name="family \U0001f468\u200d\U0001f469 \x07 end") as run:
        run.log({"caf\u00e9\u200d": 1.0})
    assert server.run(run.id)["name"] == "family \U0001f468\u200d\U0001f469   end"
    assert server.events(run.id, "snapshot.scored")[0]["body"]["scores"] == {"caf\u00e9\u200d": 1.0}
