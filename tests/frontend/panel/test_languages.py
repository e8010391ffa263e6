"""Every text that a page may show is there in every language, with the same places for values."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import orjson
import pytest

import frontend.panel
from common.tables.waiting import Reason
from frontend.panel.languages import NAMES
from frontend.panel.views.instances import STATES
from frontend.panel.views.phone import SCRIPTS
from frontend.panel.views.webhooks import PURPOSES

ROOM = Path(frontend.panel.__file__).parent
IN_TEMPLATES = re.compile(r"""\bt\((?:'([^']+)'|"([^"]+)")\s*[,)]""")
IN_CODE = re.compile(
    r"""\b(?:(?:words|Said)\("([^"]+)\""""
    r"""|(?:not_found|_trouble|_login_page|Problem)\((?:request, )?(?:\d+, )?"([A-Z][^"]+)")"""
)
PLACES = re.compile(r"\{[a-z]+\}")
ALTERNATIVES = ("The node takes part again.", "The queue goes on.", "Pause the queue")  # behind an `else`
STATUSES = (
    "pending", "queued", "processing", "sending", "retrying", "uncertain", "sent", "delivered", "read", "played",
    "failed", "canceled", "expired", "retry", "not-connected", "dead", "waiting", "kept", "draining",
)  # fmt: skip


def texts() -> Iterator[str]:
    for template in (ROOM / "templates").glob("*.html"):
        yield from (one or other for one, other in IN_TEMPLATES.findall(template.read_text(encoding="utf-8")))
    for module in ROOM.rglob("*.py"):
        yield from (one or other for one, other in IN_CODE.findall(module.read_text(encoding="utf-8")))
    yield from (*STATES, *STATUSES, *PURPOSES.values(), "TRIAL", "ACTIVE", "CANCELED", *ALTERNATIVES)
    yield from (f"script-{script}" for script in SCRIPTS)
    yield from (f"policy-{policy}" for policy in ("hold", "resend", "assume-sent"))
    yield from (f"why-{reason}" for reason in get_args(Reason))


def words_of(language: str) -> dict[str, str]:
    known: dict[str, str] = orjson.loads((ROOM / "words" / f"{language}.json").read_bytes())
    return known


@pytest.mark.parametrize("language", sorted(NAMES.keys() - {"en"}))
def test_every_text_is_translated_and_none_too_many(language: str) -> None:
    used, known = set(texts()), words_of(language)
    assert len(used) > 200
    assert sorted(used - known.keys()) == []
    assert sorted(known.keys() - used) == []


@pytest.mark.parametrize("language", sorted(NAMES))
def test_a_translation_has_the_same_places_for_values(language: str) -> None:
    for text, translated in words_of(language).items():
        assert sorted(PLACES.findall(text)) == sorted(PLACES.findall(translated)), text


def test_names_that_are_no_words_have_a_text_in_english() -> None:
    english = words_of("en")
    named = {text for text in texts() if re.match(r"(why|script|policy)-", text) or text.isupper()}
    assert named <= english.keys()
