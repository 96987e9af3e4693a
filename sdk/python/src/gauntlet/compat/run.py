"""A run as scripts written for wandb use it: ``config``, ``summary``, media in ``log``, artifacts, files."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ..events import Ending
from ..run import Run as CoreRun
from ..values import object_of
from .config import Config, Summary, config_of
from .notices import Nothing, notice

if TYPE_CHECKING:
    from .artifact import Artifact

__all__ = ["Run"]

_PLAIN = (float, int)
_AGGREGATES = {"min", "max", "mean"}


class Run(CoreRun):
    """One training run, evaluation or simulation. Made by :func:`gauntlet.init`; safe from any thread.

    Beside what Gauntlet records it understands what scripts ask of a run of wandb; see the README.
    """

    def __init__(self, spec: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(spec, *args, **kwargs)
        # Not with the package, whose import is to stay small.
        from .files import Files

        #: The configuration; changes are stored as the file ``config.json``.
        self.config: Config = Config(spec.config, self._config_changed)
        #: Single values of the run, sent with its end.
        self.summary = Summary()
        self._seen = self.summary.seen
        self.tags: Sequence[str] = tuple(spec.tags)
        self.notes: str | None = None
        self.group: str | None = None
        self.job_type: str | None = None
        self.entity: str = ""
        self.sweep_id: str | None = None
        self.start_time = time.time()
        self.settings = SimpleNamespace(mode=self._settings.mode, base_url=self.endpoint)
        self._changed = False
        self._uncommitted: int | None = None
        self._files = Files(self.artifact)
        self._began_as = self._patchable()

    # Numbers and media

    def log(
        self,
        scores: Mapping[str, Any],
        step: int | None = None,
        commit: bool | None = None,
        sync: bool | None = None,
        *,
        episode: str | None = None,
    ) -> None:
        """Records the numbers of a training step; ``step`` is the last one plus 1 where none is given.

        Logging the same step again adds to it. ``reward`` is the total score (``root``) where there is no
        ``root``. Nested mappings and ``a/b`` become ``a.b``. Images, tables, histograms, figures, arrays and
        lists are stored as files of the step. Anything else that is not a finite number is left out and
        counted.
        ``commit=False``: the next call adds to the same step.
        """
        journal = self.journal
        if (
            journal.off
            or self._changed
            or commit is False
            or self._uncommitted is not None
            or scores.__class__ is not dict
        ):
            self._log_all(scores, step, commit, episode)
            return
        floats = True
        for value in scores.values():
            if value.__class__ is not float:
                if value.__class__ is not int:
                    self._log_all(scores, step, commit, episode)
                    return
                floats = False
        try:
            # A copy: the loop may change its dictionary.
            journal.log_numbers(scores.copy() if floats else journal.taken(scores), step, episode)
            seen = self._seen
            seen.values.update(scores)
            if seen.rules:
                self.summary.aggregate(scores)
        except Exception as error:
            journal.ledger.left_out("log", error)

    def _log_all(self, scores: Any, step: Any, commit: bool | None, episode: str | None) -> None:
        files: list[tuple[str, Any]] = []
        try:
            self._keep_config()
            numbers = self._numbers(scores, "", files) if isinstance(scores, Mapping) else scores
        except Exception as error:
            self.journal.ledger.left_out("log", error)
            return
        self.journal.log(numbers, self._uncommitted if step is None else step, episode=episode)
        at = self.journal.last_step
        self._uncommitted = at if step is None and commit is False else None
        if isinstance(numbers, Mapping):
            self.summary.see(_flat(numbers))
        for name, value in files:
            self._keep(name, value, at, episode)

    def _numbers(
        self, values: Mapping[str, Any], prefix: str, files: list[tuple[str, Any]]
    ) -> dict[str, Any]:
        """The entries of ``values`` that may be numbers; those that become files are added to ``files`` under
        their full names."""
        from .media import is_array, is_figures, is_media

        numbers: dict[str, Any] = {}
        for name, value in values.items():
            full = f"{prefix}{name}"
            if isinstance(value, Nothing):
                continue  # A notice was given when it was asked for.
            if value.__class__ in _PLAIN or value is None:
                numbers[name] = value
            elif isinstance(value, Mapping):
                if inside := self._numbers(value, f"{full}/", files):
                    numbers[name] = inside
            elif isinstance(value, list | tuple) and value and all(map(is_media, value)):
                files += [(full if len(value) == 1 else f"{full}/{i}", item) for i, item in enumerate(value)]
            elif is_media(value) or isinstance(value, list | tuple) or is_array(value) or is_figures(value):
                files.append((full, value))
            else:
                if isinstance(value, str):
                    self.summary[full] = value
                numbers[name] = value
        return numbers

    def _keep(self, name: str, value: Any, step: int | None, episode: str | None = None) -> None:
        """Keeps a value as the files it becomes; one that cannot become any is counted and reported once."""
        from .media import Blob, Histogram, blobs_of, is_array
        from .plain import plain
        from .table import Table

        try:
            if hasattr(value, "itertuples"):
                value = Table(dataframe=value)
            elif is_array(value):
                value = Histogram(value)
            if isinstance(value, list | tuple):
                content = json.dumps(plain(value)).encode()
                blobs: Iterable[Blob] = [Blob(f"{name}.json", content, "application/json", "values")]
            else:
                blobs = blobs_of(value, name)
            for blob in blobs:
                self.artifact(
                    blob.content, blob.name, blob.role, blob.mime_type or None, step=step, episode=episode
                )
        except Exception as error:
            self.journal.ledger.count("skipped_values")
            self.journal.ledger.lose("a value was not kept as a file")
            self.journal.ledger.warn(
                f"media {name}", f"{name} was not kept: {type(error).__name__}: {error} (reported once)"
            )

    @property
    def step(self) -> int:
        """The step that the next log without one gets."""
        return self.journal.last_step + 1 if self._uncommitted is None else self._uncommitted

    def define_metric(
        self, name: str = "*", step_metric: Any = None, *_: Any, summary: str | None = None, **more: Any
    ) -> Any:
        """``summary`` keeps the ``min``, ``max``, ``mean`` or ``best`` of a name; an axis of its own has no
        meaning here: every curve runs along the step."""
        if step_metric is not None:
            notice("define_metric", "define_metric(step_metric=): every curve runs along the step")
        for aggregate in (summary or "").split(","):
            if aggregate.strip() == "best":
                aggregate = "min" if str(more.get("goal", "")).startswith("min") else "max"
            if aggregate.strip() in _AGGREGATES:
                self.summary.define(str(name), aggregate.strip())
        return SimpleNamespace(name=name, step_metric=step_metric, summary=summary)

    # Configuration

    def _config_changed(self) -> None:
        self._changed = True

    def _keep_config(self) -> None:
        if self._changed:
            from .plain import plain

            self._changed = False
            content = json.dumps(plain(dict(self.config)), indent=2).encode()
            self.artifact(content, "config.json", "config", "application/json")

    # Files

    @property
    def dir(self) -> str:
        """A folder whose files are stored when the run ends."""
        return str(self._files.folder())

    def save(
        self, glob_str: Any = None, base_path: Any = None, policy: str = "live", *_: Any, **__: Any
    ) -> Any:
        """Keeps the files that match now; with the policy ``live`` or ``end`` those that changed since, at
        the end."""
        if glob_str is None:
            return True
        pattern = str(glob_str)
        if pattern.startswith(("gs://", "s3://", "http://", "https://")):
            notice("save", "save() of an address copies nothing; it is left out")
            return []
        return self._files.save(pattern, at_end=policy != "now")

    def restore(self, name: str, *_: Any, **__: Any) -> None:
        """There is nothing to restore from: ``None``, with one warning."""
        notice("restore", "restore() finds no file: Gauntlet keeps files with their run; download them there")

    def log_code(self, root: Any = ".", *_: Any, **__: Any) -> None:
        """Does nothing: code is not recorded."""
        notice("log_code", "log_code() and save_code keep nothing: keep files with save() or an artifact")

    # Artifacts

    def log_artifact(
        self,
        artifact_or_path: Any,
        name: str | None = None,
        type: str | None = None,
        aliases: Any = None,
        tags: Any = None,
        **_: Any,
    ) -> Any:
        """Keeps an artifact: every file of it, and one that describes it."""
        from .artifact import Artifact

        try:
            artifact = artifact_or_path
            if not isinstance(artifact, Artifact):
                path = Path(artifact_or_path)
                artifact = Artifact(name or path.name, type or "file")
                (artifact.add_dir if path.is_dir() else artifact.add_file)(path)
            artifact.aliases = [
                *artifact.aliases,
                *([aliases] if isinstance(aliases, str) else aliases or ()),
            ]
            artifact.tags = [*artifact.tags, *([tags] if isinstance(tags, str) else tags or ())]
            artifact.mark_logged()
            for blob in artifact.blobs():
                self.artifact(blob.content, blob.name, blob.role, blob.mime_type or None)
            return artifact
        except Exception as error:
            self.journal.ledger.count("artifacts_failed")
            self.journal.ledger.lose("an artifact was not kept")
            self.journal.ledger.warn("log_artifact", f"an artifact was not kept: {error}")
            return artifact_or_path

    upsert_artifact = finish_artifact = log_artifact

    def use_artifact(self, artifact_or_name: Any, type: str | None = None, *_: Any, **__: Any) -> Artifact:
        """An artifact that this process logged; one of another run is not fetched, with one warning."""
        from .artifact import Artifact, find

        found = artifact_or_name if isinstance(artifact_or_name, Artifact) else find(artifact_or_name, type)
        self._keep_used(found)
        return found

    def _keep_used(self, artifact: Artifact) -> None:
        used = self.summary.setdefault("used_artifacts", [])
        if artifact.name not in used:
            self.summary["used_artifacts"] = [*used, artifact.name]

    def log_model(self, path: Any, name: str | None = None, aliases: Any = None) -> Any:
        """Keeps a model's file or folder as an artifact of the type ``model``."""
        return self.log_artifact(path, name or f"run-{self.id}-model", "model", aliases)

    def use_model(self, name: str) -> str:
        """The file of a model that this process logged."""
        return self.use_artifact(name, "model").file()

    def link_artifact(self, *_: Any, **__: Any) -> None:
        """There is no registry."""
        notice("link", "there is no registry of artifacts; linking one does nothing")

    def link_model(
        self, path: Any, registered_model_name: str = "", name: str | None = None, **_: Any
    ) -> Any:
        """Keeps the model; there is no registry to link it to."""
        self.link_artifact()
        return self.log_model(path, name)

    # What else there is

    def watch(self, models: Any, *args: Any, **kwargs: Any) -> Any:
        """A rubric is watched (:func:`gauntlet.watch`); a model's gradients and weights are not recorded."""
        from .watching import watch

        return watch(models, *args, **{"run": self, **kwargs})

    def unwatch(self, models: Any = None) -> None:
        """Models are not watched."""

    def mark_preempting(self) -> None:
        """Nothing to do: what is recorded is safe all the time."""

    @property
    def offline(self) -> bool:
        """Whether nothing is sent for now."""
        return self._settings.mode == "offline"

    @property
    def disabled(self) -> bool:
        """Whether nothing is recorded."""
        return self.journal.off

    @property
    def path(self) -> str:
        """The project and the id."""
        return f"{self.project}/{self.id}"

    def get_url(self) -> str:
        """As :attr:`url`."""
        return self.url

    @property
    def project_url(self) -> str:
        """The list of runs."""
        return f"{self.endpoint}/runs"

    get_project_url = get_sweep_url = lambda self: self.project_url

    def project_name(self) -> str:
        """As :attr:`project`."""
        return self.project

    def to_html(self, height: int | None = None, hidden: bool = False) -> str:
        """What a notebook shows of the run, as HTML."""
        return self._html(height)

    def display(self, height: int | None = None, hidden: bool = False) -> bool:
        """As :meth:`show`."""
        return self.show(height)

    # The end

    def finish(
        self,
        status: Ending | int | None = "completed",
        summary: Mapping[str, Any] | None = None,
        *,
        exit_code: int | None = None,
        quiet: bool | None = None,
    ) -> None:
        """Ends the run and waits for the server, GAUNTLET_FINISH_SECONDS at most; less while it is away. What
        it could not deliver stays in the spool for the next run, or for ``python -m gauntlet sync``.

        ``exit_code`` other than 0 is a run that failed. ``summary`` overrides entries of :attr:`summary`.
        """
        if isinstance(status, int):
            exit_code = status
        last: Any = summary
        if exit_code is not None:
            status = "failed" if exit_code else "completed"
            if exit_code:
                last = {"exit_code": exit_code, **object_of(summary)}
        ended = self._finished
        ending: Any = "completed" if status is None else status
        super().finish(ending, last)
        if not ended and not self.journal.off:
            self._patch()

    join = finish

    def _last_summary(self) -> dict[str, Any]:
        found = self.summary.to_send()
        if not found:
            return {}
        try:
            from .media import is_media

            for name in [name for name, value in found.items() if is_media(value)]:
                self._keep(f"summary/{name}", found.pop(name), None)
            return object_of(found, self.journal.ledger)
        except Exception as error:
            self.journal.ledger.bug("ending a run", error)
            return {}

    def _settle(self) -> None:
        super()._settle()
        try:
            self._keep_config()
            self._files.save_at_end()
        except Exception as error:
            self.journal.ledger.bug("saving files", error)

    def _patchable(self) -> dict[str, Any]:
        return {"name": self.name, "tags": list(self.tags), **({"notes": self.notes} if self.notes else {})}

    def _patch(self) -> None:
        """Sends a name, tags or notes that were changed after the run had begun."""
        found = self._patchable()
        if found == self._began_as or self._settings.mode != "online" or not self.is_owner():
            return
        from ..client import Client

        changes = {name: value for name, value in found.items() if self._began_as.get(name) != value}
        try:
            client = Client(self.endpoint, self._settings.api_key, timeout=5.0)
            body = json.dumps(changes).encode()
            client.request("PATCH", f"/runs/{quote(self.id, safe='')}", body, "application/json")
            client.close()
        except Exception as error:
            self.journal.ledger.warn("patch", f"the run's new {', '.join(changes)} was not kept: {error}")

    def describe(
        self, config: Any, notes: str | None, group: str | None, job_type: str | None, entity: str | None,
        folder: Any,
    ) -> None:  # fmt: skip
        """What :func:`gauntlet.init` was asked for beside what a run of Gauntlet has."""
        self.config = Config(config_of(config), self._config_changed)
        self.notes, self.group, self.job_type, self.entity = notes, group, job_type, entity or ""
        if folder is not None:
            try:
                self._files.make_folder(Path(folder) / "gauntlet" / f"run-{self.id}" / "files")
            except OSError as error:
                notice("dir", f"the folder {str(folder)!r} cannot be used: {error}")


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested names joined with a dot."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        found.update(
            _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
        )
    return found
