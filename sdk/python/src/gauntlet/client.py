"""A client of the server's API over one keep-alive connection, used by the background threads.

Usable by itself for scripts. Not shared between threads: each makes its own :class:`Client`.
"""

from __future__ import annotations

import codecs
import gzip
import http.client
import io
import json
import os
import ssl
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from .errors import ApiError, Unreachable
from .settings import address

__all__ = ["Client"]

# Host names are looked up with this codec. Loaded now: a fork in the middle of an import blocks the child's
# imports.
codecs.lookup("idna")

#: Bodies below this are not worth compressing, bytes.
_COMPRESS_FROM = 1024


class Client:
    """Requests to one server, over http or https. Raises :class:`ApiError` for what it refuses,
    :class:`Unreachable` for the rest, ``ValueError`` for an endpoint that is not an address. Certificates are
    checked as the system does; ``ca`` or ``GAUNTLET_CA`` names a PEM file of those to trust instead. Plain
    http to another machine is refused unless ``insecure``."""

    def __init__(
        self,
        endpoint: str,
        api_key: str | None = None,
        timeout: float = 30.0,
        *,
        ca: str | os.PathLike[str] | None = None,
        insecure: bool = False,
    ) -> None:
        self.endpoint = address(endpoint, insecure)
        self._ca = ca or os.environ.get("GAUNTLET_CA") or None
        parts = urlsplit(self.endpoint)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port
        self._prefix = parts.path
        self._timeout = timeout
        self._headers = {"Accept": "application/json", "User-Agent": "gauntlet-sdk-python"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._connection: http.client.HTTPConnection | None = None

    def create_run(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Creates a run, or finds it where it exists with the same content."""
        answer = self.request("POST", "/runs", json.dumps(spec).encode(), "application/json")
        return dict(json.loads(answer))

    def append(self, run: str, lines: Sequence[bytes]) -> dict[str, Any]:
        """Appends events, one JSON line each, all or none. Returns once they are durable."""
        body = b"\n".join(lines) + b"\n"
        answer = self.request("POST", f"/runs/{quote(run, safe='')}/events", body, "application/x-ndjson")
        return dict(json.loads(answer))

    def events(self, run: str, after: int | None = None, limit: int = 1000) -> dict[str, Any]:
        """A page of the run's log: ``events``, ``next_after``, ``head``."""
        query = urlencode({k: v for k, v in (("after", after), ("limit", limit)) if v is not None})
        return dict(json.loads(self.request("GET", f"/runs/{quote(run, safe='')}/events?{query}")))

    def run(self, run: str) -> dict[str, Any]:
        """The run as lists show it."""
        return dict(json.loads(self.request("GET", f"/runs/{quote(run, safe='')}")))

    def series(
        self,
        runs: Sequence[str],
        paths: Sequence[str] = (),
        *,
        axis: str = "step",
        start: int | None = None,
        stop: int | None = None,
        points: int = 1000,
        smoothing: float = 0.0,
    ) -> dict[str, Any]:
        """Histories of rubrics and measurements of several runs in columns, thinned to ``points`` points each
        so that no extreme is lost: ``runs`` with their ``paths``, and ``series`` with ``step``, ``mean``,
        ``low``, ``high``. ``axis`` is ``step``, ``time`` or ``elapsed``; ``start`` and ``stop`` are the first
        and the last step."""
        asked = {
            "runs": list(runs),
            "paths": list(paths),
            "axis": axis,
            "points": points,
            "smoothing": smoothing,
        }
        ends = {name: step for name, step in (("from", start), ("to", stop)) if step is not None}
        body = json.dumps({**asked, **ends}).encode()
        return dict(json.loads(self.request("POST", "/series", body, "application/json")))

    def compare(self, runs: Sequence[str], baseline: str | None = None) -> dict[str, Any]:
        """Runs side by side: what their rubrics and measurements came to, where their configurations differ,
        what failed. Differences are taken to ``baseline``, or to the first run."""
        ids = ",".join(run.replace("%", "%25").replace(",", "%2C") for run in runs)
        query = urlencode({"runs": ids, **({} if baseline is None else {"baseline": baseline})})
        return dict(json.loads(self.request("GET", f"/compare?{query}")))

    def compare_tasks(self, a: str, b: str, limit: int = 100) -> dict[str, Any]:
        """Two runs task by task: which ones one of them solves and the other fails."""
        query = urlencode({"a": a, "b": b, "limit": limit})
        return dict(json.loads(self.request("GET", f"/compare/tasks?{query}")))

    def groups(self, run: str, step: int | None = None, cursor: str | None = None) -> dict[str, Any]:
        """The rollouts of each prompt side by side at a step, with rewards and advantages; without a step how
        many groups there are over training, and how many of them have the same reward throughout. A step of
        many groups comes in parts: ``cursor`` is ``next_cursor`` of the part before."""
        path = f"/runs/{quote(run, safe='')}"
        path += "/groups" if step is None else f"/steps/{step}/groups"
        path += "" if cursor is None else f"?{urlencode({'cursor': cursor})}"
        return dict(json.loads(self.request("GET", path)))

    def correlations(self, run: str, start: int | None = None, stop: int | None = None) -> dict[str, Any]:
        """Which rubrics rise and fall together from step ``start`` to step ``stop``: ``paths``, for each a
        row of ``coefficients`` (Spearman's, -1 to 1, or ``None``), and in ``most_common`` the share of its
        scores that are the same. Raises :class:`ApiError` where ``start`` is above ``stop``."""
        ends = {name: step for name, step in (("from", start), ("to", stop)) if step is not None}
        path = f"/runs/{quote(run, safe='')}/correlations?{urlencode(ends)}"
        return dict(json.loads(self.request("GET", path)))

    def commands(self, run: str, wait: int = 0) -> list[dict[str, Any]]:
        """Commands not yet acknowledged, oldest first; waits up to ``wait`` seconds for one."""
        answer = self.request("GET", f"/runs/{quote(run, safe='')}/commands?wait={wait}", timeout=wait + 15.0)
        return list(json.loads(answer)["commands"])

    def put_writer(self, run: str, writer: str, state: dict[str, Any]) -> dict[str, Any]:
        """Reports that a writer of the run is alive, or how it finished; returns the run's status and its
        writers."""
        path = f"/runs/{quote(run, safe='')}/writers/{quote(writer, safe='')}"
        return dict(json.loads(self.request("PUT", path, json.dumps(state).encode(), "application/json")))

    def put_artifact(self, run: str, sha256: str, content: Path | bytes) -> None:
        """Uploads a blob; the server checks it against its hash. Raises ``OSError`` for a file that is
        gone."""
        with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as blob:
            path = f"/runs/{quote(run, safe='')}/artifacts/{sha256}"
            self.request("PUT", path, blob, "application/octet-stream", timeout=600.0)

    def allows_frames(self) -> bool:
        """Whether pages of other origins may show the server's pages in a frame, which its
        ``frame_ancestors`` names."""
        with closing(self._connect(timeout=5.0)) as connection:
            try:
                connection.request("HEAD", f"{self._prefix}/docs/start", headers=self._headers)
                policy = connection.getresponse().getheader("Content-Security-Policy", "")
            except (OSError, http.client.HTTPException) as error:
                raise Unreachable(f"{self.endpoint}: {_reason(error)}") from error
        return "frame-ancestors http" in policy

    def live(self, run: str, after: int | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
        """Events as they are appended, with their sequence numbers, until the connection ends."""
        connection = self._connect(timeout=60.0)
        headers = {**self._headers, "Accept": "text/event-stream"}
        if after is not None:
            headers["Last-Event-ID"] = str(after)
        with closing(connection):
            try:
                connection.request(
                    "GET", f"{self._prefix}/api/v1/runs/{quote(run, safe='')}/live", headers=headers
                )
                response = connection.getresponse()
                if response.status != 200:
                    raise ApiError.of_answer(
                        response.status, response.read(), response.getheader("Retry-After")
                    )
                yield from _server_sent(response)
            except (OSError, http.client.HTTPException) as error:
                raise Unreachable(f"{self.endpoint}: {_reason(error)}") from error

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        content_type: str | None = None,
        timeout: float | None = None,
    ) -> bytes:
        """One request under ``/api/v1``; the body of a 2xx answer."""
        headers = dict(self._headers)
        if content_type:
            headers["Content-Type"] = content_type
        if isinstance(body, bytes) and len(body) >= _COMPRESS_FROM:
            body = gzip.compress(body, compresslevel=1, mtime=0)
            headers["Content-Encoding"] = "gzip"
        elif body is not None and not isinstance(body, bytes):
            body.seek(0, 2)
            headers["Content-Length"] = str(body.tell())
        while True:
            fresh = self._connection is None
            connection = self._connection = self._connection or self._connect(self._timeout)
            connection.timeout = timeout or self._timeout
            if connection.sock is not None:
                connection.sock.settimeout(connection.timeout)
            if body is not None and not isinstance(body, bytes):
                body.seek(0)
            try:
                connection.request(method, f"{self._prefix}/api/v1{path}", body=body, headers=headers)
                response = connection.getresponse()
                answer = response.read()
                break
            except (OSError, http.client.HTTPException) as error:
                self.close()
                # The server may have closed an idle connection; every request here is safe to repeat.
                if fresh or isinstance(error, TimeoutError):
                    raise Unreachable(f"{self.endpoint}: {_reason(error)}") from error
        if response.will_close:
            self.close()
        if not 200 <= response.status < 300:
            raise ApiError.of_answer(response.status, answer, response.getheader("Retry-After"))
        return answer

    def close(self) -> None:
        """Ends the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        if self._secure:
            context = _trust(self._ca)
            return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=context)
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout)


def _trust(ca: str | os.PathLike[str] | None) -> ssl.SSLContext:
    """The certificates of a file alone, else those of the system. Raises ``Unreachable`` for a file without
    any."""
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise Unreachable(f"GAUNTLET_CA: {ca} cannot be read as certificates: {error}") from error


def _reason(error: Exception) -> str:
    """Why a request failed, with what helps where the certificate is the reason."""
    text = str(error) or type(error).__name__
    if not isinstance(error, ssl.SSLError):
        return text
    if "expired" in text:
        return f"{text} (the certificate of the server has expired, or a clock is wrong)"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{text} (GAUNTLET_CA names a file of certificates to trust)"
    if "WRONG_VERSION_NUMBER" in text:
        return f"{text} (the server does not speak TLS there; is its address http://?)"
    return text


def _server_sent(response: http.client.HTTPResponse) -> Iterator[tuple[int, dict[str, Any]]]:
    """The events of the log: what has no ``id`` of its own, such as ``rules`` and ``end``, is none."""
    seq: int | None = None
    data: list[str] = []
    for raw in response:
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        if not line:
            if seq is not None and data:
                yield seq, json.loads("\n".join(data))
            seq, data = None, []
        elif line.startswith("id:"):
            seq = int(line[3:])
        elif line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
