"""What a loop logs is what the server stores: numbers, rollouts, scores, files, the end."""

from __future__ import annotations

import hashlib
import json
import logging
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import gauntlet
from gauntlet.__main__ import main
from gauntlet.client import Client
from gauntlet.events import AnnotationAdded
from gauntlet.values import MAX_TEXT_BYTES

from .support import Fake, Server, python

CONTRACT = Path(__file__).parents[3] / "contract"


def begin(server: Server, **more: Any) -> gauntlet.Run:
    return gauntlet.init(project="tests", endpoint=server.url, **more)


def begin_at(endpoint: str, **more: Any) -> gauntlet.Run:
    return gauntlet.init(endpoint=endpoint, **more)


def test_two_lines_are_enough(server: Server) -> None:
    run = begin(
        server, name="two lines", config={"lr": 1e-6, "deep": {"x": [1, 2]}}, tags=["a", "b"], agent="g"
    )
    run.log({"reward": 0.5, "grounding": 1.0})
    run.finish()
    stored = server.run(run.id)
    assert (stored["name"], stored["project"], stored["kind"], stored["status"]) == (
        "two lines", "tests", "training", "completed",
    )  # fmt: skip
    assert (stored["config"], stored["tags"], stored["agent"]) == (
        {"lr": 1e-6, "deep": {"x": [1, 2]}},
        ["a", "b"],
        "g",
    )
    (snapshot,) = server.events(run.id, "snapshot.scored")
    assert snapshot["step"] == 0
    assert snapshot["body"]["scores"] == {"root": 0.5, "grounding": 1.0}


def test_steps_count_up_and_a_step_logged_again_is_added_to(server: Server) -> None:
    with begin(server) as run:
        run.log({"reward": 1})
        run.log({"reward": 2})
        run.log({"reward": 3}, step=10)
        run.log({"reward": 4})
        run.log({"late": 7, "reward": 5}, step=10)
        run.metrics({"loss": 0.25})
    snapshots = server.events(run.id, "snapshot.scored")
    assert [(s["step"], s["body"]["scores"]) for s in snapshots] == [
        (0, {"root": 1.0}), (1, {"root": 2.0}), (10, {"root": 3.0}), (11, {"root": 4.0}),
    ]  # fmt: skip
    added = server.events(run.id, "score.added")
    assert [(e["step"], e["body"]["path"], e["body"]["value"], e["body"]["source"]) for e in added] == [
        (10, "late", 7.0, "log"), (10, "root", 5.0, "log"), (10, "metrics.loss", 0.25, "log"),
    ]  # fmt: skip


