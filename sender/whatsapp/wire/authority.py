"""A private TLS authority for WhatsApp's host names, so that a client process can be led to a server of our own.

The authority's key is thrown away after the one server certificate is signed, and what it may sign is limited to
WhatsApp's names: a process that trusts it trusts nothing else through it.
"""

import os
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DOMAINS = ("whatsapp.com", "whatsapp.net")
HOSTS = ("web.whatsapp.com", "mmg.whatsapp.net", "pps.whatsapp.net", "*.whatsapp.net", "*.whatsapp.com")

_LIFETIME = timedelta(days=3650)
_CLOCK_SKEW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Authority:
    """Where the certificate to trust lies, and the server certificate with its private key."""

    certificate: Path
    server: Path

    def server_context(self) -> ssl.SSLContext:
        """For the server's side. Only HTTP/1.1 is offered: Go prefers h2, over which no websocket upgrade can run."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server)
        context.set_alpn_protocols(["http/1.1"])
        return context


def ensure_authority(directory: Path) -> Authority:
    """The authority kept in a directory; made on first use."""
    authority = Authority(directory / "ca.pem", directory / "server.pem")
    if not (authority.server.exists() and authority.certificate.exists()):
        directory.mkdir(parents=True, exist_ok=True)
        _issue(authority)
    return authority


def write_secret(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    draft.replace(path)


def _issue(authority: Authority) -> None:
    authority_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Local WhatsApp emulator")])
    permitted = [x509.DNSName(domain) for domain in DOMAINS]
    certificate = (
        _builder(name, name, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    server_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOSTS[0])])
    server = (
        _builder(server_name, name, server_key.public_key())
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    private = server_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    authority.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    write_secret(authority.server, server.public_bytes(serialization.Encoding.PEM) + private)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + _LIFETIME)
    )
