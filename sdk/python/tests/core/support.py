"""What the tests share: a real server that can be killed, separate processes, and a reader of the spool."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from gauntlet.client import Client

READY_SECONDS = 15.0


class Server:
    """One `gauntlet serve` with its own data folder and port, which tests can kill and start again."""

    def __init__(self, settings: str = "") -> None:
        """``settings``: its ``gauntlet.toml``."""
        self._data = tempfile.TemporaryDirectory(prefix="gauntlet-")
        Path(self._data.name, "gauntlet.toml").write_text(settings)
        self._listen = "127.0.0.1:0"
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://{self._listen}"

    def start(self) -> Server:
        """Starts it, with the data and the port it had before; returns once it is ready."""
        binary = os.environ.get("GAUNTLET_BIN")
        assert binary, "GAUNTLET_BIN names no server to test against"
        self._process = subprocess.Popen(
            [binary, "serve", "--listen", self._listen, "--data", self._data.name],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=self._data.name,
        )
        assert self._process.stdout is not None
        deadline = time.monotonic() + READY_SECONDS
        for line in self._process.stdout:
            found = re.search(r"ready at http://(\S+)", line)
            if found:
                self._listen = found[1]
                return self
            assert time.monotonic() < deadline
        raise AssertionError(f"the server ended with {self._process.wait()} before it was ready")

    def reserve(self) -> Server:
        """Knows its port without serving on it."""
        self.start()
        self.kill()
        return self

    def kill(self) -> None:
        """Kills it without a shutdown, as a power failure would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def forget(self) -> None:
        """Deletes all its data."""
        self.kill()
        for path in Path(self._data.name).iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def close(self) -> None:
        self.kill()
        self._data.cleanup()

    def gauntlet(self, *arguments: str) -> str:
        """Runs `gauntlet ARGUMENTS...` against this server; answers what it printed."""
        env = {**os.environ, "GAUNTLET_LISTEN": self._listen, "GAUNTLET_DATA": self._data.name}
        command = [os.environ["GAUNTLET_BIN"], *arguments]
        return subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout

    def run(self, run: str) -> dict[str, Any]:
        return Client(self.url).run(run)

    def events(self, run: str, *kinds: str) -> list[dict[str, Any]]:
        """The run's log, or its events of some kinds."""
        client, found, after = Client(self.url), [], None
        while True:
            page = client.events(run, after, 5000)
            found += page["events"]
            after = page["next_after"]
            if not page["events"] or len(found) >= page["head"]:
                return [e for e in found if not kinds or e["kind"] in kinds]


class Fake:
    """A server that is not ours: its answers are those of `answer(method, path, body)`, and it records the
    requests."""

    def __init__(self, answer: Callable[[str, str, bytes], tuple[int, dict[str, str]]]) -> None:
        self.asked: list[tuple[float, str, str, str, bytes]] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                key = self.headers.get("Authorization", "")
                fake.asked.append((time.monotonic(), self.command, self.path, key, body))
                status, headers = answer(self.command, self.path, body)
                bodies = b"{}" if status < 300 else b'{"error":{"code":"c","message":"m"}}'
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(bodies))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(bodies)

            do_GET = do_POST = do_PUT = handle_one  # noqa: N815

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def bodies(self, method: str, part: str) -> list[dict[str, Any]]:
        """The bodies of requests of that method whose path holds `part`."""
        return [json.loads(body) for _, how, path, _, body in self.asked if how == method and part in path]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def script(code: str) -> list[str]:
    """The command of a Python process that runs `code`."""
    return [sys.executable, "-c", textwrap.dedent(code)]


def python(code: str, env: dict[str, str], check: bool = True) -> subprocess.CompletedProcess[str]:
    """Runs code in a process of its own, with more environment."""
    return subprocess.run(
        script(code), env={**os.environ, **env}, check=check, capture_output=True, text=True, timeout=120
    )


def until(condition: Any, seconds: float = 20.0) -> Any:
    """Waits until the condition returns something true, and returns that."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"the condition did not hold within {seconds} s"
        time.sleep(0.02)
    return found


def lines_of(folder: Path) -> list[dict[str, Any]]:
    """Every event in a spool."""
    files = sorted(folder.glob("*/[0-9]*.ndjson"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]
