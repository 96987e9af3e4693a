"""What the package offers beside its own functions, so that ``import gauntlet as wandb`` is enough."""

from __future__ import annotations

import enum
import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

from .. import api
from ..events import Ending
from ..run import current_run
from ..values import words
from .config import Config, Summary, config_of
from .notices import Nothing, notice
from .run import Run
from .watching import watch

__all__ = ["Package", "finish", "init", "log", "watch"]

#: What was set in `config` before there was a run.
_early = Config()
_sweeps: dict[str, Mapping[str, Any]] = {}
_MODES = {"dryrun": "offline", "shared": "online", "run": "online"}


def init(
    project: str | None = None,
    name: str | None = None,
    config: Any = None,
    *,
    tags: Sequence[str] | str | None = (),
    metadata: Mapping[str, Any] | None = None,
    id: str | None = None,
    mode: Any = None,
    entity: str | None = None,
    notes: str | None = None,
    group: str | None = None,
    job_type: str | None = None,
    dir: Any = None,
    resume: Any = None,
    reinit: Any = None,
    settings: Any = None,
    config_exclude_keys: Sequence[str] | None = None,
    config_include_keys: Sequence[str] | None = None,
    save_code: bool | None = None,
    sync_tensorboard: bool | None = None,
    tensorboard: bool | None = None,
    monitor_gym: bool | None = None,
    anonymous: Any = None,
    allow_val_change: bool | None = None,
    force: bool | None = None,
    magic: Any = None,
    fork_from: str | None = None,
    resume_from: str | None = None,
    **more: Any,
) -> Run:
    """Begins a run and makes it the current one; usable as a ``with`` block.

    Arguments win over the environment (``GAUNTLET_*``, ``OTEL_*``: see the README). ``id`` names an existing
    run to continue it. ``kind``, ``agent`` and ``task`` describe it, ``endpoint`` where it goes, ``mode``
    (``online``, ``offline``, ``disabled``) whether; ``sinks`` are where events go: a
    :class:`~gauntlet.ServerSink` where none are named. Needs no server: what cannot be sent is stored on
    disk. Raises ``ValueError`` only for a setting that cannot be understood. The other arguments are those of
    wandb: ``entity``, ``notes``, ``group`` and ``job_type`` become metadata, ``reinit`` ends the run before,
    ``dir`` is the folder of :attr:`Run.dir`; what has no meaning here is reported once.
    """
    wanted = config_of(settings)
    project, name = project or wanted.get("project"), name or wanted.get("run_name")
    id, mode = id or wanted.get("run_id"), mode or wanted.get("mode")
    before = current_run()
    if reinit in (True, "finish_previous") and before is not None:
        before.finish()
    elif reinit == "return_previous" and isinstance(before, Run):
        return before
    _notice_ignored(
        resume=resume if id is None and resume not in (None, False, "never") else None,
        save_code=save_code, sync_tensorboard=sync_tensorboard or tensorboard, monitor_gym=monitor_gym,
        magic=magic, fork_from=fork_from, resume_from=resume_from,
    )  # fmt: skip
    values = {**_early, **config_of(config)}
    values = {
        key: value
        for key, value in values.items()
        if key not in words(config_exclude_keys or ())
        and (not config_include_keys or key in words(config_include_keys))
    }
    named = {"entity": entity, "notes": notes, "group": group, "job_type": job_type}
    run = api.init(
        project,
        name,
        values,
        id=id,
        tags=words(tags or ()),
        metadata={**{k: v for k, v in named.items() if v is not None}, **(metadata or {})},
        mode=_MODES.get(mode, mode),
        **more,
    )
    dict.clear(_early)
    run.describe(values, notes, group, job_type, entity, dir)
    return run


def _notice_ignored(**values: Any) -> None:
    for name, value in values.items():
        if value:
            notice(name, f"{name}= has no meaning here and is left out")


def log(
    scores: Mapping[str, Any],
    step: int | None = None,
    commit: bool | None = None,
    sync: bool | None = None,
    *,
    episode: str | None = None,
) -> None:
    """See :meth:`gauntlet.Run.log`."""
    api.current().log(scores, step, commit, sync, episode=episode)


def finish(
    status: Ending | int | None = "completed",
    summary: Mapping[str, Any] | None = None,
    *,
    exit_code: int | None = None,
    quiet: bool | None = None,
) -> None:
    """Ends the current run; see :meth:`gauntlet.Run.finish`."""
    api.current().finish(status, summary, exit_code=exit_code, quiet=quiet)


class AlertLevel(enum.Enum):
    """How grave an alert is."""

    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


class Settings(SimpleNamespace):
    """Settings of wandb; of them ``mode``, ``project``, ``run_id`` and ``run_name`` have a meaning here."""


def login(*_: Any, **__: Any) -> bool:
    """Does nothing: there is no login. For a server with a key, set ``GAUNTLET_API_KEY``."""
    notice("login", "login() does nothing: a server that asks for a key takes GAUNTLET_API_KEY")
    return True


def sweep(sweep: Any = None, *_: Any, **__: Any) -> str:
    """Stores the parameters for :func:`agent`; no search runs over them."""
    notice(
        "sweep", "sweep(): there is no search here; agent() calls the function once, with one value of each"
    )
    name = generate_id()
    _sweeps[name] = config_of(sweep() if callable(sweep) else sweep)
    return name


