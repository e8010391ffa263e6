import pytest

from sender.host.output import LONGEST, lines, scrubbed

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Pair Code:  ABCD-1234", "Pair Code:  [redacted]"),
        ("dial postgres://user:secret@db:5432/x failed", "dial postgres://[redacted]@db:5432/x failed"),
        ("SendMessage to 5511988887777@s.whatsapp.net", "SendMessage to 55***77@s.whatsapp.net"),
        ("code 2@AAAAAAAAAAAAAAAAAAAAAAAAAAAA,BBBB shown", "code [redacted] shown"),
        ("goroutine 12 [running]:", "goroutine 12 [running]:"),
    ],
)
def test_secrets_and_numbers_do_not_reach_the_log(said: str, kept: str) -> None:
    assert scrubbed(said) == kept


class Said:
    def __init__(self, *chunks: bytes) -> None:
        self._chunks = list(chunks)

    async def read(self, n: int = -1) -> bytes:
        return self._chunks.pop(0) if self._chunks else b""


async def test_lines_are_put_together_from_pieces() -> None:
    assert [line async for line in lines(Said(b"one\ntw", b"o\n", b"three"))] == ["one", "two", "three"]


async def test_endless_lines_are_cut() -> None:
    assert [len(line) async for line in lines(Said(b"x" * 100_000, b"\n"))] == [LONGEST]
