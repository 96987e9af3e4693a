"""A server behind TLS: the certificate is checked, and ``SSL_CERT_FILE`` names what to trust."""

from __future__ import annotations

import datetime
import ipaddress
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import gauntlet
from gauntlet.client import Client

from .support import Server, until


def certificate(folder: Path) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "gauntlet test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(secret + signed.public_bytes(serialization.Encoding.PEM))
    return file


def carry(source: socket.socket, target: socket.socket) -> None:
    """Everything from one socket to the other, until either ends."""
    try:
        while chunk := source.recv(1 << 16):
            target.sendall(chunk)
    except OSError:
        pass
    finally:
        for end in (source, target):
            end.close()


@pytest.fixture
def tls(server: Server, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The server's address behind TLS, and the certificate that it shows."""
    file = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    listening = socket.create_server(("127.0.0.1", 0))
    host, _, port = server.url.removeprefix("http://").partition(":")

    def serve() -> None:
        while True:
            try:
                raw, _ = listening.accept()
            except OSError:
                return
            try:
                front = context.wrap_socket(raw, server_side=True)
            except OSError:
                continue
            back = socket.create_connection((host, int(port)))
            for ends in ((front, back), (back, front)):
                threading.Thread(target=carry, args=ends, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield f"https://127.0.0.1:{listening.getsockname()[1]}", file
    listening.close()


def test_a_run_is_delivered_over_tls(
    server: Server, tls: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, file = tls
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with gauntlet.init(endpoint=f"{address}/") as run:
        assert run.url.startswith(f"{address}/runs/")
        run.log({"root": 1.0})
        assert run.flush()
        Client(server.url).request("POST", f"/runs/{run.id}/commands", b'{"action":"stop","author":"ada"}')
        (command,) = run.commands(timeout=20)
        command.ack()
        assert next(run.subscribe())[0] == 0
    assert server.run(run.id)["status"] == "completed"


def test_a_certificate_that_is_not_trusted_is_reported_and_nothing_is_lost(
    server: Server, tls: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    address, file = tls
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    run = gauntlet.init(endpoint=address)
    run.log({"root": 1.0})
    with caplog.at_level(logging.WARNING, "gauntlet"):
        assert not run.flush(1.0)
    until(lambda: "CERTIFICATE_VERIFY_FAILED" in caplog.text)
    assert run.stats["spooled"] == 1
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    assert run.flush(20)
    run.finish()
    assert server.run(run.id)["status"] == "completed"
