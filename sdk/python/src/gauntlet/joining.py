"""How another process becomes one of those that write to a run: by its id, or with the run itself, which it
is given.

A :class:`~gauntlet.Run` can be pickled: in a worker of ``multiprocessing``, ``concurrent.futures``, Ray or
joblib it is unpickled as that worker's part of the same run, made current there. It does not print, does not
create the run again, and its end does not end the run while others write to it.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from . import context
from .errors import ApiError, GauntletError
from .events import RunStarted
from .folders import last_step
from .ledger import Ledger
from .settings import Mode, Settings

if TYPE_CHECKING:
    from .types import OpenRun

__all__ = ["find", "identity", "is_worker", "join", "other_rank", "step_before"]

R = TypeVar("R", bound="OpenRun")

#: How long ``init`` waits for what the server knows of a run, seconds.
_FIND_SECONDS = 3.0


def identity(spec: RunStarted, run: str, settings: Settings) -> dict[str, Any]:
    """What another process needs to continue that run: arguments of :func:`gauntlet.init`."""
    return {
        "id": run,
        "name": spec.name,
        "project": spec.project,
        "kind": spec.kind_,
        "agent": spec.agent,
        "task": spec.task,
        "tags": spec.tags,
        "config": spec.config,
        "metadata": spec.metadata,
        "endpoint": settings.endpoint,
        "mode": settings.mode,
        "rules": spec.rules,
    }


def join(kind: type[R], identity: dict[str, Any]) -> R:
    """The run of that identity in this process: the one that is here already, else this process's part of it,
    which is of that ``kind``."""
    from .sinks.server import ServerSink

    same = (run for run in context.runs() if (run.id, run.endpoint) == (identity["id"], identity["endpoint"]))
    known = next(same, None)
    if isinstance(known, kind):
        return known
    mode: Mode = identity["mode"]
    settings = replace(Settings.from_env(), endpoint=identity["endpoint"], mode=mode)
    spec = RunStarted(
        identity["name"],
        identity["project"],
        identity["kind"],
        identity["agent"],
        identity["task"],
        list(identity["tags"]),
        dict(identity["config"]),
        dict(identity["metadata"]),
        identity.get("rules"),
    )
    sinks = () if mode == "disabled" else (ServerSink(),)
    make: Any = kind  # Its arguments are those of `Run`, which imports this module.
    run: R = make(spec, identity["id"], settings, sinks, Ledger(), joined=True)
    context.enter(run)
    return run


def is_worker() -> bool:
    """Whether this process is one of several that another one started for its work."""
    multiprocessing: Any = sys.modules.get("multiprocessing.process")
    if multiprocessing is not None and multiprocessing.parent_process() is not None:
        return True
    return other_rank() is not None


def other_rank() -> str | None:
    """The rank that torchrun or Slurm gave to this process; ``None`` for the first."""
    rank = os.environ.get("RANK") or os.environ.get("SLURM_PROCID") or "0"
    return None if rank == "0" else rank


def find(settings: Settings, run: str) -> dict[str, Any] | None:
    """What the server knows of a run; ``None`` where it does not know it, or cannot be asked now."""
    if settings.mode != "online":
        return None
    from .client import Client

    client = Client(settings.endpoint, settings.api_key, timeout=_FIND_SECONDS)
    try:
        return client.run(run)
    except (ApiError, GauntletError, ValueError):
        return None
    finally:
        client.close()


def step_before(settings: Settings, run: str, found: dict[str, Any] | None) -> int:
    """The last step of a run that is continued, on the server or among the events that wait on this machine;
    -1 where it has none."""
    known = found.get("last_step") if found is not None else None
    return max(known if isinstance(known, int) else -1, last_step(settings.spool, run))
