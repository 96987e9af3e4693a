"""Where a run's events go: the server, the console, a file, Weights & Biases, or a sink of your own."""

from .base import Record, RunInfo, Sink
from .console import ConsoleSink
from .file import FileSink
from .server import ServerSink
from .wandb import WandbSink

__all__ = ["ConsoleSink", "FileSink", "Record", "RunInfo", "ServerSink", "Sink", "WandbSink"]
