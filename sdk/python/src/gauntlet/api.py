"""``gauntlet.init`` and the functions that act on the current run."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from . import context, lifecycle
from .compat.run import Run
from .control import Command
from .episodes import Episode
from .events import Event, RunStarted
from .joining import find, is_worker, other_rank, step_before
from .ledger import Ledger, print_line
from .run import current_run
from .settings import VERSION, Mode, Settings, address, parse_mode
from .sinks.base import Sink
from .stamps import uuid7
from .values import label, number, object_of, optional_label, run_identifier, shown, words

if TYPE_CHECKING:
    # In Python from 3.11 on; type checkers have it.
    from typing_extensions import Unpack

    from .reader import RunReader, Tables
    from .types import ArtifactOptions, RolloutOptions, ScoreOptions

__all__ = [
    "acheckpoint",
    "artifact",
    "checkpoint",
    "commands",
    "current",
    "current_run",
    "emit",
    "episode",
    "flush",
    "init",
    "metrics",
    "open_run",
    "rollout",
    "score",
    "subscribe",
]

#: Most tags of a run.
MAX_TAGS = 64
_ledger = Ledger()
_unrecorded: Run | None = None


def init(
    project: str | None = None,
    name: str | None = None,
    config: Mapping[str, Any] | None = None,
    *,
    id: str | None = None,
    kind: str = "training",
    agent: str | None = None,
    task: str | None = None,
    tags: Sequence[str] = (),
    metadata: Mapping[str, Any] | None = None,
    endpoint: str | None = None,
    mode: Mode | None = None,
    sinks: Sequence[Sink] | None = None,
    rules: str | Mapping[str, float] | None = None,
) -> Run:
    """Begins a run and makes it the current one; usable as a ``with`` block.

    Arguments win over the environment (``GAUNTLET_*``, ``OTEL_*``: see the README). ``id`` names an existing
    run to continue it. ``rules`` decide which step fails: ``"auto"``, ``"dipg"`` (the medical rules) or
    ``{"root_below": number}``. ``sinks`` are where events go: a :class:`~gauntlet.ServerSink` where none are
    named. Needs no server: what cannot be sent is stored on disk. Raises ``ValueError`` only for a setting
    that cannot be understood.
    """
    settings = Settings.from_env()
    if endpoint is not None:
        settings = replace(settings, endpoint=endpoint)
    if mode is not None:
        settings = replace(settings, mode=parse_mode(mode, "mode"))
    settings = replace(settings, endpoint=address(settings.endpoint))
    resource = {"resource": dict(settings.resource)} if settings.resource else {}
    named = id or settings.run_id
    ledger = Ledger()
    run_id = run_identifier(named, ledger) if named else uuid7(time.time_ns())
    _end_open()
    found = find(settings, run_id) if named else None
    known = found or {}
    spec = RunStarted(
        name=label(name or known.get("name") or named or _default_name(), "run", ledger),
        project=label(project or known.get("project") or settings.project or "default", "default", ledger),
        kind_=label(kind, "training", ledger),
        agent=optional_label(agent, ledger),
        task=optional_label(task, ledger),
        tags=_tags(tags, ledger),
        config=object_of(config, ledger),
        metadata=object_of({**object_of(metadata), **resource, "sdk": f"python {VERSION}"}, ledger),
        rules=_rules(rules),
    )
    if sinks is None:
        from .sinks.server import ServerSink

        sinks = [ServerSink()]
    requested = {
        "name": name, "project": project, "agent": agent, "task": task, "tags": tags, "config": config,
        "rules": rules,
    }  # fmt: skip
    run = Run(
        spec,
        run_id,
        settings,
        () if settings.mode == "disabled" else sinks,
        ledger,
        requested=[field for field, value in requested.items() if value],
        after=step_before(settings, run_id, found) if named else -1,
    )
    run.resumed = found is not None or run.journal.last_step >= 0
    context.enter(run)
    if named is None and settings.mode != "disabled" and (rank := other_rank()) is not None:
        ledger.warn(
            "rank",
            f"rank {rank} begins a run of its own; to write one run, give all ranks the same id: "
            "init(id=...), or OTEL_RESOURCE_ATTRIBUTES=gauntlet.run.id=...",
        )
    if not settings.quiet and settings.mode != "disabled" and not is_worker():
        where = run.url if settings.mode == "online" else f"offline, in {settings.spool}"
        goes_on = f", which goes on after step {run.journal.last_step}" if run.journal.last_step >= 0 else ""
        print_line(f"{run.name} -> {where}{goes_on}")
    return run


def _rules(rules: Any) -> Any:
    if rules is None or rules in ("auto", "dipg"):
        return rules
    below = (
        number(rules["root_below"]) if isinstance(rules, Mapping) and set(rules) == {"root_below"} else None
    )
    if below is None:
        raise ValueError(f'rules is {shown(rules)}; use "auto", "dipg" or {{"root_below": number}}')
    return {"root_below": below}


def _tags(tags: Any, ledger: Ledger) -> list[str]:
    found = [label(tag, "tag", ledger) for tag in words(tags)]
    if len(found) > MAX_TAGS:
        ledger.warn("tags", f"a run has at most {MAX_TAGS} tags; of {len(found)} the others are left out")
    return found[:MAX_TAGS]


def _end_open() -> None:
    """At a prompt or in a notebook a person begins a run where the last one was left: it has ended then."""
    last = current_run()
    if last is not None and lifecycle.interactive() and not last.in_block:
        last.finish()


def _default_name() -> str:
    """What is run, and when: the script, the package of ``python -m``, or that a person types."""
    script = Path(sys.argv[0] if sys.argv else "")
    name = script.parent.name if script.stem == "__main__" else script.stem
    if lifecycle.interactive():
        name = "notebook" if "ipykernel" in sys.modules else "prompt"
    elif not name or name.startswith("-"):
        name = "run"
    return f"{name} {time.strftime('%Y-%m-%d %H:%M:%S')}"


def current() -> Run:
    """The current run; where there is none, one that does nothing, with one warning."""
    global _unrecorded
    run = current_run()
    if isinstance(run, Run):
        return run
    _ledger.warn("no run", "there is no run; call gauntlet.init() first. Nothing is recorded until then")
    if _unrecorded is None:
        settings = replace(Settings.from_env({}), mode="disabled")
        _unrecorded = Run(RunStarted("unrecorded"), "none", settings, (), Ledger())
    return _unrecorded


def metrics(values: Mapping[str, Any], step: int | None = None) -> None:
    """See :meth:`gauntlet.Run.metrics`."""
    current().metrics(values, step)


def rollout(
    scores: Mapping[str, Any], *, episode: str | None = None, **options: Unpack[RolloutOptions]
) -> None:
    """See :meth:`gauntlet.Run.rollout`."""
    current().rollout(scores, episode=episode, **options)


def score(path: str, value: Any, *, episode: str | None = None, **options: Unpack[ScoreOptions]) -> None:
    """See :meth:`gauntlet.Run.score`."""
    current().score(path, value, episode=episode, **options)


def episode(
    task: str | None = None, id: str | None = None, metadata: Mapping[str, Any] | None = None
) -> Episode:
    """See :meth:`gauntlet.Run.episode`."""
    return current().episode(task, id, metadata)


def emit(event: Event, *, step: int | None = None, episode: str | None = None) -> None:
    """See :meth:`gauntlet.Run.emit`."""
    current().emit(event, step=step, episode=episode)


def artifact(
    content: str | bytes | os.PathLike[str],
    name: str | None = None,
    role: str = "file",
    *,
    episode: str | None = None,
    **options: Unpack[ArtifactOptions],
) -> None:
    """See :meth:`gauntlet.Run.artifact`."""
    current().artifact(content, name, role, episode=episode, **options)


def commands(timeout: float = 0) -> list[Command]:
    """See :meth:`gauntlet.Run.commands`."""
    return current().commands(timeout)


def checkpoint(
    tweak: Callable[[dict[str, Any]], Any] | dict[str, Any] | None = None,
    timeout: float | None = None,
    raise_on_stop: bool = False,
) -> Literal["continue", "stop"]:
    """See :meth:`gauntlet.Run.checkpoint`."""
    return current().checkpoint(tweak, timeout, raise_on_stop)


async def acheckpoint(
    tweak: Callable[[dict[str, Any]], Any] | dict[str, Any] | None = None,
    timeout: float | None = None,
    raise_on_stop: bool = False,
) -> Literal["continue", "stop"]:
    """See :meth:`gauntlet.Run.acheckpoint`."""
    return await current().acheckpoint(tweak, timeout, raise_on_stop)


def open_run(
    run: str, *, endpoint: str | None = None, api_key: str | None = None, tables: Tables = "auto"
) -> RunReader:
    """Opens a recorded run of a server for reading, by its id; :func:`gauntlet.open`.

    ``endpoint`` and ``api_key`` are those of the environment where they are not given. ``tables`` is what the
    methods return: ``"pandas"``, ``"polars"``, ``"dicts"`` (a list with a dict for each row), or ``"auto"``:
    the first of these that is installed. Raises :class:`~gauntlet.ApiError` for a run that does not exist,
    :class:`~gauntlet.Unreachable` without a server, and ``ImportError`` without a named library.
    """
    # Not at the top: a program that only logs does not need http and csv.
    from .client import Client
    from .reader import RunReader, library_of

    library = library_of(tables)
    settings = Settings.from_env()
    client = Client(endpoint or settings.endpoint, settings.api_key if api_key is None else api_key)
    with closing(client):
        client.run(run)
    return RunReader(client, run, library)


def sql(
    statement: str,
    runs: str | Sequence[str] = (),
    *,
    limit: int = 1000,
    seconds: int = 10,
    endpoint: str | None = None,
    api_key: str | None = None,
    tables: Tables = "auto",
) -> Any:
    """The rows that one SELECT finds in a server's runs, as a table; ``docs/sql.md`` lists the views.

    ``runs`` are the ids of the runs whose rows the views have, all runs where there are none. ``limit`` is
    the most rows (a warning says that there are more), ``seconds`` how long it may take. The others are those
    of :func:`gauntlet.open`. Raises :class:`~gauntlet.ApiError` for a statement that is refused.
    """
    from .client import Client
    from .reader import library_of, query

    library = library_of(tables)
    settings = Settings.from_env()
    client = Client(endpoint or settings.endpoint, settings.api_key if api_key is None else api_key)
    named = [runs] if isinstance(runs, str) else runs
    return query(client, library, statement, named, limit, seconds)


def subscribe(after: int | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
    """See :meth:`gauntlet.Run.subscribe`."""
    return current().subscribe(after)


def flush(timeout: float = 30.0) -> bool:
    """See :meth:`gauntlet.Run.flush`. Without a run: whether nothing was logged, and so lost."""
    run = current_run()
    return _unrecorded is None if run is None else run.flush(timeout)
