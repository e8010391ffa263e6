"""What leaves in a report or a traceback shows no token, no message and no number in full, and still says enough."""

import asyncpg
import pytest

from common.postgres import Pool
from common.scrub import scrub, scrub_known

pytestmark = pytest.mark.anyio

TOKEN = "F2A41C55B0E35D668A10C3D4"
WORDS = "secret words"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"GET /instances/3D0A/token/{TOKEN}/send-text", "GET /instances/3D0A/token/[redacted]/send-text"),
        ("/token/short?x=1", "/token/[redacted]"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer [redacted]"),
        ("bearer abc", "bearer [redacted]"),
        ("postgresql://pombo:password@db:5432/pombo", "postgresql://[redacted]@db:5432/pombo"),
        ("redis://:password@cache/0", "redis://[redacted]@cache/0"),
        (f"token {TOKEN} not valid", "token [redacted] not valid"),
        ("phone 5511988887777", "phone 55***77"),
        ("5511988887777@s.whatsapp.net", "55***77@s.whatsapp.net"),
        ("column 42, line 1234567", "column 42, line 1234567"),
        ("my own secret is here", "my own [redacted] is here"),
    ],
)
def test_what_has_the_form_of_a_secret_is_hidden_everywhere(text: str, left: str) -> None:
    assert scrub_known(text, ["secret", ""]) == left
    assert scrub(text, ["secret", ""]) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"KeyError: '{WORDS}'", "KeyError: [redacted]"),
        (f'no "{WORDS}" here', "no [redacted] here"),
        (f"it's '{WORDS}' and wasn't '{WORDS}'", "it's [redacted] and wasn't [redacted]"),
        (f"bad value 'it's {WORDS}' here", "bad value [redacted] here"),
        (f"b'{WORDS}' and rb\"{WORDS}\"", "[redacted] and [redacted]"),
        (f"it began with '{WORDS}...\nnext line", "it began with [redacted]\nnext line"),
        (f'[\'{{"message": "{WORDS}', "[[redacted]"),
        ("'' and \"\"", "[redacted] and [redacted]"),
        (f"'a \\'{WORDS}\\' b'", "[redacted]"),
        ('  File "/app/frontend/enqueue.py", line 87, in put', '  File "/app/frontend/enqueue.py", line 87, in put'),
        ("  File '/app/x.py', line 1", "  File '/app/x.py', line 1"),
    ],
)
def test_in_messages_of_errors_quotations_are_hidden_and_files_are_not(text: str, left: str) -> None:
    assert scrub(text) == left


@pytest.mark.parametrize("bars", ["", "    | ", "  | "])
def test_details_of_postgres_are_hidden_to_their_end(bars: str) -> None:
    text = "\n".join(
        [
            f"{bars}asyncpg.exceptions.CheckViolationError: new row violates a check",
            f"{bars}DETAIL:  Failing row contains ({WORDS},",
            f"{bars}{WORDS}, 5).",
            f"{bars}HINT:  {WORDS}",
            bars,
            f"{bars}The above exception was the direct cause",
        ]
    )
    assert scrub(text).splitlines() == [
        f"{bars}asyncpg.exceptions.CheckViolationError: new row violates a check",
        f"{bars}DETAIL: [redacted]",
        f"{bars}HINT: [redacted]",
        bars,
        f"{bars}The above exception was the direct cause",
    ]


@pytest.mark.parametrize(
    ("statement", "argument"),
    [
        ("SELECT $1::bigint[]", [f'{{"message":"{WORDS}","phone":"5511988887777"}}']),
        ("SELECT $1::bigint[]", [f"it's {WORDS}"]),
        ("SELECT $1::bigint", f'"{WORDS}'),
        ("SELECT $1::text", f"{WORDS} \ud83d"),
        ("SELECT $1::uuid", WORDS),
        ("SELECT $1::text::jsonb", f'{{"message": {WORDS}}}'),
        ("SELECT $1::text::bigint", WORDS),
        ("SELECT $1::text::timestamptz", f"'{WORDS}"),
    ],
)
async def test_errors_of_postgres_do_not_repeat_what_it_was_given(pool: Pool, statement: str, argument: object) -> None:
    with pytest.raises((asyncpg.DataError, asyncpg.PostgresError)) as failed:
        await pool.fetch(statement, argument)
    shown = scrub(str(failed.value))
    assert not any(word in shown for word in WORDS.split()), shown
    assert "5511988887777" not in shown


def test_text_without_anything_to_hide_stays_as_it_is() -> None:
    text = "Traceback (most recent call last):\n  line 3, in f\nZeroDivisionError: division by zero"
    assert scrub(text) == text
