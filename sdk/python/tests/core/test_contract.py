"""The wire: every kind as the golden files have it, every refusal as the SDK's own error."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

from gauntlet import api, events, paths, values
from gauntlet.client import Client
from gauntlet.errors import ApiError

from .support import Server

CONTRACT = Path(__file__).parents[3] / "contract"
KINDS = {
    cls.kind: cls
    for cls in vars(events).values()
    if isinstance(cls, type) and issubclass(cls, events.Event) and cls is not events.Event
}
GOLDENS = sorted(CONTRACT.glob("events/*.json"))
REFUSED = json.loads((CONTRACT / "refused.json").read_text())
SCHEMAS = sorted(CONTRACT.glob("schema/*.json"))


#: The SDK's values for each closed list of the schemas.
LISTS = {
    ("run.started", "rules"): events.Rules,
    ("run.status", "status"): events.Status,
    ("run.finished", "status"): events.Ending,
    ("episode.finished", "status"): events.Status,
    ("step.recorded", "step_kind"): events.StepKind,
    ("snapshot.scored", "failures"): events.Failure,
    ("score.added", "target"): events.Target,
    ("command.issued", "action"): events.Action,
    ("alert.raised", "severity"): events.Severity,
    ("experiment.registered", "hypothesis_type"): events.HypothesisType,
    ("experiment.finished", "status"): events.Ending,
    ("trial.finished", "status"): events.Ending,
}


def schema(kind: str) -> dict[str, Any]:
    """The schema of a kind's body."""
    found: dict[str, Any] = json.loads((CONTRACT / f"schema/{kind}.json").read_text())
    return dict(found["properties"]["body"])


def closed(rules: dict[str, Any]) -> list[str]:
    """The values that a field may have; none where it is free."""
    rules = rules.get("items", rules)
    return list(rules.get("enum") or [one["const"] for one in rules.get("oneOf", ()) if "const" in one])


def build(golden: dict[str, Any]) -> events.Event:
    """The event of a golden file, made with the SDK's own class."""
    back = {wire: name for name, wire in events._WIRE.items()}
    cls = KINDS[golden["kind"]]
    names = set(cls.__dataclass_fields__)
    body = {back[k] if back.get(k) in names else k: v for k, v in golden["body"].items()}
    if body.get("challenge"):
        fields = body["challenge"]
        body["challenge"] = events.Challenge(
            fields["type"], fields["question"], fields["options"], fields["expected_answer"]
        )
    if body.get("error") and golden["kind"] in ("step.recorded", "trial.finished"):
        fields = body["error"]
        body["error"] = events.StepError(fields["type"], fields["message"], fields["traceback"])
    return cls(**body)


def encoded(golden: dict[str, Any]) -> bytes:
    event = build(golden)
    return events.encode(
        event.kind, event.body(), golden["id"], golden["at"], golden.get("episode"), golden.get("step")
    )


def test_there_is_a_class_for_every_kind() -> None:
    assert {json.loads(g.read_text())["kind"] for g in GOLDENS} == set(KINDS)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_class_has_the_fields_of_its_schema(kind: str) -> None:
    rules = schema(kind)
    nested = {
        "snapshot.scored": ("challenge", events.Challenge),
        "step.recorded": ("error", events.StepError),
        "trial.finished": ("error", events.StepError),
    }
    pairs: list[tuple[Any, dict[str, Any]]] = [(KINDS[kind], rules)]
    if kind in nested:
        field, cls = nested[kind]
        pairs.append((cls, rules["properties"][field]))
    for cls, of in pairs:
        fields = dataclasses.fields(cls)
        wire = {f.name: events._WIRE.get(f.name, f.name) for f in fields}
        assert set(wire.values()) == set(of["properties"])
        bare = {wire[f.name] for f in fields if f.default is f.default_factory is dataclasses.MISSING}
        must = set(of.get("required", ()))
        assert bare <= must, "what must be given"
        assert must <= bare | {wire[name] for name in cls.required}, "what is written in any case"


