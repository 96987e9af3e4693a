"""Gauntlet: flight recorder and X-ray of agent training. Takes the place of wandb: ``import gauntlet as
wandb``.

>>> import gauntlet
>>> run = gauntlet.init(project="medical-safety")
>>> run.log({"reward": 0.5, "grounding": 1.0})
"""

import sys

from .api import (
    acheckpoint,
    artifact,
    checkpoint,
    commands,
    current_run,
    emit,
    episode,
    flush,
    metrics,
    open_run,
    rollout,
    score,
    sql,
    subscribe,
)
from .compat.module import Package, finish, init, log, watch
from .compat.run import Run
from .control import Command
from .decorator import observe
from .episodes import Episode, ToolCall
from .errors import ApiError, GauntletError, Stopped, Unreachable
from .observer import Watch
from .settings import VERSION
from .sinks import ConsoleSink, FileSink, ServerSink, Sink, WandbSink

#: Opens a recorded run for reading. Not in `__all__`: a star import must not replace the builtin.
open = open_run

__all__ = [
    "__version__",
    "ApiError",
    "Command",
    "ConsoleSink",
    "Episode",
    "FileSink",
    "GauntletError",
    "Run",
    "ServerSink",
    "Sink",
    "Stopped",
    "ToolCall",
    "Unreachable",
    "WandbSink",
    "Watch",
    "acheckpoint",
    "artifact",
    "checkpoint",
    "commands",
    "current_run",
    "emit",
    "episode",
    "finish",
    "flush",
    "init",
    "log",
    "metrics",
    "observe",
    "rollout",
    "score",
    "sql",
    "subscribe",
    "watch",
]

__version__ = VERSION
# `run`, `config`, `summary` and the other names of wandb are asked of the package itself.
sys.modules[__name__].__class__ = Package
