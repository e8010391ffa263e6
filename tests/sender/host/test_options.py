import os
from pathlib import Path

from sender.host.options import HostOptions


def test_a_host_inherits_no_secret() -> None:
    os.environ["POSTGRES_DSN_OF_TEST"] = "postgresql://secret"
    try:
        environment = HostOptions().environment()
    finally:
        del os.environ["POSTGRES_DSN_OF_TEST"]
    assert "POSTGRES_DSN_OF_TEST" not in environment
    assert "HTTPS_PROXY" not in environment
    assert (environment["NEONIZE_BOT_TAG"], environment["GOMEMLIMIT"]) == ("off", "1GiB")


def test_a_server_of_ones_own_is_reached_through_its_proxy_and_trusted_by_its_keys() -> None:
    options = HostOptions(proxy="http://127.0.0.1:1", ca_file="ca.pem", noise_root="00" * 32)
    environment = options.environment()
    assert environment["HTTPS_PROXY"] == "http://127.0.0.1:1"
    assert environment["SSL_CERT_FILE"] == str(Path.cwd() / "ca.pem")
    assert options.command(7)[-2:] == ["--noise-root", "00" * 32]
