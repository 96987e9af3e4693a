"""A server behind TLS: the certificate is checked, and ``GAUNTLET_CA`` or ``SSL_CERT_FILE`` name what to
trust."""

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
from gauntlet.errors import Unreachable

from .support import Server, until


def certificate(folder: Path, valid_until: datetime.timedelta = datetime.timedelta(hours=1)) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "gauntlet test")])
    now = datetime.datetime.now(datetime.timezone(datetime.timedelta()))
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=2))
        .not_valid_after(now + valid_until)
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
def tls(server: Server, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[str, Path]]:
    """The server's address behind TLS, and the certificate that it shows; its validity is the parameter."""
    file = certificate(tmp_path, getattr(request, "param", datetime.timedelta(hours=1)))
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


def test_the_certificates_of_a_file_are_trusted_and_no_others(
    server: Server, tls: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    address, file = tls
    assert Client(address, ca=file).request("GET", "/runs")
    monkeypatch.setenv("GAUNTLET_CA", str(file))
    with gauntlet.init(endpoint=address) as run:
        run.log({"root": 1.0})
        assert run.flush()
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(Unreachable, match="GAUNTLET_CA names a file"):
        Client(address, ca=certificate(other)).request("GET", "/runs")
    with pytest.raises(Unreachable, match=r"GAUNTLET_CA: /none/ca\.pem cannot be read"):
        Client(address, ca="/none/ca.pem").request("GET", "/runs")
    with pytest.raises(Unreachable, match="does not speak TLS"):
        Client(server.url.replace("http:", "https:"), ca=file).request("GET", "/runs")


@pytest.mark.parametrize("tls", [datetime.timedelta(days=-1)], indirect=True)
def test_an_expired_certificate_is_reported_as_that(tls: tuple[str, Path]) -> None:
    address, file = tls
    with pytest.raises(Unreachable, match="has expired"):
        Client(address, ca=file).request("GET", "/runs")


def test_nothing_goes_to_another_machine_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    for endpoint in ("http://gauntlet.example", "10.0.0.5:4600", "http://localhost.evil.example"):
        with pytest.raises(ValueError, match="not encrypted"):
            Client(endpoint)
        with pytest.raises(ValueError, match="not encrypted"):
            gauntlet.init(endpoint=endpoint)
        Client(endpoint, insecure=True)
    monkeypatch.setenv("GAUNTLET_INSECURE", "1")
    Client("http://gauntlet.example")
