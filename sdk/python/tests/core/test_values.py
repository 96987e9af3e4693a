"""Loosely typed values read as at every other lenient door: the table of the contract."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from gauntlet.journal import _index
from gauntlet.ledger import Unusable
from gauntlet.values import mime_type_of, reading

VALUES = json.loads((Path(__file__).parents[3] / "contract" / "values.json").read_text())


def decoded(value: Any) -> Any:
    """The input of a case: what JSON cannot represent is named by its text."""
    return float(value["float"]) if isinstance(value, dict) and "float" in value else value


@pytest.mark.parametrize("case", VALUES["number"], ids=lambda c: str(c["in"]))
def test_numbers(case: dict[str, Any]) -> None:
    found = reading(decoded(case["in"]))
    if case["is"] == "invalid":
        assert found is None
    elif case["is"] == "not evaluated":
        assert found is not None
        assert math.isnan(found)
    else:
        assert found == case["is"]


@pytest.mark.parametrize("case", VALUES["step"], ids=lambda c: str(c["in"]))
def test_steps(case: dict[str, Any]) -> None:
    if case["is"] == "invalid":
        with pytest.raises(Unusable, match="the step is"):
            _index(decoded(case["in"]))
    else:
        assert _index(decoded(case["in"])) == (None if case["is"] == "not evaluated" else case["is"])


@pytest.mark.parametrize(
    ("name", "mime_type"),
    [
        ("model.pt", "application/octet-stream"),
        ("a plot.png", "image/png"),
        ("rollouts.jsonl", "application/x-ndjson"),
        ("train.LOG", "text/plain"),
        ("no ending", "application/octet-stream"),
    ],
)
def test_the_type_of_a_file_is_the_same_on_every_machine(name: str, mime_type: str) -> None:
    assert mime_type_of(name) == mime_type