def agent(sweep_id: str, function: Callable[[], Any] | None = None, *_: Any, **__: Any) -> None:
    """Calls the function once, with the first or middle value of each parameter of the sweep."""
    notice("agent", "agent() calls the function once, with one value of each parameter: nothing is searched")
    parameters = _sweeps.get(str(sweep_id), {}).get("parameters", {})
    _early.update({name: _one_of(config_of(one)) for name, one in config_of(parameters).items()})
    if function is not None:
        function()


def _one_of(parameter: Mapping[str, Any]) -> Any:
    if "value" in parameter:
        return parameter["value"]
    if parameter.get("values"):
        return next(iter(parameter["values"]))
    if "parameters" in parameter:
        return {name: _one_of(config_of(one)) for name, one in config_of(parameter["parameters"]).items()}
    low, high = parameter.get("min"), parameter.get("max")
    if low is None or high is None:
        return low if high is None else high
    return (low + high) // 2 if isinstance(low, int) and isinstance(high, int) else (low + high) / 2


def generate_id(length: int = 8) -> str:
    """A random id of small letters and digits."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    return "".join(letters[byte % 36] for byte in os.urandom(length))


def use_artifact(artifact_or_name: Any, type: str | None = None, *_: Any, **__: Any) -> Any:
    """See :meth:`Run.use_artifact`."""
    return api.current().use_artifact(artifact_or_name, type)


def _plot(kind: str) -> Callable[..., Any]:
    def chart(*args: Any, **kwargs: Any) -> Any:
        from .media import Chart

        return Chart(kind, *args, **kwargs)

    chart.__name__ = kind
    return chart


class _Plot:
    """``wandb.plot``: each chart keeps what it is drawn from."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _plot(name)


def _terminal(message: Any = "", *_: Any, **__: Any) -> None:
    print(message, file=sys.stderr)


#: Classes of modules that are imported on first use.
_LAZY = {
    **dict.fromkeys(
        ("Image", "Video", "Audio", "Html", "Object3D", "Molecule", "Plotly", "Histogram"), "media"
    ),
    "Table": "table",
    "Artifact": "artifact",
}
#: What is a method of the run.
_METHODS = (
    "alert", "define_metric", "save", "restore", "log_artifact", "log_model", "use_model", "link_model",
    "log_code",
    "link_artifact", "upsert_artifact", "finish_artifact", "unwatch", "mark_preempting",
)  # fmt: skip
#: What has no meaning here: it takes everything and is empty.
_NOTHING = (
    "Api", "InternalApi", "PublicApi", "apis", "agents", "automations", "beta", "Bokeh", "box3d",
    "controller",
    "Evals", "Graph", "integration", "JoinedTable", "jupyter", "keras", "launch", "lightgbm", "old",
    "patched",
    "plots", "proto", "require", "sacred", "set_trace", "setup", "sklearn", "teardown", "tensorboard",
    "tensorflow",
    "termsetup", "visualize", "wandb_agent", "wandb_lib", "wandb_torch", "watermark", "xgboost", "attach",
    "sync",
    "ensure_configured", "env", "gym", "ArtifactTTL", "WANDB_DIR", "analytics",
)  # fmt: skip


def _offered(name: str) -> Any:
    """What the package offers under a name of wandb's; ``None`` where it is none of those."""
    if name in _LAZY:
        return getattr(importlib.import_module(f"gauntlet.compat.{_LAZY[name]}"), name)
    if name in _METHODS:
        return lambda *args, **kwargs: getattr(api.current(), name)(*args, **kwargs)
    if name in _NOTHING:
        notice(name, f"wandb.{name} does not exist here; calls of it do nothing")
        return Nothing(f"wandb.{name}")
    if name in {"util", "data_types", "sdk"}:
        return importlib.import_module(f"gauntlet.{name}")
    return _NAMES.get(name)


_NAMES: dict[str, Any] = {
    "AlertLevel": AlertLevel, "Classes": lambda class_set=(), **_: SimpleNamespace(class_set=list(class_set)),
    "Config": Config, "Settings": Settings, "Summary": Summary, "agent": agent, "generate_id": generate_id,
    "login": login, "plot": _Plot(), "sweep": sweep, "termerror": _terminal, "termlog": _terminal,
    "termwarn": _terminal, "use_artifact": use_artifact,
}  # fmt: skip


class Package(ModuleType):
    """The package itself: ``run``, ``config`` and ``summary`` are those of the current run."""

    def __reduce__(self) -> Any:
        """By name, as any module: cloudpickle (Ray, joblib) knows only the exact type of modules."""
        return importlib.import_module, (self.__name__,)

    @property
    def run(self) -> Any:
        """The current run; ``None`` where there is none."""
        return current_run()

    @run.setter
    def run(self, _: Any) -> None:
        """The import of the module of that name sets it; the run is asked for instead."""

    @property
    def config(self) -> Any:
        """The configuration of the current run; what is set before there is one goes into the next."""
        run = current_run()
        return _early if run is None else run.config

    @config.setter
    def config(self, values: Any) -> None:
        if not isinstance(values, ModuleType):
            self.config.update(values)

    @property
    def summary(self) -> Any:
        """The summary of the current run."""
        run = current_run()
        return Summary() if run is None else getattr(run, "summary", None)

    def __getattr__(self, name: str) -> Any:
        if name in {"Error", "UsageError", "CommError"}:
            return getattr(importlib.import_module("gauntlet.errors"), name)
        found = None if name.startswith("__") else _offered(name)
        if found is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return found
