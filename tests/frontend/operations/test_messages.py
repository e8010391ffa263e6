"""send-text: every field of its variants is taken, stored exactly, and given back to whoever reads the row."""

import json
import re
from typing import Any

import pytest

from common.addresses import Jid
from common.postgres import Pool
from common.requests.messages import MODELS, SendText
from tests.frontend.gateway import Caller

pytestmark = pytest.mark.anyio

GROUP = "120363041234567890-group"
STORED = "SELECT kind, chat, payload::text, message_id, status FROM message_queue WHERE zaap_id = $1::uuid"


async def stored(pool: Pool, zaap_id: str) -> dict[str, Any]:
    return dict(await pool.fetchrow(STORED, zaap_id))


async def test_the_answer_holds_ids_in_their_forms(caller: Caller) -> None:
    answer = await caller.send_text()
    ids = answer.json()
    assert ids.keys() == {"zaapId", "messageId", "id"}
    assert re.fullmatch("[0-9A-F]{12}7[0-9A-F]{3}[89AB][0-9A-F]{15}", ids["zaapId"])
    assert re.fullmatch("3EB0[0-9A-F]{18}", ids["messageId"])
    assert ids["id"] == ids["messageId"]
    assert answer.headers["content-type"] == "application/json"
    assert int(answer.headers["content-length"]) == len(answer.content)


VARIANTS: dict[str, dict[str, Any]] = {
    "a text": {"phone": "5511988887777", "message": "Order *1042* left\nETA 2 days"},
    "with delays": {"phone": "5511988887777", "message": "hi", "delayMessage": 4, "delayTyping": 2},
    "a reply": {"phone": "5511988887777", "message": "yes", "messageId": "3EB0C1D2E3F405162738"},
    "a private reply": {"phone": GROUP, "message": "to you", "messageId": "3EB0C1D2E3F4", "privateAnswer": True},
    "an edit": {"phone": "5511988887777", "message": "corrected", "editMessageId": "9F1C7A24B0E35D668A10"},
    "an edit of a reply": {"phone": "5511988887777", "message": "hi", "editMessageId": "9F1C", "messageId": "3EB0"},
    "to members": {"phone": GROUP, "message": "ping @5511988887777", "mentioned": ["5511988887777", "123456789@lid"]},
    "to nobody": {"phone": GROUP, "message": "hi", "mentioned": []},
    "to groups": {"phone": GROUP, "message": "see", "groupMentioned": [{"phone": GROUP, "subject": "Support"}]},
    "to both": {
        "phone": GROUP,
        "message": "see",
        "mentioned": ["5511988887777"],
        "groupMentioned": [{"phone": "5511999999999-1623281429", "subject": ""}],
    },
    "to a LID": {"phone": "81234567890123@lid", "message": "hi"},
    "members of a person": {"phone": "5511988887777", "message": "hi", "mentioned": ["5511900000000"]},
}


@pytest.mark.parametrize("name", VARIANTS)
async def test_each_variant_is_stored_as_it_was_asked(caller: Caller, pool: Pool, name: str) -> None:
    ids = (await caller.post("send-text", VARIANTS[name])).json()
    row = await stored(pool, ids["zaapId"])
    assert json.loads(row["payload"]) == VARIANTS[name]
    assert (row["kind"], row["status"], row["message_id"]) == ("text", "queued", ids["messageId"])


async def test_numbers_and_texts_for_flags_are_stored_in_one_form(caller: Caller, pool: Pool) -> None:
    asked = {"phone": 5511988887777, "message": "hi", "mentioned": [5511988887777], "privateAnswer": "true"}
    row = await stored(pool, (await caller.post("send-text", asked)).json()["zaapId"])
    assert json.loads(row["payload"]) == {
        "phone": "5511988887777",
        "message": "hi",
        "mentioned": ["5511988887777"],
        "privateAnswer": True,
    }
    assert row["chat"] == Jid("5511988887777@s.whatsapp.net")


async def test_null_is_as_good_as_absent(caller: Caller, pool: Pool) -> None:
    asked = {
        "phone": "5511988887777",
        "message": "hi",
        **dict.fromkeys(SendText.model_fields.keys() - {"phone", "message"}),
    }
    row = await stored(pool, (await caller.post("send-text", asked)).json()["zaapId"])
    assert json.loads(row["payload"]) == {"phone": "5511988887777", "message": "hi"}


@pytest.mark.parametrize("name", VARIANTS)
async def test_the_stored_row_is_read_again_by_its_kind(caller: Caller, pool: Pool, name: str) -> None:
    ids = (await caller.post("send-text", VARIANTS[name])).json()
    row = await stored(pool, ids["zaapId"])
    assert MODELS[row["kind"]].model_validate_json(row["payload"]) == SendText.model_validate(VARIANTS[name])


async def test_a_send_to_a_connected_instance_is_written_with_its_shard(caller: Caller, pool: Pool) -> None:
    zaap_id = (await caller.send_text()).json()["zaapId"]
    assert await pool.fetchval(
        """
        SELECT message_queue.shard = instance.shard
        FROM message_queue
        JOIN instance ON instance.id = message_queue.instance_id
        WHERE zaap_id = $1::uuid""",
        zaap_id,
    )
