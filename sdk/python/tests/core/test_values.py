"""Loosely typed values read as at every other lenient door: the table of the contract."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from gauntlet.journal import _index
from gauntlet.ledger import Unusable
from gauntlet.values import reading

VALUES = json.loads((Path(__file__).parents[3] / "contract" / "values.json").read_text())


def decoded(value: Any) -> Any:
    """The input of a case: what JSON has no word for is named by its text."""
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
