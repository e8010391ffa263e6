"""The search for leaks finds them, and nothing that a log may well hold."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests import leaks


@pytest.mark.parametrize(
    "line",
    [
        '{"path":"/instances/3D0A/token/F2A41C55B0E35D668A10C3D4/send-text"}',
        '{"token":"F2A41C55B0E35D668A10C3D4"}',
        '{"header":"Bearer abc"}',
        '{"phone":"5511988887777"}',
        '{"jid":"5511988887777:12@s.whatsapp.net"}',
        '{"phone":5511988887777}',
        "chat=5511988887777@s.whatsapp.net",
        "the words of a message",
    ],
)
def test_a_leak_is_found(line: str) -> None:
    assert list(leaks.in_text(f"fine\n{line}\n", ["words of a message"]))


@pytest.mark.parametrize(
    "line",
    [
        '{"route":"/instances/{instanceId}/token/{token}/send-text","took":0.123456789012}',
        '{"path":"/token/[redacted]","header":"Bearer [redacted]"}',
        '{"id":"019D4410C6E57B7D8C2F9E8A6B1D0C3F","message_id":"3EB0C1D2E3F40516273849"}',
        '{"instance":"01a20d85-3048-71f8-a7d0-678929118123","time":"2026-11-24T13:17:51.510792Z"}',
        '{"phone":"55***77","chat":"120363041234567890@g.us","lid":"81234567890123456@lid","pid":123456789}',
    ],
)
def test_what_is_no_leak_is_left_alone(line: str) -> None:
    assert list(leaks.in_text(line)) == []


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not among the folders of the run: what is planted here is no leak of ours."""
    with TemporaryDirectory() as name:
        yield Path(name)


def test_logs_are_searched_for_the_secrets_that_lie_beside_them(folder: Path) -> None:
    (folder / "stack" / "logs").mkdir(parents=True)
    (folder / "stack" / "secrets.json").write_text('{"CLIENT_AUTH_TOKEN": "a-secret-of-a-stack", "SHORT": "x"}')
    (folder / "stack" / "logs" / "frontend-1.log").write_text("x\nit is a-secret-of-a-stack\n")
    (folder / "stack" / "logs" / "postgres.log").write_text("a-secret-of-a-stack, not ours to write\n")
    (leak,) = leaks.in_logs(folder)
    assert "frontend-1.log" in leak
