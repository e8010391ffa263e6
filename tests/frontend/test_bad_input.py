"""Bad input: each is a clear refusal, and nothing of it is ever half-written. One frontend serves the whole table."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from common.requests.fields import LONGEST_TEXT
from common.settings import FrontendSettings
from tests.frontend.conftest import Standing

pytestmark = pytest.mark.anyio

BODY_LIMIT = 100_000
LONGEST_REFUSAL = 1_000

STORED = """
    SELECT (SELECT count(*) FROM message_queue) + (SELECT count(*) FROM idempotency)"""


@pytest.fixture(scope="module")
def standing_settings(standing_settings: FrontendSettings) -> FrontendSettings:
    return standing_settings.model_copy(update={"http_max_body_bytes": BODY_LIMIT})


def text_of(**fields: Any) -> dict[str, Any]:
    return {"phone": "5511988887777", "message": "hi", **fields}


REFUSED_FIELDS: dict[str, tuple[dict[str, Any], str]] = {
    "no phone": ({"message": "hi"}, "phone: field required"),
    "no message": ({"phone": "5511988887777"}, "message: field required"),
    "nothing": ({}, "phone: field required; message: field required"),
    "message is a number": (text_of(message=5), "message: "),
    "message is a list": (text_of(message=["hi"]), "message: "),
    "message is an object": (text_of(message={"text": "hi"}), "message: "),
    "message is null": (text_of(message=None), "message: "),
    "message is true": (text_of(message=True), "message: "),
    "message is empty": (text_of(message=""), "message: "),
    "message is too long": (text_of(message="x" * (LONGEST_TEXT + 1)), "message: "),
    "phone is null": (text_of(phone=None), "phone: "),
    "phone is true": (text_of(phone=True), "phone: "),
    "phone is a list": (text_of(phone=["5511988887777"]), "phone: "),
    "phone is an object": (text_of(phone={}), "phone: "),
    "delayMessage 0": (text_of(delayMessage=0), "delayMessage: "),
    "delayMessage 16": (text_of(delayMessage=16), "delayMessage: "),
    "delayMessage -1": (text_of(delayMessage=-1), "delayMessage: "),
    'delayMessage "5"': (text_of(delayMessage="5"), "delayMessage: "),
    "delayMessage 1.5": (text_of(delayMessage=1.5), "delayMessage: "),
    "delayMessage true": (text_of(delayMessage=True), "delayMessage: "),
    "delayMessage huge": (text_of(delayMessage=10**30), "delayMessage: "),
    "delayTyping -1": (text_of(delayTyping=-1), "delayTyping: "),
    "delayTyping 16": (text_of(delayTyping=16), "delayTyping: "),
    'delayTyping "5"': (text_of(delayTyping="5"), "delayTyping: "),
    "delayTyping 1.5": (text_of(delayTyping=1.5), "delayTyping: "),
    "messageId is a number": (text_of(messageId=5), "messageId: "),
    "messageId is empty": (text_of(messageId=""), "messageId: "),
    "messageId is too long": (text_of(messageId="A" * 129), "messageId: "),
    "editMessageId is a list": (text_of(editMessageId=[]), "editMessageId: "),
    "privateAnswer is a word": (text_of(privateAnswer="yes"), "privateAnswer: "),
    "privateAnswer is a number": (text_of(privateAnswer=1), "privateAnswer: "),
    "mentioned is a text": (text_of(mentioned="5511988887777"), "mentioned: "),
    "mentioned holds a name": (text_of(mentioned=["Ana"]), "mentioned.0: "),
    "mentioned holds null": (text_of(mentioned=[None]), "mentioned.0: "),
    "mentioned holds a decimal": (text_of(mentioned=[5511988887777.5]), "mentioned.0: "),
    "groupMentioned holds a text": (text_of(groupMentioned=["120363019502650977-group"]), "groupMentioned.0: "),
    "groupMentioned without subject": (
        text_of(groupMentioned=[{"phone": "120363019502650977-group"}]),
        "groupMentioned.0.subject: ",
    ),
    "groupMentioned names a person": (
        text_of(groupMentioned=[{"phone": "5511988887777", "subject": "Support"}]),
        "groupMentioned.0.phone: ",
    ),
    "scheduledFor without offset": (text_of(scheduledFor="2027-01-05T10:20:30"), "scheduledFor: "),
    "scheduledFor is a date": (text_of(scheduledFor="2027-01-05"), "scheduledFor: "),
    "scheduledFor is a number": (text_of(scheduledFor=1799144430123), "scheduledFor: "),
    "scheduledFor is a number as text": (text_of(scheduledFor="1799144430123"), "scheduledFor: "),
    "scheduledFor in the far future": (text_of(scheduledFor="9999-12-31T23:59:59Z"), "scheduledFor: "),
    "scheduledFor is a word": (text_of(scheduledFor="tomorrow"), "scheduledFor: "),
    "expiresAt has passed": (text_of(expiresAt="2020-01-01T00:00:00Z"), "expiresAt: "),
    "expiresAt before scheduledFor": (
        text_of(expiresAt="2100-01-01T00:00:00Z", scheduledFor="2100-01-02T00:00:00Z"),
        "expiresAt: ",
    ),
}


@pytest.mark.parametrize("name", REFUSED_FIELDS)
async def test_a_field_that_is_not_valid_is_named_and_nothing_is_stored(standing: Standing, name: str) -> None:
    body, error = REFUSED_FIELDS[name]
    before = await stored(standing)
    answer = await standing.caller.post("send-text", body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(error)
    assert len(answer.text) < LONGEST_REFUSAL
    assert await stored(standing) == before


REFUSED_PHONES = [
    "",
    " ",
    "0",
    "1234",
    "+5511988887777",
    "(11) 98888-7777",
    "55 11 98888 7777",
    "5511988887777 ",
    "5511988887777\n",
    "05511988887777",
    "5511988887777123456",
    "55119abc88887777",
    "\uff15\uff15\uff11\uff11988887777",
    "1624901640-broadcast",
    "status@broadcast",
    "5511988887777@s.whatsapp.net",
    "5511988887777@c.us",
    "120363019502650977@g.us",
    "120363019502650977-grupo",
    "-group",
    "5511988887777-162342",
    "@lid",
    "abc@lid",
    "@newsletter",
    "5511988887777;DROP TABLE message_queue",
    5511988887777.5,
    -5511988887777,
    0,
    1e400,
]


@pytest.mark.parametrize("phone", REFUSED_PHONES, ids=repr)
async def test_a_phone_that_is_none_of_the_known_forms_is_refused(standing: Standing, phone: object) -> None:
    before = await stored(standing)
    answer = await standing.caller.post_bytes("send-text", json.dumps(text_of(phone=phone)).encode())
    assert (answer.status_code, answer.json()) == (400, {"error": "Invalid phone"})
    assert await stored(standing) == before


TAKEN_PHONES = {
    "5511988887777": "5511988887777@s.whatsapp.net",
    5511988887777: "5511988887777@s.whatsapp.net",
    "551133334444": "551133334444@s.whatsapp.net",
    "13135550002": "13135550002@s.whatsapp.net",
    "120363019502650977-group": "120363019502650977@g.us",
    "5511999999999-group": "5511999999999@g.us",
    "5511999999999-1623281429": "5511999999999-1623281429@g.us",
    "999999999999999@lid": "999999999999999@lid",
    "120363166555745933@newsletter": "120363166555745933@newsletter",
}


@pytest.mark.parametrize("phone", TAKEN_PHONES, ids=repr)
async def test_each_form_of_a_phone_is_stored_as_its_chat(standing: Standing, phone: object) -> None:
    answer = await standing.caller.post("send-text", text_of(phone=phone))
    assert answer.status_code == 200
    row = await standing.pool.fetchrow(
        "SELECT chat, payload->>'phone' FROM message_queue WHERE zaap_id = $1::uuid", answer.json()["zaapId"]
    )
    assert tuple(row) == (TAKEN_PHONES[phone], str(phone))


NOT_JSON: dict[str, bytes] = {
    "a word": b"hello",
    "cut off": b'{"phone":"5511988887777","message":"hi"',
    "single quotes": b"{'phone':'5511988887777','message':'hi'}",
    "comma at the end": b'{"phone":"5511988887777","message":"hi",}',
    "two documents": b'{"phone":"5511988887777","message":"hi"}{}',
    "a form": b"phone=5511988887777&message=hi",
    "raw line break in a text": b'{"phone":"5511988887777","message":"a\nb"}',
    "raw NUL": b'{"phone":"5511988887777","message":"a\0b"}',
    "bad escape": b'{"phone":"5511988887777","message":"\\x41"}',
    "not UTF-8": b'{"phone":"5511988887777","message":"ol\xe1"}',
    "cut off UTF-8": b'{"phone":"5511988887777","message":"\xf0\x9f\x95"}',
    "overlong UTF-8": b'{"phone":"5511988887777","message":"\xc0\x80"}',
    "surrogate as UTF-8": b'{"phone":"5511988887777","message":"\xed\xa0\x80"}',
    "UTF-16": '{"phone":"5511988887777","message":"hi"}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"phone":"5511988887777","message":"hi"}',
    "lone high surrogate": b'{"phone":"5511988887777","message":"\\ud83d"}',
    "lone low surrogate": b'{"phone":"5511988887777","message":"\\udd4a"}',
    "surrogates in wrong order": b'{"phone":"5511988887777","message":"\\udd4a\\ud83d"}',
    "lone surrogate in an unknown member": b'{"phone":"5511988887777","message":"hi","x":"\\ud83d"}',
    "deep lists": b'{"phone":"5511988887777","message":"hi","x":' + b"[" * 40_000 + b"]" * 40_000 + b"}",
    "deep objects": b'{"phone":"5511988887777","message":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}",
}


@pytest.mark.parametrize("name", NOT_JSON)
async def test_a_body_that_is_not_json_is_told_so_and_nothing_is_stored(standing: Standing, name: str) -> None:
    before = await stored(standing)
    answer = await standing.caller.post_bytes("send-text", NOT_JSON[name])
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("the body is not valid JSON: ")
    assert len(answer.text) < LONGEST_REFUSAL
    assert await stored(standing) == before


@pytest.mark.parametrize("body", [b"[]", b'"hi"', b"5", b"null", b"true", b'[{"phone":"5511988887777"}]'])
async def test_json_that_is_no_object_is_refused(standing: Standing, body: bytes) -> None:
    answer = await standing.caller.post_bytes("send-text", body)
    assert (answer.status_code, answer.json()["error"][:6]) == (400, "body: ")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"phone":"5511988887777","message":"a\\u0000b"}', "message"),
        (b'{"phone":"55119\\u000088887777","message":"hi"}', "phone"),
        (b'{"phone":"5511988887777","message":"hi","messageId":"\\u0000"}', "messageId"),
        (
            b'{"phone":"5511988887777","message":"hi","groupMentioned":'
            b'[{"phone":"120363019502650977-group","subject":"\\u0000"}]}',
            "groupMentioned.0.subject",
        ),
    ],
)
async def test_a_nul_in_a_text_is_refused_by_the_name_of_its_field(standing: Standing, body: bytes, field: str) -> None:
    before = await stored(standing)
    answer = await standing.caller.post_bytes("send-text", body)
    assert (answer.status_code, answer.json()) == (400, {"error": f"{field}: must not contain the character NUL"})
    assert await stored(standing) == before


async def test_four_zeros_after_an_escaped_backslash_are_no_nul(standing: Standing) -> None:
    answer = await standing.caller.post_bytes("send-text", b'{"phone":"5511988887777","message":"\\\\u0000"}')
    assert await message_of(standing, answer.json()["zaapId"]) == "\\u0000"


@pytest.mark.parametrize("size", [LONGEST_TEXT, 65_000])
async def test_a_text_of_65_thousand_characters_is_stored_whole(standing: Standing, size: int) -> None:
    text = "é" * 10 + "x" * (size - 10)
    answer = await standing.caller.send_text(text)
    assert await message_of(standing, answer.json()["zaapId"]) == text


@pytest.mark.parametrize(
    "text", ["olá 🕊\n*bold*\r\n%0a\ttab", "\u202eright to left", "\ufeff", "\x7f\x1b[0m", "\U0010ffff"]
)
async def test_every_other_character_is_stored_as_it_came(standing: Standing, text: str) -> None:
    answer = await standing.caller.send_text(text)
    assert await message_of(standing, answer.json()["zaapId"]) == text


async def test_unknown_members_are_ignored_and_not_stored(standing: Standing) -> None:
    answer = await standing.caller.send_text("hi", surprise={"deep": [1, 2]}, token="x")
    payload = await standing.pool.fetchval(
        "SELECT payload::text FROM message_queue WHERE zaap_id = $1::uuid", answer.json()["zaapId"]
    )
    assert json.loads(payload) == {"phone": "5511988887777", "message": "hi"}


async def test_the_last_of_two_members_of_one_name_counts(standing: Standing) -> None:
    answer = await standing.caller.post_bytes(
        "send-text", b'{"phone":"5511900000000","message":"first","phone":"5511988887777","message":"last"}'
    )
    assert await message_of(standing, answer.json()["zaapId"]) == "last"


async def test_a_number_of_thousands_of_digits_is_refused(standing: Standing) -> None:
    for digits in (4_000, 5_000, 50_000):
        body = b'{"phone":' + b"9" * digits + b',"message":"hi"}'
        answer = await standing.caller.post_bytes("send-text", body)
        assert answer.status_code == 400, answer.text
        assert len(answer.text) < LONGEST_REFUSAL


@pytest.mark.parametrize("size", [BODY_LIMIT + 1, BODY_LIMIT * 10])
async def test_a_body_above_the_limit_is_413_and_nothing_is_stored(standing: Standing, size: int) -> None:
    before = await stored(standing)
    body = json.dumps(text_of(padding="x" * size)).encode()
    answer = await standing.caller.post_bytes("send-text", body)
    assert (answer.status_code, answer.json()) == (413, {"error": f"the body is larger than {BODY_LIMIT} bytes"})
    assert await stored(standing) == before


async def test_a_body_without_a_declared_length_is_cut_at_the_limit_too(standing: Standing) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 10_000

    headers = {"Content-Type": "application/json"}
    answer = await standing.caller.call("POST", "send-text", content=parts(), headers=headers)
    assert (answer.status_code, answer.json()) == (413, {"error": f"the body is larger than {BODY_LIMIT} bytes"})


async def test_a_bad_one_among_many_parallel_requests_fails_alone(standing: Standing) -> None:
    before = await stored(standing)
    good = [standing.caller.send_text(f"good {number}") for number in range(30)]
    bad = [
        standing.caller.send_text("bad", delayMessage=99),
        standing.caller.send_text("bad", phone="x"),
        standing.caller.post_bytes("send-text", b"{"),
        standing.caller.send_text("bad\0"),
    ]
    answers = await asyncio.gather(*good, *bad)
    assert [answer.status_code for answer in answers] == [200] * 30 + [400] * 4
    assert await stored(standing) == before + 30


async def stored(standing: Standing) -> int:
    count: int = await standing.pool.fetchval(STORED)
    return count


async def message_of(standing: Standing, zaap_id: str) -> str:
    text: str = await standing.pool.fetchval(
        "SELECT payload->>'message' FROM message_queue WHERE zaap_id = $1::uuid", zaap_id
    )
    return text
