"""Settings come from variables, and from files where a folder of them is named."""

from pathlib import Path

import pytest

from common.settings import FrontendSettings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("POSTGRES_DSN", "DATABASE_URL", "CLIENT_AUTH_TOKEN", "TOKEN_ENCRYPTION_KEY", "LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SETTINGS_FOLDER", str(tmp_path))
    (tmp_path / "POSTGRES_DSN").write_text("postgresql://from-a-file/pombo\n")
    (tmp_path / "CLIENT_AUTH_TOKEN").write_text("a client token from a file\n")
    (tmp_path / "TOKEN_ENCRYPTION_KEY").write_text("a key")
    return tmp_path


def test_secrets_are_read_from_files_named_like_their_variables(folder: Path) -> None:
    settings = FrontendSettings()

    assert settings.postgres_dsn.get_secret_value() == "postgresql://from-a-file/pombo"
    assert settings.client_auth_token.get_secret_value() == "a client token from a file"


def test_a_variable_wins_over_a_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_DSN", "postgresql://from-a-variable/pombo")

    assert FrontendSettings().postgres_dsn.get_secret_value() == "postgresql://from-a-variable/pombo"


def test_a_folder_that_is_missing_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SETTINGS_FOLDER", str(folder / "missing"))

    with pytest.raises(ValueError, match="SETTINGS_FOLDER"):
        FrontendSettings()
