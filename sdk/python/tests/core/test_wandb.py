"""``import gauntlet as wandb``: scripts as people write them, read back from a real server."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import logging
import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

import gauntlet

from .support import Server, python
from .wandb_support import current, files, scores, summary, wandb


@pytest.fixture(autouse=True)
def here(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The server's address, and a folder of the test's own."""
    monkeypatch.setenv("GAUNTLET_ENDPOINT", server.url)
    monkeypatch.chdir(tmp_path)
    yield
    dict.clear(wandb.config)


def test_the_usual_script_arrives(server: Server, tmp_path: Path) -> None:
    assert current() is None
    wandb.login(key="secret", relogin=True)
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=3)
    args = parser.parse_args([])
    run = wandb.init(
        project="mnist", entity="me", name="first", config=args, tags=["a", "b"], notes="a note", group="g",
        job_type="train", id=wandb.util.generate_id(), resume="allow", mode="online", dir=tmp_path,
        reinit=True,
        save_code=True, settings=wandb.Settings(start_method="thread"), sync_tensorboard=True,
        monitor_gym=True,
        anonymous="allow", force=True, allow_val_change=True,
    )  # fmt: skip
    assert current() is run
    model = torch.nn.Linear(2, 2)
    wandb.watch(model, torch.nn.MSELoss(), log="all", log_freq=10)
    run.watch([model])
    for epoch in range(wandb.config.epochs):
        wandb.log({"loss": 1.0 / (epoch + 1)}, commit=False)
        wandb.log({"val": {"acc": torch.tensor(0.25 * epoch), "f1": np.float32(0.5)}, "epoch": epoch})
    run.summary["best_acc"] = 0.5
    wandb.run.summary.update({"classes": ["a", "b"]})
    wandb.summary.note = "done"
    assert run.summary["loss"] == pytest.approx(1 / 3)
    assert run.step == 3
    wandb.finish(exit_code=0, quiet=True)
    assert current() is None

    stored = server.run(run.id)
    assert (stored["name"], stored["project"], stored["status"]) == ("first", "mnist", "completed")
    assert stored["config"] == {"lr": 0.1, "epochs": 3}
    assert stored["tags"] == ["a", "b"]
    assert {k: stored["metadata"][k] for k in ("entity", "notes", "group", "job_type")} == {
        "entity": "me", "notes": "a note", "group": "g", "job_type": "train",
    }  # fmt: skip
    assert scores(server, run.id) == {
        n: {"loss": 1.0 / (n + 1), "val.acc": 0.25 * n, "val.f1": 0.5, "epoch": float(n)} for n in range(3)
    }
    assert stored["steps"] == 3
    assert summary(server, run.id) == {"best_acc": 0.5, "classes": ["a", "b"], "note": "done"}


def test_a_run_that_ends_with_an_exit_code_or_an_exception_has_failed(server: Server) -> None:
    run = wandb.init()
    wandb.finish(3)
    assert server.run(run.id)["status"] == "failed"
    assert summary(server, run.id) == {"exit_code": 3}
    with pytest.raises(ZeroDivisionError), wandb.init() as run:
        1 / 0  # noqa: B018
    assert server.run(run.id)["status"] == "failed"
    run = wandb.init()
    run.finish(exit_code=None)
    assert server.run(run.id)["status"] == "completed"


@dataclasses.dataclass
class Arguments:
    """A configuration."""

    lr: float = 0.5
    layers: tuple[int, ...] = (1, 2)


class Plain:
    """One that is not a dataclass, with a class attribute."""

    lr = 0.5

    def __init__(self) -> None:
        self.layers = [1, 2]

    def method(self) -> None: ...


