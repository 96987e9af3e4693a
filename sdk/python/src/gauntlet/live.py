"""Following a run live, across lost connections."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

from .errors import ApiError, Unreachable

__all__ = ["follow"]


def follow(
    endpoint: str, api_key: str | None, run: str, after: int | None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """``(seq, fact)`` from past ``after`` on, nothing missing and nothing twice."""
    from .client import Client

    client = Client(endpoint, api_key)
    failures = 0
    while True:
        try:
            for seq, fact in client.live(run, after):
                failures = 0
                if after is None or seq > after:
                    after = seq
                    yield seq, fact
        except Unreachable:
            pass  # The server or the network restarts: continue after the last event.
        except ApiError as error:
            # 404: the run is still on its way to the server.
            if error.status < 500 and error.status not in {404, 429}:
                raise
        failures += 1
        time.sleep(min(5.0, 0.1 * 2.0 ** min(failures, 6)) * random.uniform(0.5, 1.0))
