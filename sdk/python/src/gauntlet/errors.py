"""What can go wrong, as types.

Nothing here is ever raised by logging: a training loop sees these only where it asks a question
(:meth:`gauntlet.Run.subscribe`, a :class:`gauntlet.client.Client`) or asks for an exception
(:class:`Stopped`).
"""

from __future__ import annotations

import json
from typing import Any

__all__ = [
    "ApiError",
    "AuthenticationError",
    "CommError",
    "Error",
    "GauntletError",
    "Stopped",
    "Unreachable",
    "UsageError",
]


class GauntletError(Exception):
    """Anything this package raises."""


class Unreachable(GauntletError):
    """The server could not be reached, or the connection broke before it answered."""


#: As scripts written for wandb name them.
Error = GauntletError
CommError = Unreachable


class UsageError(GauntletError):
    """wandb's error for a wrong call; never raised here."""


class AuthenticationError(UsageError):
    """wandb's error for a missing key; never raised here."""


class Stopped(GauntletError):
    """A person asked the run to stop, and the loop asked for an exception (``raise_on_stop=True``)."""

    def __init__(self, author: str) -> None:
        super().__init__(f"{author} asked this run to stop")
        self.author = author


class ApiError(GauntletError):
    """The server refused a request.

    ``status`` is the HTTP status, ``code`` a machine-readable name, ``message`` a sentence for people;
    ``details`` is what the answer adds. Where one event of a batch is at fault, ``index`` is its 0-based
    position and ``field`` the dotted path of the field.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: list[dict[str, Any]] | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.details = details or []
        self.request_id = request_id
        self.retry_after = retry_after

    @property
    def index(self) -> int | None:
        """Which event of the batch, if the answer names one."""
        index = self.details[0].get("index") if self.details else None
        return index if isinstance(index, int) else None

    @property
    def field(self) -> str | None:
        """Which field, if the answer names one. Empty where the text is not JSON."""
        field = self.details[0].get("field") if self.details else None
        return field if isinstance(field, str) else None

    def refused_events(self, count: int) -> dict[int, dict[str, Any]]:
        """The detail of each refused event of a batch of ``count``, by position; empty if none is named."""
        named = {detail.get("index"): detail for detail in reversed(self.details)}
        return {index: named[index] for index in range(count) if index in named}

    @property
    def is_no_run(self) -> bool:
        """Whether the server has no such run, rather than no such path."""
        return self.status == 404 and self.message.startswith("there is no run")

    @classmethod
    def of_answer(cls, status: int, body: bytes, retry_after: str | None) -> ApiError:
        """The error in a response; of a proxy's error page the first words become the message."""
        wait = None
        if retry_after is not None:
            try:
                wait = max(0.0, float(retry_after))
            except ValueError:
                wait = None
        try:
            error = json.loads(body)["error"]
            details = error.get("details")
            details = [d for d in details if isinstance(d, dict)] if isinstance(details, list) else None
            return cls(
                status, str(error["code"]), str(error["message"]), details, error.get("request_id"), wait
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            words = body[:200].decode("utf-8", "replace").strip() or "no explanation"
            return cls(status, "http", words, retry_after=wait)