class Slotted:
    """One that says what it is."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        return {"lr": 0.5, "layers": [1, 2]}


@pytest.mark.parametrize(
    "configuration",
    [
        {"lr": 0.5, "layers": [1, 2]},
        argparse.Namespace(lr=0.5, layers=[1, 2]),
        SimpleNamespace(lr=0.5, layers=[1, 2]),
        Arguments(),
        Plain(),
        Slotted(),
        [("lr", 0.5), ("layers", [1, 2])],
        "config.json",
        Path("config.yaml"),
        "wandb.yaml",
    ],
    ids=lambda configuration: (
        type(configuration).__name__ if not isinstance(configuration, str | Path) else str(configuration)
    ),
)
def test_whatever_is_a_configuration_is_one(server: Server, configuration: Any) -> None:
    Path("config.json").write_text('{"lr": 0.5, "layers": [1, 2]}')
    Path("config.yaml").write_text("lr: 0.5\nlayers: [1, 2]\n")
    Path("wandb.yaml").write_text("wandb_version: 1\nlr: {desc: null, value: 0.5}\nlayers: {value: [1, 2]}\n")
    run = wandb.init(config=configuration)
    assert run.config.lr == run.config["lr"] == wandb.config.get("lr") == 0.5
    assert list(run.config["layers"]) == [1, 2]
    run.finish()
    assert server.run(run.id)["config"] == {"lr": 0.5, "layers": [1, 2]}


@pytest.mark.parametrize("odd", [3, "missing.yaml", object(), ["a"], b"x"])
def test_what_is_no_configuration_is_left_out_without_raising(server: Server, odd: Any) -> None:
    run = wandb.init(config=odd, tags=None, name=None, notes=None, settings=None)
    run.log({"loss": 1.0})
    run.finish()
    assert server.run(run.id)["status"] == "completed"


def test_the_configuration_can_be_changed_and_is_stored(server: Server) -> None:
    wandb.config.before = "the run"
    run = wandb.init(config={"lr": 0.1, "secret": 1}, config_exclude_keys=["secret"])
    wandb.config.update({"lr": 0.2, "nested": {"a": 1}}, allow_val_change=True)
    wandb.config.setdefaults({"lr": 9, "depth": 4})
    wandb.config.batch = 8
    run.config["device"] = torch.device("cpu")
    assert wandb.config.nested["a"] == 1
    assert dict(**wandb.config)["lr"] == 0.2
    assert "depth" in run.config
    assert not hasattr(run.config, "absent")
    assert json.loads(json.dumps(run.config, default=str))["batch"] == 8
    run.log({"loss": 1.0})
    wandb.config = {"late": True}
    run.finish()
    assert server.run(run.id)["config"] == {"before": "the run", "lr": 0.1}
    assert json.loads(files(server, run.id)["config.json"][2]) == {
        "before": "the run", "lr": 0.2, "nested": {"a": 1}, "depth": 4, "batch": 8, "device": "cpu",
        "late": True,
    }  # fmt: skip


def test_what_cannot_be_stored_is_counted_and_raises_nothing(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def savefig(self, *_: Any, **__: Any) -> None:
            raise RuntimeError("no backend")

    run = wandb.init()
    with caplog.at_level(logging.WARNING, "gauntlet"):
        for _ in range(2):
            run.log({"loss": 1.0, "figure": Broken(), "word": "ok", "nothing": None})
    run.finish()
    assert scores(server, run.id) == {0: {"loss": 1.0}, 1: {"loss": 1.0}}
    assert run.stats["skipped_values"] == 4
    assert summary(server, run.id) == {"word": "ok"}, "the last text is kept with the run"
    assert sum("figure was not kept: RuntimeError: no backend" in r.message for r in caplog.records) == 1


def test_metrics_are_summarized_as_defined(server: Server) -> None:
    run = wandb.init()
    wandb.define_metric("epoch")
    wandb.define_metric("val/*", step_metric="epoch", summary="max")
    run.define_metric("loss", summary="min,mean")
    run.define_metric("acc", summary="best", goal="maximize")
    for loss in (3.0, 1.0, 2.0):
        wandb.log({"loss": loss, "acc": loss, "val/f1": -loss, "epoch": 1})
    run.finish()
    assert summary(server, run.id) == {"loss.min": 1.0, "loss.mean": 2.0, "acc.max": 3.0, "val/f1.max": -1.0}


def test_a_script_that_was_killed_resumes_at_once(server: Server) -> None:
    """While the server still waits for a sign of life of the first process."""
    code = """
        import os, signal, sys
        import gauntlet as wandb
        run = wandb.init(id="killed", resume="allow", name="training")
        print(run.resumed, run.step)
        wandb.log({"loss": 1.0})
        assert run.flush()
        sys.stdout.flush()
        if not run.resumed:
            os.kill(os.getpid(), signal.SIGKILL)
    """
    env = {"GAUNTLET_ENDPOINT": server.url}
    first, second = python(code, env, check=False), python(code, env)
    assert (first.returncode, first.stdout) == (-signal.SIGKILL, "False 0\n")
    assert second.stdout == "True 1\n"
    assert second.stderr == f"gauntlet: training -> {server.url}/runs/killed, which goes on after step 0\n"
    assert [e["step"] for e in server.events("killed", "snapshot.scored")] == [0, 1]
    assert server.run("killed")["status"] in {"running", "completed"}


def test_artifacts_and_saved_files_arrive_complete(server: Server) -> None:
    Path("data/inner").mkdir(parents=True)
    Path("data/a.txt").write_text("a")
    Path("data/inner/b.txt").write_text("b")
    Path("model.pt").write_bytes(b"weights")
    run = wandb.init()
    artifact = wandb.Artifact("corpus", type="dataset", description="texts", metadata={"rows": np.int64(2)})
    artifact.add_dir("data")
    artifact.add_file("model.pt", name="best.pt")
    artifact.add_file("not there")
    artifact.add_reference("s3://bucket/key")
    artifact.add(wandb.Table(columns=["a"], data=[[1]]), "rows")
    with artifact.new_file("notes.json") as file:
        json.dump({"n": 1}, file)
    assert run.log_artifact(artifact, aliases=["latest"]).wait() is artifact
    wandb.log_artifact("model.pt", name="raw", type="model")
    wandb.log_model("model.pt", name="logged")
    there = wandb.use_artifact("me/project/corpus:latest").download("copy")
    assert (Path(there) / "inner/b.txt").read_text() == "b"
    assert wandb.use_artifact("unknown:v3").files() == []
    wandb.save("model.pt")
    wandb.save("late-*.txt")
    Path("late-1.txt").write_text("late")
    Path(run.dir, "checkpoint.bin").write_bytes(b"1")
    run.summary["table"] = wandb.Table(columns=["x"], data=[[1]])
    run.finish()

    found = {name: content for name, (_, _, content) in files(server, run.id).items()}
    assert {name: found[f"corpus/{name}"] for name in ("a.txt", "inner/b.txt", "best.pt", "notes.json")} == {
        "a.txt": b"a", "inner/b.txt": b"b", "best.pt": b"weights", "notes.json": b'{"n": 1}',
    }  # fmt: skip
    about = json.loads(found["corpus.artifact.json"])
    assert (about["metadata"], about["aliases"], about["references"]) == (
        {"rows": 2}, ["latest"], {"key": "s3://bucket/key"},
    )  # fmt: skip
    assert found["raw/model.pt"] == found["logged/model.pt"] == found["model.pt"] == b"weights"
    assert (found["late-1.txt"], found["checkpoint.bin"]) == (b"late", b"1")
    assert json.loads(found["summary/table.table.json"])["data"] == [[1]]
    assert "corpus/rows.table.json" in found


def test_what_has_no_meaning_is_reported_once_and_does_nothing(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    run = wandb.init()
    with caplog.at_level(logging.WARNING, "gauntlet"):
        for _ in range(2):
            wandb.alert(title="Low accuracy", text="0.1", level=wandb.AlertLevel.WARN, wait_duration=300)
            assert list(wandb.Api().runs("me/project", filters={"a": 1})) == []
            assert wandb.restore("model.pt") is None
            wandb.require("core")
            wandb.setup()
            run.log_code(".")
            run.mark_preempting()
            wandb.unwatch()
            wandb.link_artifact(wandb.Artifact("x", "y"), "registry")
            wandb.termlog("hello")

            class Callback(wandb.keras.WandbCallback):  # type: ignore[misc]
                pass

    run.finish()
    texts = [record.message for record in caplog.records]
    assert len(texts) == len(set(texts)) >= 5
    [alert] = server.events(run.id, "alert.raised")  # The second comes within `wait_duration`.
    assert alert["body"] == {"text": "Low accuracy: 0.1", "severity": "warning"}
    with pytest.raises(AttributeError):
        wandb.lgo({"loss": 1})


def test_a_sweep_calls_its_function_once_with_a_value_of_each(server: Server) -> None:
    seen: list[dict[str, Any]] = []

    def train() -> None:
        with wandb.init(project="swept") as run:
            seen.append(dict(wandb.config))
            run.log({"loss": wandb.config.lr})

    parameters = {"lr": {"values": [0.1, 0.2]}, "depth": {"min": 1, "max": 3}, "name": {"value": "x"}}
    name = wandb.sweep({"method": "random", "parameters": parameters}, project="swept")
    wandb.agent(name, function=train, count=5)
    assert seen == [{"lr": 0.1, "depth": 2, "name": "x"}]


def test_a_rubric_is_watched_and_a_model_is_not(server: Server) -> None:
    from openenv.core.rubrics import Rubric

    class Brief(Rubric):  # type: ignore[misc, unused-ignore]
        def forward(self, action: str, observation: str) -> float:
            return 1.0

    rubric = Brief()
    run = wandb.init()
    with wandb.watch(rubric) as watched:
        wandb.watch(torch.nn.Linear(1, 1), log_freq=5)
        wandb.watch(models=[torch.nn.Linear(1, 1)])
        rubric("a", "b")
        assert watched.calls == 1
    run.finish()
    assert scores(server, run.id) == {1: {"root": 1.0}}
    with pytest.raises(AttributeError):
        wandb.watch(5)


def test_names_and_tags_that_are_changed_reach_the_server(server: Server) -> None:
    run = wandb.init(name="before", tags=["a"])
    run.name = "after"
    run.tags += ("b",)
    run.notes = "looks good"
    run.finish()
    stored = server.run(run.id)
    assert (stored["name"], stored["tags"]) == ("after", ["a", "b"])


def test_a_notebook_shows_a_link_in_which_every_text_is_escaped(server: Server) -> None:
    run = wandb.init(name='<script>alert("1")</script>', project="<i>&</i>", mode="offline")
    shown = run._repr_html_()
    assert "<script" not in shown
    assert "<i>" not in shown
    assert "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;" in shown
    assert f'href="{run.url}"' in shown
    run.finish()


def test_the_names_that_scripts_import_are_there() -> None:
    for name in (
        "AlertLevel", "Artifact", "Audio", "Error", "Histogram", "Html", "Image", "Settings", "Table",
        "Video",
        "config", "data_types", "errors", "log_artifact", "plot", "run", "sdk", "summary", "util",
    ):  # fmt: skip
        assert hasattr(wandb, name), name
    for module, name in (
        ("gauntlet.sdk.wandb_run", "Run"), ("gauntlet.sdk.wandb_config", "Config"),
        ("gauntlet.errors", "CommError"),
        ("gauntlet.sdk.lib.runid", "generate_id"), ("gauntlet.sdk.wandb_settings", "Settings"),
        ("gauntlet.sdk.lib.disabled", "RunDisabled"), ("gauntlet.data_types", "Table"),
        ("gauntlet.util", "to_json"),
    ):  # fmt: skip
        assert getattr(importlib.import_module(module), name)
    assert wandb.sdk.wandb_run.Run is gauntlet.Run
    assert issubclass(wandb.Error, Exception)
    assert issubclass(wandb.errors.UsageError, wandb.Error)


def test_without_a_run_and_disabled_nothing_raises(server: Server) -> None:
    wandb.log({"loss": 1})
    wandb.log({"picture": wandb.Image(np.zeros((2, 2)))}, step=1)
    wandb.summary["x"] = 1
    wandb.save("x")
    wandb.finish()
    run = wandb.init(mode="disabled", config={"lr": 1})
    wandb.config.update({"a": 1})
    wandb.log({"loss": 1, "t": wandb.Table(data=[[1, 2, 3]])})
    wandb.alert("a", "b")
    run.finish()
    assert run.disabled


def test_a_script_that_begins_again_and_again_has_as_many_runs(server: Server) -> None:
    ids = []
    for n in range(3):
        run = wandb.init(project="again", reinit=True, config={"n": n})
        run.log({"loss": n})
        ids.append(run.id)
    assert wandb.init(reinit="return_previous") is run
    wandb.finish()
    assert [server.run(id)["status"] for id in ids] == ["completed"] * 3
    assert [server.run(id)["config"] for id in ids] == [{"n": n} for n in range(3)]


def test_a_script_without_finish_loses_nothing(server: Server) -> None:
    code = """
    import gauntlet as wandb
    run = wandb.init(id="forgets", project="p", config="config.json")
    wandb.config.batch = 4
    wandb.log({"loss": 1.0})
    wandb.run.summary["best"] = 1.0
    wandb.log({"loss": 0.5, "list": [1, 2]}, commit=False)
    """
    python(code, {"GAUNTLET_ENDPOINT": server.url})
    assert server.run("forgets")["status"] == "completed"
    assert scores(server, "forgets") == {0: {"loss": 1.0}, 1: {"loss": 0.5}}
    assert summary(server, "forgets") == {"best": 1.0}
    assert {"config.json", "list.json"} == set(files(server, "forgets"))
