"""Faults: each does what its name says, as often as ordered, to whom it was ordered."""

import pytest

from sender.whatsapp.emulator.contents import write_text
from sender.whatsapp.emulator.faults import Faults
from sender.whatsapp.emulator.server import Server
from sender.whatsapp.wire.node import Node
from tests.sender.whatsapp.emulator.companion import Companion, lid_of, linked
from tests.sender.whatsapp.emulator.conftest import FRIEND, OTHER, PHONE
from tests.waiting import PATIENCE, eventually

pytestmark = pytest.mark.anyio


@pytest.fixture
async def companion(server: Server) -> Companion:
    return await linked(server, PHONE)


def acks(companion: Companion, message_id: str) -> list[Node]:
    return [each for each in companion.connection.all("ack") if each.get("id") == message_id]


def received(server: Server, phone: str = FRIEND) -> list[str]:
    return [each.text for each in server.inbox.of(phone)]


def test_a_fault_strikes_as_often_as_ordered() -> None:
    faults = Faults()
    faults.add("drop-ack", times=2)
    assert [faults.take(("drop-ack",)) is not None for _ in range(3)] == [True, True, False]


def test_a_fault_without_number_strikes_until_it_is_removed() -> None:
    faults = Faults()
    fault = faults.add("ban", times=None)
    assert all(faults.take(("ban",)) for _ in range(5))
    assert faults.remove(fault.id)
    assert faults.take(("ban",)) is None


def test_a_fault_strikes_only_whom_it_names() -> None:
    faults = Faults()
    faults.add("drop-ack", phone=PHONE, to=FRIEND)
    assert faults.take(("drop-ack",), phone=OTHER, to=FRIEND) is None
    assert faults.take(("drop-ack",), phone=PHONE, to=OTHER) is None
    assert faults.take(("drop-ack",), phone=PHONE, to=FRIEND)


async def test_drop_ack_delivers_and_stays_silent(server: Server, companion: Companion) -> None:
    server.faults.add("drop-ack")
    sent = companion.send(lid_of(server, FRIEND), "hello")
    assert (acks(companion, sent), received(server)) == ([], ["hello"])


async def test_duplicate_ack_acknowledges_twice(server: Server, companion: Companion) -> None:
    server.faults.add("duplicate-ack")
    sent = companion.send(lid_of(server, FRIEND), "hello")
    assert (len(acks(companion, sent)), received(server)) == (2, ["hello"])


async def test_delay_ack_acknowledges_later(server: Server, companion: Companion) -> None:
    server.faults.add("delay-ack", seconds=0.05)
    sent = companion.send(lid_of(server, FRIEND), "hello")
    assert acks(companion, sent) == []
    assert await server.moments.until(lambda: bool(acks(companion, sent)), PATIENCE)


async def test_drop_message_neither_delivers_nor_acknowledges(server: Server, companion: Companion) -> None:
    server.faults.add("drop-message")
    sent = companion.send(lid_of(server, FRIEND), "hello")
    assert (acks(companion, sent), received(server)) == ([], [])


async def test_refuse_message_tells_the_code_and_does_not_deliver(server: Server, companion: Companion) -> None:
    server.faults.add("refuse-message", code=463)
    sent = companion.send(lid_of(server, FRIEND), "hello")
    assert [each.get("error") for each in acks(companion, sent)] == ["463"]
    assert received(server) == []
    assert [each.error for each in server.messages.arrivals] == [463]


async def test_cut_before_ack_delivers_and_ends_the_connection(server: Server, companion: Companion) -> None:
    server.faults.add("cut-before-ack")
    sent = companion.send(lid_of(server, FRIEND), "hello")
    assert companion.connection.is_aborted
    assert (acks(companion, sent), received(server)) == ([], ["hello"])


async def test_cut_after_ack_acknowledges_and_ends_the_connection(server: Server, companion: Companion) -> None:
    server.faults.add("cut-after-ack")
    sent = companion.send(lid_of(server, FRIEND), "hello")
    assert companion.connection.is_closing
    assert len(acks(companion, sent)) == 1


async def test_refuse_question_answers_one_namespace_with_the_code(server: Server, companion: Companion) -> None:
    server.faults.add("refuse-question", xmlns="usync", code=429)
    assert companion.ask("privacy", Node("privacy")).get("type") == "result"
    refused = companion.ask("usync", Node("usync"))
    assert refused.child("error").get("code") == "429"


@pytest.mark.parametrize(
    ("fault", "attributes"),
    [
        ({"kind": "ban", "seconds": 60.0}, {"reason": "402", "code": "101", "expire": "60"}),
        ({"kind": "outdated"}, {"reason": "405"}),
        ({"kind": "refuse-login", "code": 503}, {"reason": "503"}),
    ],
)
async def test_a_login_fails_as_ordered(
    server: Server, companion: Companion, fault: dict[str, object], attributes: dict[str, str]
) -> None:
    companion.leave()
    server.faults.add(**fault)
    companion.log_in()
    assert companion.connection.last("failure").attributes == attributes
    companion.log_in()
    assert companion.connection.all("failure") == []


async def test_drop_question_leaves_one_open(server: Server, companion: Companion) -> None:
    server.faults.add("drop-question", xmlns="privacy", phone=PHONE)
    question = Node("iq", {"id": "open", "type": "get", "xmlns": "privacy"}, [Node("privacy")])
    companion.connection.say(question)
    assert all(each.get("id") != "open" for each in companion.connection.all("iq"))
    assert companion.ask("privacy", Node("privacy")).get("type") == "result"


async def test_slow_question_answers_later(server: Server, companion: Companion) -> None:
    server.faults.add("slow-question", xmlns="privacy", seconds=0.05)
    question = Node("iq", {"id": "slow", "type": "get", "xmlns": "privacy"}, [Node("privacy")])
    companion.connection.say(question)
    assert all(each.get("id") != "slow" for each in companion.connection.all("iq"))
    await eventually(lambda: any(each.get("id") == "slow" for each in companion.connection.all("iq")))


async def test_hold_message_keeps_it_until_it_is_released_the_last_first(server: Server, companion: Companion) -> None:
    friend = server.handsets.of(server.directory.by_phone(FRIEND))
    server.faults.add("hold-message", to=PHONE, times=2)
    account = server.directory.by_phone(PHONE)
    assert account is not None
    sent = [friend.outgoing.send(account, write_text(text)) for text in ("first", "second")]
    before = companion.connection.all("message")
    assert not {each.get("id") for each in before} & set(sent)
    assert server.mailbox.release() == 2
    assert [each.get("id") for each in companion.connection.all("message")[len(before) :]] == sent[::-1]
    assert server.mailbox.release() == 0
