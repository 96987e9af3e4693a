"""Settings from the environment, which arguments of :func:`gauntlet.init` override, and the version of the
package."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

__all__ = ["DEFAULT_ENDPOINT", "VERSION", "Mode", "Settings", "address", "default_spool", "parse_mode"]

#: The default of the server as well.
VERSION = "0.1.0"

Mode = Literal["online", "offline", "disabled"]

_MODES: dict[str, Mode] = {"online": "online", "offline": "offline", "disabled": "disabled"}
DEFAULT_ENDPOINT = "http://127.0.0.1:4600"
DEFAULT_SPOOL_BYTES = 1 << 30
DEFAULT_FINISH_SECONDS = 30.0


@dataclass(frozen=True)
class Settings:
    """The settings of one run."""

    endpoint: str
    api_key: str | None
    project: str | None
    run_id: str | None
    mode: Mode
    spool: Path
    #: Most bytes that one process stores on disk for one run.
    spool_bytes: int
    #: Longest wait of ``finish`` for the server, seconds.
    finish_seconds: float
    quiet: bool
    #: Resource attributes that are not settings: stored with the run.
    resource: Mapping[str, str]

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Reads the variables named in the README; what cannot be read names the variable."""
        env = os.environ if env is None else env
        resource = _resource(env.get("OTEL_RESOURCE_ATTRIBUTES", ""))
        service = env.get("OTEL_SERVICE_NAME") or resource.pop("service.name", None)
        resource.pop("service.name", None)
        project = env.get("GAUNTLET_PROJECT") or resource.pop("gauntlet.project", None) or service
        resource.pop("gauntlet.project", None)
        run_id = resource.pop("gauntlet.run.id", None)
        return cls(
            endpoint=env.get("GAUNTLET_ENDPOINT") or DEFAULT_ENDPOINT,
            api_key=_api_key(env),
            project=project,
            run_id=run_id,
            mode=parse_mode(env.get("GAUNTLET_MODE") or "online", "GAUNTLET_MODE"),
            spool=Path(env["GAUNTLET_SPOOL"]) if env.get("GAUNTLET_SPOOL") else default_spool(env),
            spool_bytes=int(_number(env, "GAUNTLET_SPOOL_BYTES", DEFAULT_SPOOL_BYTES)),
            finish_seconds=_number(env, "GAUNTLET_FINISH_SECONDS", DEFAULT_FINISH_SECONDS),
            quiet=env.get("GAUNTLET_QUIET", "").lower() in {"1", "true", "yes"},
            resource=resource,
        )


def parse_mode(text: str, name: str) -> Mode:
    """The mode of that name; anything else is refused, with the name of the setting."""
    if text in _MODES:
        return _MODES[text]
    raise ValueError(f"{name} is {text!r}; use online, offline or disabled")


def address(endpoint: str, insecure: bool = False) -> str:
    """The server's address without a trailing slash, ``http`` where no scheme is named. Refuses what is not
    an http or https address, and plain http to another machine unless ``insecure`` or
    ``GAUNTLET_INSECURE=1`` allows it: whoever is between could read the key and everything recorded."""
    full = endpoint if "://" in endpoint else f"http://{endpoint}"
    try:
        parts = urlsplit(full)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise ValueError(f"the endpoint is {endpoint!r}; it must be an http or https address")
    allowed = insecure or os.environ.get("GAUNTLET_INSECURE", "").strip().lower() in {"1", "true"}
    if parts.scheme == "http" and not allowed and not _is_here(parts.hostname or ""):
        raise ValueError(
            f"the endpoint is {endpoint!r}: another machine, and http:// is not encrypted; use https://, or "
            "set GAUNTLET_INSECURE=1 where nobody is between"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _is_here(host: str) -> bool:
    """Whether a host name is this machine's."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def default_spool(env: Mapping[str, str]) -> Path:
    """The user's cache folder, as the platform has it; the temporary folder of a user without a home."""
    named = env.get("LOCALAPPDATA" if os.name == "nt" else "XDG_CACHE_HOME")
    try:
        base = Path(named) if named else Path.home() / ("AppData/Local" if os.name == "nt" else ".cache")
    except RuntimeError:
        import tempfile

        base = Path(tempfile.gettempdir()) / f"user-{os.getuid() if hasattr(os, 'getuid') else 0}"
    return base / "gauntlet" / "spool"


def _api_key(env: Mapping[str, str]) -> str | None:
    """The key of the environment, else that of the file it names; what cannot be read names the variable."""
    named = env.get("GAUNTLET_API_KEY", "").strip()
    file = env.get("GAUNTLET_API_KEY_FILE")
    if named or not file:
        return named or None
    try:
        key = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"GAUNTLET_API_KEY_FILE is {file!r}, which cannot be read: {error}") from None
    if not key:
        raise ValueError(f"GAUNTLET_API_KEY_FILE is {file!r}, which is empty")
    return key


def _number(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{name} is {text!r}; it must be a number") from None
    if not 0 <= value < float("inf"):
        raise ValueError(f"{name} is {text!r}; it must be 0 or more")
    return value


def _resource(text: str) -> dict[str, str]:
    """``key=value,key=value``, values percent-encoded, as OpenTelemetry defines it; broken pairs are left
    out."""
    pairs = (pair.partition("=") for pair in text.split(","))
    return {key.strip(): unquote(value.strip()) for key, eq, value in pairs if eq and key.strip()}
