"""What a session host must trust so that the library talks to the relay: an authority of our own, for WhatsApp's names
only and without a private key, beside those that it trusts anyway (media go past the relay)."""

from pathlib import Path

from sender.whatsapp.wire.authority import Authority, ensure_authority

BUNDLE = "bundle.pem"

# Where Go looks, in its order.
_SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def make_trust(folder: Path, ca_file: str = "") -> Path:
    """A fresh authority in a folder that is ours alone; gives the bundle. `ca_file` takes the place of the system's."""
    authority = ensure_authority(folder)
    candidates = (ca_file,) if ca_file else _SYSTEM_BUNDLES
    trusted = next((path.read_bytes() for path in map(Path, candidates) if path.exists()), b"")
    bundle = folder / BUNDLE
    bundle.write_bytes(trusted + b"\n" + authority.certificate.read_bytes())
    return bundle


def authority_in(folder: Path) -> Authority:
    return Authority(folder / "ca.pem", folder / "server.pem")
