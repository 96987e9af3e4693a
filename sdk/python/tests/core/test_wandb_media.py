"""What scripts written for wandb log beside numbers, read back from a real server."""

from __future__ import annotations

import importlib
import io
import json
import wave
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from .support import Server
from .wandb_support import files, scores, wandb

pd: Any = importlib.import_module("pandas")


@pytest.fixture(autouse=True)
def here(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The server's address, and a folder of the test's own."""
    monkeypatch.setenv("GAUNTLET_ENDPOINT", server.url)
    monkeypatch.chdir(tmp_path)
    yield
    dict.clear(wandb.config)


class Figure:
    """As matplotlib's."""

    def savefig(self, out: Any, format: str) -> None:
        Pillow.new("RGB", (3, 2)).save(out, format)


@pytest.mark.parametrize(
    ("picture", "size"),
    [
        (np.zeros((4, 6), dtype=np.uint8), (6, 4)),
        (np.random.rand(4, 6, 3), (6, 4)),
        (np.random.randn(4, 6, 1), (6, 4)),
        (np.ones((4, 6, 4), dtype=np.int64), (6, 4)),
        (np.zeros((4, 6), dtype=bool), (6, 4)),
        (torch.rand(3, 4, 6), (6, 4)),
        (torch.rand(1, 4, 6, requires_grad=True), (6, 4)),
        (torch.rand(2, 3, 4, 6, dtype=torch.bfloat16), (12, 4)),
        (np.full((4, 6), np.nan), (6, 4)),
        (Pillow.new("RGBA", (6, 4)), (6, 4)),
        (Pillow.new("CMYK", (6, 4)), (6, 4)),
        (Figure(), (3, 2)),
        (SimpleNamespace(gcf=Figure), (3, 2)),
    ],
    ids=str,
)
def test_a_picture_is_a_picture(server: Server, picture: Any, size: tuple[int, int]) -> None:
    run = wandb.init()
    run.log({"seen": wandb.Image(picture, caption="a <b>cat</b>")})
    run.finish()
    step, role, content = files(server, run.id)["seen: a <b>cat</b>.png"]
    assert (step, role) == (0, "image")
    assert Pillow.open(io.BytesIO(content)).size == size


def test_pixels_are_what_they_were() -> None:
    made = next(iter(wandb.Image(np.array([[0.0, 0.5, 1.0]])).blobs("x")))
    assert list(Pillow.open(io.BytesIO(made.content)).tobytes()) == [0, 128, 255]
    made = next(iter(wandb.Image(np.array([[0, 7, 300]])).blobs("x")))
    assert list(Pillow.open(io.BytesIO(made.content)).tobytes()) == [0, 7, 255]


def test_what_is_logged_beside_numbers_is_stored_at_its_step(server: Server) -> None:
    run = wandb.init()
    Pillow.new("RGB", (2, 2)).save("cat.jpg")
    table = wandb.Table(columns=["id", "picture", "score"])
    table.add_data(1, wandb.Image("cat.jpg"), np.float32(0.5))
    table.add_data(2, None, float("nan"))
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    run.log({"loss": 1.0})
    run.log(
        {
            "loss": 0.5,
            "val": {"pictures": [wandb.Image("cat.jpg"), Pillow.new("L", (1, 1))], "acc": 1},
            "table": table,
            "frame": frame,
            "drawn": wandb.Histogram([1.0, 2.0, 2.0, float("inf")], num_bins=2),
            "counted": wandb.Histogram(np_histogram=np.histogram([1, 2, 3], bins=3)),
            "weights": torch.arange(6.0).reshape(2, 3),
            "list": [1, "two", {"three": 3}],
            "film": wandb.Video(np.zeros((3, 3, 4, 4), dtype=np.uint8), fps=2),
            "sound": wandb.Audio(np.sin(np.arange(80.0)), sample_rate=8000),
            "page": wandb.Html("<h1>hello</h1>"),
            "points": wandb.Object3D(np.eye(3)),
            "chart": wandb.plot.line(table, "id", "score", title="scores"),
            "curve": wandb.plot.roc_curve([0, 1], [[0.5, 0.5], [0.1, 0.9]], labels=["a", "b"]),
            "figure": Figure(),
        },
        step=7,
    )
    run.finish()
    assert scores(server, run.id) == {0: {"loss": 1.0}, 7: {"loss": 0.5, "val.acc": 1.0}}
    found = files(server, run.id)
    assert {step for step, _, _ in found.values()} == {7}
    assert run.stats["skipped_values"] == 0
    read = {name: json.loads(content) for name, (_, _, content) in found.items() if name.endswith(".json")}
    assert read["table.table.json"] == {
        "columns": ["id", "picture", "score"],
        "data": [[1, "table/0/picture.jpg", 0.5], [2, None, None]],
    }
    assert found["table/0/picture.jpg"][2] == Path("cat.jpg").read_bytes() == found["val/pictures/0.jpg"][2]
    assert read["frame.table.json"]["columns"] == ["a", "b"]
    assert [row[0] for row in read["frame.table.json"]["data"]] == [1, 2]
    assert read["drawn.histogram.json"] == {"bins": [1.0, 1.5, 2.0], "values": [1.0, 2.0]}
    assert sum(read["counted.histogram.json"]["values"]) == 3
    assert sum(read["weights.histogram.json"]["values"]) == 6
    assert read["list.json"] == [1, "two", {"three": 3}]
    assert read["chart.chart.json"]["chart"] == "line"
    assert read["chart.chart.json"]["arguments"][0]["columns"] == ["id", "picture", "score"]
    assert read["curve.chart.json"]["labels"] == ["a", "b"]
    assert Pillow.open(io.BytesIO(found["film.gif"][2])).format == "GIF"
    with wave.open(io.BytesIO(found["sound.wav"][2])) as sound:
        assert (sound.getframerate(), sound.getnframes()) == (8000, 80)
    assert found["page.html"][2] == b"<h1>hello</h1>"
    assert read["points.pts.json"] == np.eye(3).tolist()
    assert {"figure.png", "val/pictures/1.png"} <= set(found)
    assert len(found) == 16
