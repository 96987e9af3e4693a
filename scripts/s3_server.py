"""An S3 server for tests: moto with one bucket, and faults on demand. Run by scripts/s3.sh.

Prints its address. Each line of its input says how it answers from then on, and is answered with an empty
line:

    honest          as S3 does
    slow SECONDS    each answer takes so long
    lie             the checksums that it reports are those of other bytes
    rot             a byte of what is read is another one than what was written
    cut BYTES       bodies of answers end after so many bytes, as where a connection breaks
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable
from threading import Thread
from typing import Any

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server
from werkzeug.test import Client

CHECKSUM = "x-amz-checksum-sha256"
OTHER = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


class Faulty:
    """An application of WSGI whose answers are changed as `fault` says."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self.app = app
        self.fault: list[str] = ["honest"]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answers a request as `fault` says."""
        kind, *value = self.fault
        if kind == "slow":
            time.sleep(float(value[0]))

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            if kind == "lie":
                headers = [
                    (name, OTHER + "-2" * ("-" in text) if name.lower() == CHECKSUM else text)
                    for name, text in headers
                ]
            return start_response(status, headers, *rest)

        body = self.app(environ, start)
        # Keys are asked for by their path; lists and the like have none below the bucket.
        is_object = environ["REQUEST_METHOD"] == "GET" and environ["PATH_INFO"].count("/") > 2
        if kind == "rot" and is_object:
            whole = bytearray(b"".join(body))
            if whole:
                whole[len(whole) // 2] ^= 1
            return [bytes(whole)]
        if kind == "cut" and is_object:
            return [b"".join(body)[: int(value[0])]]
        return body


def main() -> None:
    """Serves until its input ends."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = Faulty(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, True, request_handler=MotoRequestHandler)
    made = Client(app).put("/lab", base_url=f"http://127.0.0.1:{server.port}")
    assert made.status_code == 200, made.text
    Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.port}", flush=True)
    for line in sys.stdin:
        app.fault = line.split() or ["honest"]
        print(flush=True)


main()