def test_closed_lists_have_the_values_of_the_schemas() -> None:
    found = {
        (kind, field): closed(rules)
        for kind in KINDS
        for field, rules in schema(kind)["properties"].items()
        if closed(rules)
    }
    assert {at: sorted(words) for at, words in found.items()} == {
        at: sorted(get_args(words)) for at, words in LISTS.items()
    }


def test_limits_are_those_of_the_server() -> None:
    limits = json.loads((CONTRACT / "limits.json").read_text())
    assert limits.pop("body_bytes") > 4 * values.MAX_TEXT_BYTES, "the texts of a rollout fit into one event"
    assert limits == {
        "step": values.MAX_STEP,
        "id_bytes": values.MAX_ID_BYTES,
        "path_bytes": paths.MAX_PATH_BYTES,
        "label_bytes": values.MAX_LABEL_BYTES,
        "text_bytes": values.MAX_TEXT_BYTES,
        "scores": values.MAX_SCORES,
        "tags": api.MAX_TAGS,
    }


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda p: p.stem)
def test_every_kind_is_written_as_the_golden_file_has_it(golden: Path) -> None:
    expected = json.loads(golden.read_text())
    written = json.loads(encoded(expected))
    assert written == expected
    assert list(written) == list(expected), "the order of the fields"


def test_an_empty_answer_of_a_trial_is_written() -> None:
    at = "2026-11-21T00:06:33.885877Z"
    answers: list[Any] = [False, "", 0, [], {}]
    for answer in answers:
        trial = events.TrialFinished("t", "p", 0, "completed", at, at, prediction=answer)
        assert trial.body()["prediction"] == answer
    assert "prediction" not in events.TrialFinished("t", "p", 0, "completed", at, at).body()


def test_the_server_accepts_and_returns_every_kind(server: Server) -> None:
    client = Client(server.url)
    client.create_run({"id": "goldens", "name": "goldens"})
    sent = [json.loads(g.read_text()) for g in GOLDENS if "run.started" not in g.stem]
    answer = client.append("goldens", [encoded(e) for e in sent])
    assert answer["accepted"] == len(sent)
    stored = server.events("goldens")[1:]
    for event, received in zip(sent, stored, strict=True):
        assert {k: received[k] for k in ("id", "at", "kind", "v")} == {
            k: event[k] for k in ("id", "at", "kind", "v")
        }
        for name, value in event["body"].items():
            assert received["body"][name] == value


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda p: p.stem)
def test_what_is_written_follows_the_schemas(schema: Path) -> None:
    rules = json.loads(schema.read_text())
    checked = 0
    for golden in GOLDENS:
        event = json.loads(golden.read_text())
        if schema.stem == event["kind"]:
            jsonschema.validate(json.loads(encoded(event)), rules)
            checked += 1
    assert checked or schema.stem not in KINDS


@pytest.mark.parametrize("case", REFUSED, ids=lambda c: c["name"])
def test_every_refusal_names_its_field(server: Server, case: dict[str, Any]) -> None:
    client = Client(server.url)
    client.create_run({"id": "refused", "name": "refused"})
    before = server.run("refused")["head"]
    with pytest.raises(ApiError) as refusal:
        client.append("refused", [line_of(case)])
    error = refusal.value
    assert (error.status, error.code, error.index) == (422, "invalid", 0)
    assert error.field == case["field"]
    assert case["contains"] in error.details[0]["message"]
    assert error.request_id
    assert server.run("refused")["head"] == before


def line_of(case: dict[str, Any]) -> bytes:
    if "text" in case:
        return str(case["text"]).encode()
    event = case["event"]
    repeat = case.get("repeat")
    if repeat:
        at = event
        *parents, last = repeat["path"].split(".") if isinstance(repeat["path"], str) else repeat["path"]
        for key in parents:
            at = at[key]
        at[last] = repeat["text"] * repeat["times"]
    return json.dumps(event).encode()
