"""``wandb.util``: the helpers that scripts use of it."""

from __future__ import annotations

import re
from typing import Any

from .compat.module import generate_id
from .compat.plain import plain

__all__ = ["generate_id", "json_friendly", "make_artifact_name_safe", "to_json"]


def make_artifact_name_safe(name: str) -> str:
    """A name of letters, digits, ``-``, ``_`` and ``.``."""
    return re.sub(r"[^a-zA-Z0-9_\-.]", "_", name)[:128]


def to_json(value: Any) -> Any:
    """``value`` as plain JSON data."""
    return plain(value)


def json_friendly(value: Any) -> tuple[Any, bool]:
    """``value`` as plain JSON data, and whether it had to be changed."""
    found = plain(value)
    return found, found is not value
