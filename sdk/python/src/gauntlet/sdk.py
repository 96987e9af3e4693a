"""``wandb.sdk``: the modules of it that scripts import for their types, under the same names."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from .compat.artifact import Artifact
from .compat.config import Config, Summary
from .compat.module import AlertLevel, Settings, generate_id, init, login
from .compat.run import Run

#: A package to the import system, whose modules are made below.
__path__: list[str] = []


class RunDisabled(Run):
    """wandb's type of a run that records nothing; here that is a :class:`Run` with the mode ``disabled``."""


class ConfigError(ValueError):
    """Never raised here."""


def _module(name: str, **members: Any) -> ModuleType:
    full = f"{__name__}.{name}"
    module = ModuleType(full, "A module of wandb.sdk, as far as scripts use it.")
    module.__path__ = []
    vars(module).update(members)
    sys.modules[full] = module
    parent, _, last = full.rpartition(".")
    setattr(sys.modules[parent], last, module)
    return module


_module("wandb_run", Run=Run)
_module("wandb_config", Config=Config)
_module("wandb_summary", Summary=Summary)
_module("wandb_settings", Settings=Settings)
_module("wandb_init", init=init)
_module("wandb_login", login=login)
_module("wandb_alerts", AlertLevel=AlertLevel)
_module("artifacts", Artifact=Artifact)
_module("artifacts.artifact", Artifact=Artifact)
_module("lib", RunDisabled=RunDisabled)
_module("lib.disabled", RunDisabled=RunDisabled)
_module("lib.runid", generate_id=generate_id)
_module("lib.config_util", ConfigError=ConfigError)
