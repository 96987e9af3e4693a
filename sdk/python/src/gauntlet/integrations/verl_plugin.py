"""Named in ``VERL_USE_EXTERNAL_MODULES``, it is imported by verl itself and adds ``gauntlet`` to its
loggers."""

from .verl import register

register()
