"""Gauntlet: flight recorder and X-ray of agent training.

>>> import gauntlet
>>> run = gauntlet.init(project="medical-safety")
>>> run.log({"reward": 0.5, "grounding": 1.0})
"""

__version__ = "0.1.0"

from .api import (
    acheckpoint,
    artifact,
    checkpoint,
    commands,
    emit,
    episode,
    finish,
    flush,
    init,
    log,
    metrics,
    rollout,
    score,
    subscribe,
)
from .context import current_run
from .control import Command
from .decorator import observe
from .episodes import Episode, ToolCall
from .errors import ApiError, GauntletError, Stopped, Unreachable
from .observer import Watch, watch
from .run import Run
from .sinks import ConsoleSink, FileSink, ServerSink, Sink, WandbSink

__all__ = [
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
    "subscribe",
    "watch",
]
