"""Every text that a page may show is there in every language, with the same places for values."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import orjson
import pytest

import frontend.panel
from common.tables.waiting import Reason
from frontend.panel.languages import NAMES, Languages
from frontend.panel.refusals import FAILURES, FIELDS, SHAPED, WHOLE, told
from frontend.panel.views.instance import POLICIES
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
    yield from (f"policy-{policy}" for policy in POLICIES)
    yield from (f"why-{reason}" for reason in get_args(Reason))
    yield from (*WHOLE.values(), *FAILURES, *(text for _, text in SHAPED), *FIELDS.values())


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


@pytest.mark.parametrize(
    ("text", "portuguese"),
    [
        ("no node holds this instance now", "Nenhum sender cuida desta instância agora."),
        (
            "the message is already sent and cannot be canceled",
            "A mensagem já está enviada e não pode ser cancelada.",
        ),
        (
            "phone: field required; message: field required",
            "Telefone: é preciso escrever algo aqui. Mensagem: é preciso escrever algo aqui.",
        ),
        ("10.0.0.1 not allowed", "O seu endereço não pode fazer isso."),
        ("name: write at most 255 characters", "Nome: no máximo 255 caracteres."),
        ("phone: field required; foo: bar", "Telefone: é preciso escrever algo aqui. foo: bar"),
        ("something that nobody thought of; really", "something that nobody thought of; really"),
        (
            "There is a new secret; the one before stays valid.",
            "Há um novo segredo; o anterior continua válido.",
        ),
    ],
)
def test_a_refusal_of_the_api_is_told_in_the_readers_language(text: str, portuguese: str) -> None:
    assert told(text, Languages().choose("pt", None)) == portuguese


def test_in_english_a_refusal_that_is_not_known_stays_as_it_is() -> None:
    assert told("the node is on fire", Languages().choose("en", None)) == "the node is on fire"
