"""What a data folder remembers, and from whom it hides it."""

import socket
from pathlib import Path

import pytest

from common.local.data_folder import DataFolder, Demo, Record
from common.local.processes import Process, StartFailed


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "data")
    with folder.locked():
        pass
    return folder


def test_secrets_are_made_once_and_only_the_owner_may_read_them(data: DataFolder) -> None:
    secrets = data.credentials()

    assert data.credentials() == secrets
    assert len(secrets["CLIENT_AUTH_TOKEN"]) >= 16
    assert (data.path / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert data.path.stat().st_mode & 0o777 == 0o700


def test_a_token_in_the_environment_wins_and_is_not_stored(data: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIENT_AUTH_TOKEN", "given by the operator")

    assert data.credentials()["CLIENT_AUTH_TOKEN"] == "given by the operator"
    assert "given by the operator" not in (data.path / "secrets.json").read_text()


def test_a_port_is_used_again_while_it_is_free(data: DataFolder) -> None:
    port = data.port_of("postgres")

    assert data.port_of("postgres") == port
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        assert data.port_of("postgres") != port


def test_an_exact_port_that_is_taken_is_refused(data: DataFolder) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StartFailed, match=f"port {port} is taken"):
            data.port_of("frontend-1", exact=port)


def test_a_record_comes_back_as_it_was_written(data: DataFolder) -> None:
    record = Record(
        whatsapp="emulated",
        postgres_dsn="postgresql://",
        redis_url="redis://",
        base_urls=("http://127.0.0.1:1",),
        sender_urls=("http://127.0.0.1:2",),
        emulator_url="http://127.0.0.1:3",
        demo=Demo("id", "token", "contact"),
        processes=(Process("sender-1", 1, "then"), Process("postgres", 2, "then")),
    )
    data.write_record(record)

    assert data.record() == record
    assert [process.pid for process in record.of_kind("sender")] == [1]
    data.forget_record()
    assert data.record() is None


def test_demos_are_kept_apart_by_kind_of_whatsapp(data: DataFolder) -> None:
    data.write_demo("emulated", Demo("1", "token", "contact"))
    data.write_demo("simulated", Demo("2", "token", "contact"))

    assert data.demo_of("emulated") == Demo("1", "token", "contact")
    assert data.demo_of("real") is None
