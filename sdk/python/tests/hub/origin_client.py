"""A client of the observability hub as its users have it, standard library only: what it sends, how it
retries, how it waits. It knows the hub by one variable, `GAUNTLET_HUB_URL`, and nothing of this server."""

from __future__ import annotations

import html
import json
import os
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

POST_TIMEOUT_SECONDS = 2.0
POLL_TIMEOUT_SECONDS = 5.0
POLL_SECONDS = 2.0
ATTEMPTS = 3


def hub_url() -> str:
    """Where the hub is; no trailing slash."""
    return os.environ["GAUNTLET_HUB_URL"]


class WebsocketSink:
    """Posts each snapshot from a thread of its own: they arrive in any order, and after a lost answer once
    more."""

    def __init__(self, session_id: str, repeats: Callable[[int], bool] = lambda step: False) -> None:
        """`repeats(step)`: whether the response to the first post of that step gets lost."""
        self.session_id = session_id
        self.failed: list[int] = []
        #: Posts that got no answer and are sent again.
        self.retries = 0
        self._repeats = repeats
        self._threads: list[threading.Thread] = []

    def emit(self, snapshot: dict[str, Any]) -> None:
        thread = threading.Thread(target=self._post, args=(snapshot,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def flush(self) -> None:
        for thread in self._threads:
            thread.join()

    def _post(self, snapshot: dict[str, Any]) -> None:
        url = f"{hub_url()}/gauntlet/stream/{self.session_id}"
        is_lost = self._repeats(snapshot["step"])
        for attempt in range(ATTEMPTS):
            try:
                answer = call("POST", url, snapshot, POST_TIMEOUT_SECONDS)
                if is_lost:
                    is_lost = False
                    raise TimeoutError("the answer was lost")
                if answer == {"status": "ok"}:
                    return
            except OSError:
                if attempt + 1 < ATTEMPTS:
                    self.retries += 1
                    time.sleep(2.0**attempt)
        self.failed.append(snapshot["step"])


class RubricObserver:
    """Turns a rubric's scores into snapshots, and waits for a person where a step is paused."""

    def __init__(self, sink: WebsocketSink, task_id: str, run_type: str) -> None:
        self.sink = sink
        self.task_id = task_id
        self.run_type = run_type
        self.parameters: dict[str, Any] = {}
        self._step = 0

    def on_evaluated(
        self, scores: dict[str, float], action: str, observation: str, pause: bool = False
    ) -> int:
        self._step += 1
        snapshot = {
            "session_id": self.sink.session_id,
            "step": self._step,
            "scores": scores,
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.123456", time.gmtime()),
            "is_paused": pause,
            "metadata": {
                "task_id": self.task_id,
                "run_type": self.run_type,
                # This client escapes its texts for the pages of its own hub.
                "action": html.escape(action),
                "observation": html.escape(observation),
            },
        }
        if pause:
            snapshot["challenge"] = {
                "type": "HALLUCINATION_GUARD" if scores.get("grounding", 0.0) < 0 else "GENERAL_REVIEW",
                "question": "Does the claim exist in the context?",
                "expected_answer": "missing",
                "options": ["Exists in context", "Missing from context"],
            }
        self.sink.emit(snapshot)
        if pause:
            self.wait_for_resume()
        return self._step

    def wait_for_resume(self) -> None:
        """Polls; a TWEAK applies its parameters, only RESUME ends the wait."""
        url = f"{hub_url()}/gauntlet/command/{self.sink.session_id}"
        while True:
            try:
                command = call("GET", url, None, POLL_TIMEOUT_SECONDS)
            except OSError:
                command = {"action": "NONE"}
            if command["action"] == "TWEAK":
                self.parameters.update(command["tweak"])
            elif command["action"] == "RESUME":
                return
            time.sleep(POLL_SECONDS)


def get(path: str, **query: str) -> Any:
    """What the hub answers to a GET."""
    suffix = f"?{urllib.parse.urlencode(query)}" if query else ""
    return call("GET", f"{hub_url()}{path}{suffix}", None, POLL_TIMEOUT_SECONDS)


def call(method: str, url: str, body: Any, timeout_seconds: float) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=timeout_seconds) as answer:
        return json.load(answer)