def test_names_and_numbers_of_every_sort(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    np = pytest.importorskip("numpy")

    class Tensor:
        def item(self) -> float:
            return 0.125

    class Awkward:
        def __float__(self) -> float:
            raise RuntimeError("no")

    with begin(server) as run, caplog.at_level(logging.WARNING, "gauntlet"):
        run.log(
            {
                "train/loss": 1,
                "nested": {"a": {"b": 2.5}, "c": True},
                "numpy": np.float32(0.5),
                "scalar": np.array(3),
                "tensor": Tensor(),
                "decimal": Decimal("0.75"),
                "digits": " 0.8 ",
                "text": "high",
                "none": None,
                "empty": "",
                "nan": float("nan"),
                "inf": float("inf"),
                "said": "NaN",
                "masked": np.ma.masked,
                "array": np.zeros(3),
                "awkward": Awkward(),
                "huge": 10**400,
                "underscore": "1_000",
                "..": 1.0,
                7: 8.0,  # type: ignore[dict-item]
            }
        )
        run.log({"nan": float("nan"), "reward": None})
        run.log({"nan": float("nan")}, step=1)
        run.metrics({"loss": float("nan")})
    first, second = server.events(run.id, "snapshot.scored")
    assert first["body"]["scores"] == {
        "train.loss": 1.0, "nested.a.b": 2.5, "nested.c": 1.0, "numpy": 0.5, "scalar": 3.0, "tensor": 0.125,
        "decimal": 0.75, "digits": 0.8, "7": 8.0,
    }  # fmt: skip
    assert first["body"]["not_evaluated"] == ["none", "empty", "nan", "inf", "said", "masked"]
    assert (second["step"], second["body"]["scores"], second["body"]["not_evaluated"]) == (
        1,
        {},
        ["nan", "root"],
    )
    assert server.events(run.id, "score.added") == []
    assert run.stats["not_evaluated"] == 10
    # The array is stored as a file.
    assert run.stats["skipped_values"] == 5
    assert run.stats["refused"] == 0
    ended = [r.getMessage() for r in caplog.records]
    assert any("text is 'high', not a number; it is left out (reported once)" in t for t in ended)


def test_no_recording_call_raises(server: Server) -> None:
    class Hostile(dict):  # type: ignore[type-arg]
        def items(self) -> Any:
            raise RuntimeError("not today")

        def values(self) -> Any:
            raise RuntimeError("not today")

    with begin(server) as run:
        run.log(Hostile())
        run.log(None)  # type: ignore[arg-type]
        run.log({"a": 1.0}, step="three")  # type: ignore[arg-type]
        run.log({"a": 1.0}, step=-4)
        run.log({"a": 1.0}, step=2**53)
        run.rollout([1, 2])  # type: ignore[arg-type]
        run.rollout({"root": 1.0}, challenge="what")  # type: ignore[arg-type]
        run.score("a", object())
        run.artifact(Path("/does/not/exist"))
        run.log({"root": 1.0}, step=1)
    assert [s["step"] for s in server.events(run.id, "snapshot.scored")] == [1]
    assert run.stats["errors"] >= 2
    assert run.stats["skipped_values"] >= 5
    assert run.stats["refused"] == 0


def test_rollouts_of_one_step_are_all_stored(server: Server) -> None:
    with begin(server) as run:
        for i in range(4):
            run.rollout(
                {"reward": i, "format": 1.0},
                action=f"answer {i}",
                observation="what is it?",
                step=3,
                not_evaluated=["synthesis", "format"],
                failures=["refusal"],
                duration_ms=12.5,
                metadata={"task_id": "T1", "seen": {1, 2}},
            )
        run.rollout({"root": 9.0}, step=3, episode="mine")
    found = server.events(run.id, "snapshot.scored")
    assert len({(e["step"], e.get("episode")) for e in found}) == 5
    body = found[1]["body"]
    assert body["scores"] == {"root": 1.0, "format": 1.0}
    assert body["not_evaluated"] == ["synthesis"]
    assert (body["action"], body["observation"], body["failures"]) == ("answer 1", "what is it?", ["refusal"])
    assert (body["duration_ms"], body["metadata"]["task_id"]) == (12.5, "T1")


def test_a_text_that_is_too_long_is_cut_with_a_marker(server: Server) -> None:
    with begin(server) as run:
        run.rollout({"root": 1.0}, action="ü" * MAX_TEXT_BYTES, observation={"tokens": list(range(5))})
    (event,) = server.events(run.id, "snapshot.scored")
    action = event["body"]["action"]
    assert len(action.encode()) <= MAX_TEXT_BYTES
    assert action.endswith("bytes are missing]")
    assert event["body"]["observation"] == '{"tokens": [0, 1, 2, 3, 4]}'
    assert run.stats["cut_texts"] == 1


def test_text_that_is_no_text_and_odd_names_are_taken(server: Server) -> None:
    with begin(server, name="a\nb" + "x" * 600, id="a/b", tags=["", "t" * 600]) as run:
        run.rollout({"root": 1.0}, action="half a pair \ud800", metadata={"nan": float("nan"), "f": print})
    assert run.id == "a_b"
    assert server.run("a_b")["name"].startswith("a b")
    assert server.events("a_b", "snapshot.scored")[0]["body"]["action"] == "half a pair \ufffd"


def test_scores_of_steps_episodes_and_the_run(server: Server) -> None:
    with begin(server) as run:
        run.log({"root": 1.0})
        run.score("judge/tone", 0.25, label="curt", explanation="It does not say why.", source="judge-70b")
        run.score("win", True, target="episode", episode="e1")
        run.score("final", 3, target="run")
        run.score("nothing", None)
        run.emit(AnnotationAdded("look here", "dana", {"from": 0, "to": 1}))
    found = server.events(run.id, "score.added")
    assert [(e["body"]["target"], e.get("step"), e.get("episode"), e["body"]["path"]) for e in found] == [
        ("step", 0, f"{run.journal.writer}-0", "judge.tone"),
        ("episode", None, "e1", "win"), ("run", None, None, "final"),
    ]  # fmt: skip
    assert found[0]["body"]["label"] == "curt"
    assert server.events(run.id, "annotation.added")[0]["body"]["author"] == "dana"


def test_an_artifact_is_named_by_its_content(server: Server, tmp_path: Path) -> None:
    small, large = tmp_path / "notes.txt", tmp_path / "model.bin"
    small.write_text("hello")
    large.write_bytes(b"x" * (3 << 20))
    with begin(server) as run:
        run.artifact(small, role="transcript", step=2)
        small.unlink()
        run.artifact(large)
        run.artifact(b"\0\1", "raw.bin", episode="e1")
        run.artifact("a text")
        assert run.flush()
    names = {e["body"]["name"]: e for e in server.events(run.id, "artifact.added")}
    assert names["notes.txt"]["body"]["sha256"] == hashlib.sha256(b"hello").hexdigest()
    assert names["notes.txt"]["step"] == 2
    assert names["notes.txt"]["body"]["mime_type"] == "text/plain"
    assert names["model.bin"]["body"]["size_bytes"] == 3 << 20
    assert names["raw.bin"]["episode"] == "e1"
    assert "artifact.txt" in names
    assert run.stats["uploaded"] == 4
    assert artifact(server, run.id, names["notes.txt"]) == b"hello"
    assert artifact(server, run.id, names["model.bin"]) == b"x" * (3 << 20)
    assert artifact(server, run.id, names["raw.bin"]) == b"\0\1"
    assert artifact(server, run.id, names["artifact.txt"]) == b"a text"


def artifact(server: Server, run: str, event: dict[str, Any]) -> bytes:
    """The content the server keeps for an `artifact.added`."""
    return Client(server.url).request("GET", f"/runs/{run}/artifacts/{event['body']['sha256']}")


def test_a_run_that_ends_by_an_exception_has_failed(server: Server) -> None:
    with pytest.raises(ZeroDivisionError), begin(server) as run:
        run.log({"root": 1.0})
        _ = 1 / 0
    (end,) = server.events(run.id, "run.finished")
    assert end["body"]["status"] == "failed"
    assert end["body"]["summary"]["error"]["type"] == "ZeroDivisionError"
    assert "1 / 0" in end["body"]["summary"]["error"]["traceback"]


def test_a_process_that_only_ends_finishes_its_run(server: Server) -> None:
    code = """
        import gauntlet
        run = gauntlet.init(id="ends-well")
        gauntlet.log({"root": 1.0})
    """
    ended = python(code, {"GAUNTLET_ENDPOINT": server.url, "GAUNTLET_PROJECT": "from env"})
    assert ended.stderr.count("\n") == 1
    assert f"{server.url}/runs/ends-well" in ended.stderr
    assert server.run("ends-well")["status"] == "completed"
    assert server.run("ends-well")["project"] == "from env"


def test_a_process_that_ends_by_an_exception_fails_its_run(server: Server) -> None:
    code = """
        import gauntlet
        gauntlet.init(id="ends-badly").log({"root": 1.0})
        raise KeyError("who")
    """
    ended = python(code, {"GAUNTLET_ENDPOINT": server.url, "GAUNTLET_QUIET": "1"}, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Traceback")
    (end,) = server.events("ends-badly", "run.finished")
    assert end["body"]["summary"]["error"]["message"] == "'who'"
    assert server.run("ends-badly")["status"] == "failed"


def test_opentelemetry_variables_mean_the_same(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "trainer")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "gauntlet.run.id=otel-run,host.name=a%20b,broken")
    with gauntlet.init(endpoint=server.url) as run:
        run.log({"root": 1.0})
    stored = server.run("otel-run")
    assert stored["project"] == "trainer"
    assert stored["metadata"]["resource"] == {"host.name": "a b"}


def test_what_a_run_is_created_with_follows_the_schema(server: Server) -> None:
    rules = json.loads((CONTRACT / "schema" / "run.create.json").read_text())
    for asked in (None, "auto", "dipg", {"root_below": 1}):
        run = begin(server, config={"a": float("inf")}, task="T", agent="A", metadata={"m": 1}, rules=asked)
        jsonschema.validate({"id": run.id, **run._spec.body()}, rules)
        run.finish()
        assert server.run(run.id)["rules"] == (asked or "auto")


def test_the_rules_of_a_run_are_sent() -> None:
    fake = Fake(lambda method, path, body: (200, {}))
    with (
        begin_at(fake.url, rules={"root_below": "0.5"}),
        begin_at(fake.url, rules="dipg"),
        begin_at(fake.url),
    ):
        pass
    fake.close()
    assert [spec.get("rules") for spec in fake.bodies("POST", "/api/v1/runs")][:3] == [
        {"root_below": 0.5}, "dipg", None,
    ]  # fmt: skip
    for wrong in (
        "medical",
        {"root_below": "low"},
        {"root_below": float("nan")},
        {"root_above": 1},
        ["dipg"],
    ):
        with pytest.raises(ValueError, match="rules is"):
            begin_at(fake.url, rules=wrong)


def test_a_run_with_an_id_continues_after_its_last_step(server: Server) -> None:
    for part in range(3):
        with begin(server, id="continued", name="continued") as run:
            for i in range(5):
                run.log({"root": float(5 * part + i)})
                run.metrics({"loss": 1.0})
    found = server.events("continued", "snapshot.scored")
    assert [(e["step"], e["body"]["scores"]["root"]) for e in found] == [(i, float(i)) for i in range(15)]
    assert len({(e["step"], e["episode"]) for e in found}) == 15
    assert [e["step"] for e in server.events("continued", "score.added")] == list(range(15))


def test_a_run_continues_after_the_steps_that_wait_on_disk(stoppable_server: Server) -> None:
    for part in range(2):
        with begin(stoppable_server, id="offline", mode="offline", rules={"root_below": 1}) as run:
            for _ in range(5):
                run.log({"root": float(part)}, episode='odd "name", "step":99,')
            assert run.flush()
    stoppable_server.start()
    assert main(["sync"]) == 0
    assert [e["step"] for e in stoppable_server.events("offline", "snapshot.scored")] == list(range(10))
    assert stoppable_server.events("offline", "run.started")[0]["body"]["rules"] == {"root_below": 1.0}
    assert stoppable_server.run("offline")["failing"] == 5


def test_a_run_does_not_continue_after_the_steps_within_its_episodes(stoppable_server: Server) -> None:
    def part(mode: str) -> None:
        with begin(stoppable_server, id="counted", mode=mode) as run:
            run.log({"root": 1.0})
            with run.episode(task="long") as episode:
                for i in range(20):
                    episode.message("user", str(i))
                episode.reward(1.0)

    part("offline")
    part("offline")
    stoppable_server.start()
    assert main(["sync"]) == 0
    part("online")
    part("online")
    assert [e["step"] for e in stoppable_server.events("counted", "snapshot.scored")] == list(range(8))


def test_other_settings_of_a_resumed_run_are_reported_once(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    with begin(server, id="differs", name="first", config={"lr": 0.5, "n": 1}):
        pass
    with begin(server, id="differs", config={"lr": 0.25, "n": 1}) as run:
        run.log({"root": 1.0})
    (ended,) = [r.getMessage() for r in caplog.records if "exists" in r.getMessage()]
    assert ended.endswith("run 'differs' exists with other settings, which stay: config.lr is 0.5, here 0.25")
    assert server.run("differs")["config"] == {"lr": 0.5, "n": 1}


def test_going_on_with_a_run(server: Server) -> None:
    with begin(server, id="goes-on", config={"a": 1}) as run:
        run.log({"root": 1.0})
    with begin(server, id="goes-on", config={"a": 2}) as run:
        run.log({"root": 2.0}, step=1)
    assert len(server.events("goes-on", "snapshot.scored")) == 2
    assert server.run("goes-on")["config"] == {"a": 1}


def test_what_is_logged_after_the_end_is_left_out(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    with begin(server) as run:
        run.log({"root": 1.0})
    run.log({"root": 2.0})
    run.log({"root": 3.0})
    run.finish()
    assert len(server.events(run.id, "snapshot.scored")) == 1
    assert run.stats["dropped"] == 2
    assert len([r for r in caplog.records if "after the run had ended" in r.getMessage()]) == 1


def test_disabled_does_nothing(environment: Path) -> None:
    with gauntlet.init(mode="disabled") as run:
        run.log({"root": 1.0})
        run.rollout({"root": 1.0})
        run.artifact(b"x")
        assert run.checkpoint() == "continue"
        with run.episode("T") as ep, ep.tool_call("t") as call:
            call.result = 1
        assert run.flush()
    assert not environment.exists()
    assert run.stats["dropped"] == 0


def test_without_a_run_nothing_is_recorded_with_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    gauntlet.api._ledger.rearm("no run")
    gauntlet.log({"root": 1.0})
    gauntlet.log({"root": 1.0})
    with gauntlet.episode("T") as ep:
        ep.thought("alone")
    assert len([r for r in caplog.records if "there is no run" in r.getMessage()]) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("GAUNTLET_MODE", "sometimes"), ("GAUNTLET_ENDPOINT", "ftp://x"), ("GAUNTLET_SPOOL_BYTES", "many")],
)
def test_a_setting_that_cannot_be_understood_is_named(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=value):
        gauntlet.init()


def test_following_a_run_live(server: Server) -> None:
    run = begin(server)
    run.log({"root": 1.0})
    assert run.flush()
    facts = run.subscribe()
    assert next(facts)[0] == 0
    assert next(facts)[0] == 1
    # Viewers are told of other rules by a message that is not an event.
    client = Client(server.url, None)
    client.request("PATCH", f"/runs/{run.id}", b'{"rules": "dipg"}', "application/json")
    run.log({"root": 2.0})
    assert next(facts)[0] == 2
    streamed = client.live(run.id)
    assert [next(streamed)[0] for _ in range(3)] == [0, 1, 2]
    client.request("PATCH", f"/runs/{run.id}", b'{"rules": "auto"}', "application/json")
    run.log({"root": 3.0})
    seq, fact = next(streamed)
    assert (seq, fact["seq"]) == (3, 3)
    client.close()


def test_an_alert_has_the_text_and_severity_of_the_contract(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    vectors = json.loads((CONTRACT / "alerts.json").read_text())
    with caplog.at_level(logging.WARNING, "gauntlet"), begin(server) as run:
        run.alert("before any step")
        run.log({"root": 1.0}, step=7)
        for case in vectors["texts"]:
            run.alert(case["title"], case["text"])
        for case in vectors["levels"]:
            run.alert("level", level=case["level"], step=3)
        run.alert("", " ")
        run.alert("waits", wait_duration=timedelta(minutes=5))
        run.alert("waits", wait_duration=300)
        run.alert("another", wait_duration=300)
    first, *raised = server.events(run.id, "alert.raised")
    assert ("step" in first, first["body"]["severity"]) == (False, "warning")
    count = len(vectors["texts"])
    assert [a["body"]["text"] for a in raised[:count]] == [case["is"] for case in vectors["texts"]]
    assert {a["step"] for a in raised[:count]} == {7}
    levels = raised[count : count + len(vectors["levels"])]
    assert [a["body"]["severity"] for a in levels] == [case["is"] for case in vectors["levels"]]
    assert {a["step"] for a in levels} == {3}
    assert [a["body"]["text"] for a in raised[count + len(levels) :]] == ["waits", "another"]
    assert "neither a title nor a text" in caplog.text
    assert "the level 'critical' is none of info, warning, error" in caplog.text
