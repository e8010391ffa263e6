"""The queue as its owner sees it: listing and paging, counting, canceling, and the story of one message."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
import pytest

from common.addresses import parse_phone
from common.callbacks import Told, delivery, message_status
from common.postgres import Pool
from common.settings import FrontendSettings
from common.tables import event, event_outbox
from frontend import paging
from tests.frontend.gateway import Caller, Gateway, gateway_on
from tests.frontend.outcomes import EPOCH, NODE, Outcomes

pytestmark = pytest.mark.anyio

EMPTY_PAGE = {"messages": [], "pagingState": None, "hasMore": False}
OLDER = "UPDATE message_queue SET accepted_at = accepted_at - $2::interval WHERE zaap_id = $1::uuid"


async def send_many(caller: Caller, count: int) -> list[str]:
    """The zaapIds of texts `0`, `1`, ..."""
    return [(await caller.send_text(str(number))).json()["zaapId"] for number in range(count)]


async def texts_of(caller: Caller, **asked: object) -> list[str]:
    return [message["Message"] for message in (await caller.post("queue", asked)).json()["messages"]]


async def count_of(caller: Caller) -> int:
    count: int = (await caller.get("queue/count")).json()["count"]
    return count


async def status_of(caller: Caller, zaap_id: str) -> str:
    status: str = (await caller.get(f"queue/{zaap_id}")).json()["status"]
    return status


# --- listing ---


async def test_an_empty_queue_is_an_empty_page(caller: Caller) -> None:
    assert (await caller.post("queue")).json() == EMPTY_PAGE
    assert (await caller.get("queue")).json() == {"messages": []}
    assert await count_of(caller) == 0


async def test_a_message_is_listed_in_the_contracts_spelling(gateway: Gateway, caller: Caller, pool: Pool) -> None:
    sent = (await caller.send_text("hello", phone="120363041234567890-group", delayTyping=5)).json()
    accepted: datetime = await pool.fetchval(
        "SELECT accepted_at FROM message_queue WHERE zaap_id = $1::uuid", sent["zaapId"]
    )
    shown = {
        "_id": sent["zaapId"],
        "ZaapId": sent["zaapId"],
        "MessageId": sent["messageId"],
        "InstanceId": caller.id,
        "Phone": "120363041234567890-group",
        "Message": "hello",
        "DelayMessage": -1,
        "DelayTyping": 5,
        "Created": int(accepted.timestamp() * 1000),
        "IsTrial": True,
    }
    now_shown = {**shown, "CreatedAt": accepted.isoformat(timespec="milliseconds"), "Beta": False}
    assert (await caller.post("queue")).json()["messages"] == [now_shown]
    assert (await caller.get("queue")).json() == {"messages": [shown]}

    await gateway.as_partner("POST", f"{caller.base}/integrator/on-demand/subscription")
    assert (await caller.post("queue")).json()["messages"] == [{**now_shown, "IsTrial": False}]


async def test_a_delay_that_was_asked_is_shown(caller: Caller) -> None:
    await caller.send_text(delayMessage=4)
    shown = (await caller.post("queue")).json()["messages"][0]
    assert (shown["DelayMessage"], shown["DelayTyping"]) == (4, 0)


async def test_messages_are_listed_in_the_order_in_which_they_will_be_sent(caller: Caller) -> None:
    await caller.send_text("scheduled late", scheduledFor="2101-01-01T00:00:00Z")
    await caller.send_text("scheduled", scheduledFor="2100-01-01T00:00:00Z")
    await send_many(caller, 3)
    assert await texts_of(caller) == ["0", "1", "2", "scheduled late", "scheduled"]


async def test_an_instance_sees_only_its_own_messages(gateway: Gateway, caller: Caller) -> None:
    other = await gateway.create()
    (zaap_id,) = await send_many(caller, 1)
    assert (await other.post("queue")).json() == EMPTY_PAGE
    assert await count_of(other) == 0
    assert (await other.get(f"queue/{zaap_id}")).status_code == 404
    assert (await other.delete(f"queue/{zaap_id}")).json() == {}
    assert (await other.delete("queue")).json() == {}
    assert await count_of(caller) == 1


# --- pages ---


@pytest.mark.parametrize(("size", "pages"), [(1, 7), (2, 4), (3, 3), (7, 1), (8, 1)])
async def test_pages_together_are_the_queue(caller: Caller, size: int, pages: int) -> None:
    await send_many(caller, 5)
    for number in (1, 2):
        await caller.send_text(f"later {number}", scheduledFor="2100-01-01T00:00:00Z")
    found: list[list[str]] = []
    cursor = None
    while True:
        page = (await caller.post("queue", {"pageSize": size, "pagingState": cursor})).json()
        found.append([message["Message"] for message in page["messages"]])
        cursor = page["pagingState"]
        assert page["hasMore"] is (cursor is not None)
        if cursor is None:
            break
    assert [text for texts in found for text in texts] == ["0", "1", "2", "3", "4", "later 1", "later 2"]
    assert len(found) == pages


async def test_a_page_has_twenty_messages_and_never_more_than_thirty(caller: Caller) -> None:
    await send_many(caller, 32)
    for asked, size in (({}, 20), ({"pageSize": None}, 20), ({"pageSize": 30}, 30), ({"pageSize": 10**20}, 30)):
        page = (await caller.post("queue", asked)).json()
        assert (len(page["messages"]), page["hasMore"]) == (size, True)
    assert len((await caller.get("queue")).json()["messages"]) == 20
    assert len((await caller.get("queue?page=3&pageSize=100")).json()["messages"]) == 32


async def test_a_page_goes_on_after_what_left_meanwhile(caller: Caller, outcomes: Outcomes) -> None:
    ids = await send_many(caller, 6)
    page = (await caller.post("queue", {"pageSize": 2})).json()
    for zaap_id in ids[:3]:
        await outcomes.send(zaap_id)
    assert await texts_of(caller, pagingState=page["pagingState"]) == ["3", "4", "5"]


@pytest.mark.parametrize("size", [0, -1, 1.5, "5", True, []], ids=repr)
async def test_a_page_size_that_is_no_positive_integer_is_400(caller: Caller, size: object) -> None:
    answer = await caller.post("queue", {"pageSize": size})
    assert (answer.status_code, answer.json()["error"][:10]) == (400, "pageSize: ")


@pytest.mark.parametrize("cursor", ["x", "eyJ9", "é", paging.written(0, 1)[:-3], paging.written(5, 1)])
async def test_a_cursor_that_is_none_is_400(caller: Caller, cursor: str) -> None:
    for asked in (
        caller.post("queue", {"pagingState": cursor}),
        caller.get("dead-letters", params={"pagingState": cursor}),
    ):
        answer = await asked
        assert answer.json() == {"error": "pagingState: not a cursor of this listing"}
        assert answer.status_code == 400


# --- cancel ---


async def test_a_waiting_message_is_canceled_and_only_that(caller: Caller) -> None:
    ids = await send_many(caller, 3)
    answer = await caller.delete(f"queue/{ids[1]}")
    assert (answer.status_code, answer.json()) == (200, {})
    assert await texts_of(caller) == ["0", "2"]
    assert await status_of(caller, ids[1]) == "canceled"


async def test_canceling_again_or_what_nobody_knows_is_fine(caller: Caller) -> None:
    (zaap_id,) = await send_many(caller, 1)
    for key in (zaap_id, zaap_id, "0" * 32, "5511988887777", "x", "%00"):
        answer = await caller.delete(f"queue/{key}")
        assert (answer.status_code, answer.json()) == (200, {})


async def test_an_id_may_be_spelled_with_dashes_and_in_small_letters(caller: Caller) -> None:
    (zaap_id,) = await send_many(caller, 1)
    low = zaap_id.lower()
    dashed = f"{low[:8]}-{low[8:12]}-{low[12:16]}-{low[16:20]}-{low[20:]}"
    assert await status_of(caller, dashed) == "pending"
    await caller.delete(f"queue/{dashed}")
    assert await count_of(caller) == 0


async def test_what_is_being_sent_stays(caller: Caller, outcomes: Outcomes, pool: Pool) -> None:
    ids = await send_many(caller, 3)
    number = await outcomes.begin(ids[1])
    answer = await caller.delete(f"queue/{ids[1]}")
    assert answer.status_code == 409
    assert answer.json() == {"error": "the message is already processing and cannot be canceled"}
    assert (await caller.delete("queue")).json() == {}
    assert (await caller.delete("queue?olderThan=2100-01-01T00:00:00Z")).json() == {}
    assert await pool.fetchval("SELECT status FROM message_queue WHERE id = $1", number) == "sending"
    assert await texts_of(caller) == ["1"]


@pytest.mark.parametrize(
    ("outcome", "status"), [("send", "sent"), ("doubt", "uncertain")], ids=["after it was sent", "in doubt"]
)
async def test_what_may_have_left_cannot_be_canceled(
    caller: Caller, outcomes: Outcomes, outcome: str, status: str
) -> None:
    (zaap_id,) = await send_many(caller, 1)
    await getattr(outcomes, outcome)(zaap_id)
    answer = await caller.delete(f"queue/{zaap_id}")
    assert answer.status_code == 409
    assert answer.json() == {"error": f"the message is already {status} and cannot be canceled"}
    assert await status_of(caller, zaap_id) == status


async def test_what_waits_for_another_attempt_can_be_canceled(caller: Caller, outcomes: Outcomes) -> None:
    (zaap_id,) = await send_many(caller, 1)
    await outcomes.retry(zaap_id, datetime(2100, 1, 1, tzinfo=UTC))
    assert await status_of(caller, zaap_id) == "retrying"
    assert (await caller.delete(f"queue/{zaap_id}")).status_code == 200
    assert await status_of(caller, zaap_id) == "canceled"


async def test_a_failed_message_is_no_longer_there_to_cancel(caller: Caller, outcomes: Outcomes) -> None:
    (zaap_id,) = await send_many(caller, 1)
    await outcomes.fail(zaap_id)
    assert (await caller.delete(f"queue/{zaap_id}")).json() == {}
    assert await status_of(caller, zaap_id) == "failed"


async def test_all_waiting_messages_are_canceled_scheduled_ones_too(caller: Caller) -> None:
    ids = await send_many(caller, 3)
    await caller.send_text(scheduledFor="2100-01-01T00:00:00Z")
    assert (await caller.delete("queue")).json() == {}
    assert await count_of(caller) == 0
    assert [await status_of(caller, zaap_id) for zaap_id in ids] == ["canceled"] * 3
    assert (await caller.delete("queue")).json() == {}


async def test_only_what_is_older_is_canceled(caller: Caller, pool: Pool) -> None:
    ids = await send_many(caller, 4)
    for zaap_id, age in zip(ids, (10, 3, 1, 0), strict=True):
        await pool.execute(OLDER, zaap_id, timedelta(hours=age))
    await caller.delete("queue?olderThan=5h")
    assert await texts_of(caller) == ["1", "2", "3"]
    moment = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    await caller.delete("queue", params={"olderThan": moment})
    assert await texts_of(caller) == ["2", "3"]
    # A plus sign that nobody escaped arrives as a space.
    await caller.delete(f"queue?olderThan={moment}")
    await caller.delete("queue?olderThan=90m")
    assert await texts_of(caller) == ["2", "3"]


@pytest.mark.parametrize(
    "moment",
    ["", "x", "5", "5y", "-5h", "5h ago", "2027-01-05", "2027-01-05T10:20:30", "1799144430123", "T", "9999999999999w",
     "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00", "%EF%BC%95h", "x" * 65, "%00"],
)  # fmt: skip
async def test_a_time_that_is_none_cancels_nothing(caller: Caller, moment: str) -> None:
    await send_many(caller, 1)
    answer = await caller.delete(f"queue?olderThan={moment}")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(("olderThan: ", "query: "))
    assert await count_of(caller) == 1


# --- a message's story ---


async def test_the_story_of_a_waiting_message(caller: Caller) -> None:
    sent = (await caller.send_text("hello")).json()
    story = (await caller.get(f"queue/{sent['zaapId']}")).json()
    accepted = story.pop("acceptedAt")
    assert abs(datetime.fromisoformat(accepted) - datetime.now(UTC)) < timedelta(minutes=1)
    assert story.pop("waiting")["reason"] == "no-owner"
    empty = dict.fromkeys(
        ("whatsappId", "scheduledFor", "expiresAt", "nextAttemptAt", "sentAt", "deliveredAt", "readAt", "playedAt",
         "finishedAt", "error", "errorClass")
    )  # fmt: skip
    assert story == {
        **empty,
        "zaapId": sent["zaapId"],
        "messageId": sent["messageId"],
        "instanceId": caller.id,
        "kind": "text",
        "phone": "5511988887777",
        "status": "pending",
        "attempts": [],
        "maxAttempts": 3,
        "replays": 0,
        "callbacks": [],
    }


async def test_the_story_tells_every_attempt(caller: Caller, outcomes: Outcomes) -> None:
    (zaap_id,) = await send_many(caller, 1)
    again_at = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=5)
    await outcomes.retry(zaap_id, again_at)
    retrying = (await caller.get(f"queue/{zaap_id}")).json()
    assert (retrying["status"], retrying["errorClass"], retrying["error"]) == ("retrying", "temporary", "try again")
    assert abs(datetime.fromisoformat(retrying["nextAttemptAt"]) - again_at) < timedelta(seconds=5)

    await outcomes.begin(zaap_id)
    assert await status_of(caller, zaap_id) == "processing"
    await outcomes.send(zaap_id)
    sent = (await caller.get(f"queue/{zaap_id}")).json()
    assert sent["status"] == "sent"
    assert sent["sentAt"] == sent["finishedAt"] is not None
    assert sent["whatsappId"].startswith("3EB0")
    assert [(one["attempt"], one["outcome"], one["error"]) for one in sent["attempts"]] == [
        (1, "retry", "try again"),
        (2, "sent", None),
    ]
    assert {(one["node"], one["epoch"]) for one in sent["attempts"]} == {(NODE, EPOCH)}


async def test_nothing_ends_before_it_began_also_where_whatsapp_says_whole_seconds(
    caller: Caller, outcomes: Outcomes, pool: Pool
) -> None:
    (zaap_id,) = await send_many(caller, 1)
    second_before = datetime.now(UTC) - timedelta(seconds=1)
    await outcomes.send(zaap_id, second_before)
    await pool.execute(
        "UPDATE message_history SET status = 'delivered', delivered_at = $2 WHERE zaap_id = $1::uuid",
        zaap_id, second_before,
    )  # fmt: skip
    story = (await caller.get(f"queue/{zaap_id}")).json()
    (attempt,) = story["attempts"]
    assert story["acceptedAt"] <= attempt["startedAt"] == story["sentAt"] <= attempt["endedAt"]
    assert story["deliveredAt"] == story["sentAt"]


@pytest.mark.parametrize("status", ["delivered", "read", "played"])
async def test_the_story_tells_receipts(caller: Caller, outcomes: Outcomes, pool: Pool, status: str) -> None:
    (zaap_id,) = await send_many(caller, 1)
    await outcomes.send(zaap_id)
    await pool.execute(
        f"UPDATE message_history SET status = $2, {status}_at = $3 WHERE zaap_id = $1::uuid",
        zaap_id,
        status,
        datetime(2027, 1, 5, 10, 20, 30, 123456, tzinfo=UTC),
    )
    story = (await caller.get(f"queue/{zaap_id}")).json()
    assert (story["status"], story[f"{status}At"]) == (status, "2027-01-05T10:20:30.123Z")
    assert story["sentAt"]


async def test_the_story_tells_the_callbacks_about_the_message_and_how_its_webhook_took_them(
    caller: Caller, pool: Pool
) -> None:
    await pool.execute("UPDATE instance SET delivery_callback_url = 'https://hooks.example.com'")
    first, other = [(await caller.send_text(text)).json() for text in "ab"]
    ids = (first["messageId"], other["messageId"])
    now = datetime.now(UTC)
    async with pool.acquire() as connection, connection.transaction():
        told = [
            delivery(Told(caller.uuid, UUID(first["zaapId"]), ids[0], parse_phone("5511988887777"))),
            message_status(caller.uuid, "read", ids, now, parse_phone("5511988887777")),
        ]
        await event.append(connection, told, keeps_all=True)
        await connection.fetch(
            event_outbox.AGAIN, "sender-1", [caller.uuid], ["delivery"], [1], ["https://hooks.example.com"], [now], [7],
            [503], ["the receiver answered 503"], [now + timedelta(minutes=1)],
        )  # fmt: skip
    callbacks = (await caller.get(f"queue/{first['zaapId']}")).json()["callbacks"]
    assert [(one["sequence"], one["type"], one["status"], one["state"], one["attempts"]) for one in callbacks] == [
        (1, "DeliveryCallback", None, "retrying", 1),
        (2, "MessageStatusCallback", "READ", "kept", 0),
    ]
    assert (callbacks[0]["statusCode"], callbacks[0]["error"]) == (503, "the receiver answered 503")
    assert datetime.fromisoformat(callbacks[0]["nextAttemptAt"]) > now
    others = (await caller.get(f"queue/{other['zaapId']}")).json()["callbacks"]
    assert [one["sequence"] for one in others] == [2]


async def test_a_queue_is_paused_and_goes_on(caller: Caller) -> None:
    assert (await caller.get("queue/pause")).json() == {"value": False, "since": None}
    paused = (await caller.call("PUT", "queue/pause", json={"value": True})).json()
    assert paused["value"]
    assert (await caller.call("PUT", "queue/pause", json={"value": True})).json() == paused
    assert (await caller.get("queue/pause")).json() == paused
    assert (await caller.send_text("it is accepted all the same")).status_code == 200
    assert (await caller.call("PUT", "queue/pause", json={"value": False})).json() == {"value": False, "since": None}


async def test_the_story_tells_why_a_message_failed(caller: Caller, outcomes: Outcomes) -> None:
    (zaap_id,) = await send_many(caller, 1)
    await outcomes.fail(zaap_id)
    story = (await caller.get(f"queue/{zaap_id}")).json()
    assert (story["status"], story["errorClass"]) == ("failed", "not-on-whatsapp")
    assert story["error"] == "The number has no WhatsApp account."
    assert story["sentAt"] is None
    assert story["finishedAt"]


@pytest.mark.parametrize("key", ["0" * 32, "x", "5511988887777", "0" * 31, "g" * 32, "%00"])
async def test_a_message_that_nobody_knows_is_404(caller: Caller, key: str) -> None:
    answer = await caller.get(f"queue/{key}")
    assert (answer.status_code, answer.json()) == (404, {"error": "message not found"})


# --- what the delivery webhook is told ---


async def told(pool: Pool, caller: Caller) -> list[tuple[str, str | None]]:
    rows = await pool.fetch("SELECT body FROM event WHERE instance_id = $1 ORDER BY seq", caller.uuid)
    return [(body["zaapId"], body.get("error")) for body in (orjson.loads(row[0]) for row in rows)]


async def test_cancels_are_told_to_the_delivery_webhook_once(caller: Caller, pool: Pool) -> None:
    await caller.call("PUT", "update-webhook-delivery", json={"value": "https://hooks.example.com/zap"})
    first, *others = await send_many(caller, 3)
    for _ in range(2):
        await caller.delete(f"queue/{first}")
        await caller.delete("queue")
    assert sorted(await told(pool, caller)) == sorted((zaap_id, "it was canceled") for zaap_id in (first, *others))
    assert await pool.fetchval("SELECT count(*) FROM event_outbox WHERE instance_id = $1", caller.uuid) == 3


async def test_cancels_are_not_told_without_a_webhook_or_where_the_operator_says_so(
    settings: FrontendSettings, pool: Pool
) -> None:
    async with gateway_on(settings.model_copy(update={"delivery_callback_of_canceled": False})) as gateway:
        caller = await gateway.create()
        await caller.call("PUT", "update-webhook-delivery", json={"value": "https://hooks.example.com/zap"})
        await send_many(caller, 1)
        await caller.delete("queue")
    async with gateway_on(settings) as gateway:
        caller = await gateway.create()
        await send_many(caller, 1)
        await caller.delete("queue")
    assert await told(pool, caller) == []
