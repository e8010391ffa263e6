import queue
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest

from common.addresses import Jid
from sender.host.frames import Frame
from sender.host.gate import Gate
from sender.host.hosted import Hosted
from sender.host.link import Link
from sender.whatsapp.neonize.library import Library
from sender.whatsapp.neonize.protobuf import SendMessageReturnFunction, to_engine
from sender.whatsapp.protobuf import Message
from tests.sender.host.fake_library import CONNECTED, FakeLibrary
from tests.waiting import PATIENCE

STORE = "postgres://store"
LINKED = to_engine(Jid("5511900000001:1@s.whatsapp.net"))
DEVICE, RECEIPT = 0, 18


class Node:
    """The other end of the link: acknowledges events and lets messages go unless told otherwise."""

    def __init__(self) -> None:
        self.frames: queue.Queue[Frame] = queue.Queue()
        self.acknowledges = True
        self.lets_go = True
        self.session: Hosted | None = None

    def send(self, frame: Frame) -> None:
        assert self.session is not None
        self.frames.put(frame)
        if frame.kind == "event" and self.acknowledges:
            self.session.acknowledge(frame.fields["number"])
        if frame.kind == "on-wire":
            self.session.judge(frame.id, self.lets_go)

    def next(self, *kinds: str) -> Frame:
        """The next frame of these kinds."""
        while True:
            frame = self.frames.get(timeout=PATIENCE)
            if frame.kind in kinds:
                return frame

    def next_event(self, code: int) -> Frame:
        while (frame := self.next("event")).fields["code"] != code:
            pass
        return frame


@pytest.fixture
def library() -> FakeLibrary:
    return FakeLibrary()


@pytest.fixture
def node() -> Node:
    return Node()


@pytest.fixture
def session(library: FakeLibrary, node: Node) -> Iterator[Hosted]:
    with ThreadPoolExecutor(1) as background:
        node.session = Hosted("s", cast(Library, library), Gate(), cast(Link, node), background)
        yield node.session


@pytest.fixture
def opened(session: Hosted, node: Node) -> Hosted:
    session.start(STORE, LINKED, b"")
    node.next_event(CONNECTED)
    return session


def text(conversation: str) -> bytes:
    body: bytes = Message(conversation=conversation).SerializeToString()
    return body


def answer_of(frame: Frame) -> SendMessageReturnFunction:
    return SendMessageReturnFunction.FromString(frame.body)


def test_a_message_is_told_under_its_id_before_it_leaves(opened: Hosted, node: Node, library: FakeLibrary) -> None:
    opened.send(1, b"to", text("hello"))
    told, answered = node.next("on-wire"), node.next("answer")
    assert told.fields["whatsapp_id"] == answer_of(answered).SendResponse.ID
    assert library.left == [("s", "hello")]


def test_a_message_that_the_node_holds_back_does_not_leave(opened: Hosted, node: Node, library: FakeLibrary) -> None:
    node.lets_go = False
    opened.send(1, b"to", text("hello"))
    assert node.next("answer").fields["held"]
    assert library.left == []


def test_nothing_is_asked_of_a_session_that_is_not_ready(session: Hosted, node: Node, library: FakeLibrary) -> None:
    library.dialing.clear()
    session.start(STORE, LINKED, b"")
    session.send(1, b"to", text("hello"))
    assert node.next("answer").fields["error"] == "not-ready"
    session.show_presence(2, b"to", True, False)
    assert node.next("answer").fields["error"] == "not-ready"
    assert (library.left, library.typing) == ([], [])
    library.dialing.set()
    node.next_event(CONNECTED)


def test_typing_is_shown(opened: Hosted, node: Node, library: FakeLibrary) -> None:
    opened.show_presence(1, b"to", True, True)
    assert node.next("answer").fields == {}
    assert library.typing == [("s", True, True)]


def test_questions_are_asked_of_a_ready_session_only(opened: Hosted, node: Node, library: FakeLibrary) -> None:
    opened.ask(1, "set-about", b"busy")
    assert node.next("answer").fields == {}
    opened.close()
    opened.ask(2, "set-about", b"busy")
    assert node.next("answer").fields["error"] == "not-ready"
    assert library.asked == [("set-about", b"busy")]


def test_the_next_event_waits_until_the_last_one_is_safe(opened: Hosted, node: Node, library: FakeLibrary) -> None:
    node.acknowledges = False
    library.emit("s", RECEIPT, b"1")
    library.emit("s", RECEIPT, b"2")
    first = node.next_event(RECEIPT)
    with pytest.raises(queue.Empty):
        node.frames.get(timeout=0.05)
    opened.acknowledge(first.fields["number"])
    assert node.next_event(RECEIPT).body == b"2"
    opened.acknowledge(first.fields["number"] + 1)


def test_pairing_shows_codes_and_ends_with_the_device_without_a_login(
    session: Hosted, node: Node, library: FakeLibrary
) -> None:
    session.start(STORE, b"", b"a name")
    assert [node.next("qr", "status").body for _ in range(3)] == [b"2@first", b"2@second", b"success"]
    node.next_event(DEVICE)


def test_a_login_that_fails_ends_the_session_and_cleans_the_library(
    session: Hosted, node: Node, library: FakeLibrary
) -> None:
    session.start("postgres://refuse", LINKED, b"")
    assert node.next("ended").fields["error"] == "failed to dial whatsapp web websocket"
    assert library.stopped == ["s"]
    session.close()
    assert library.stopped == ["s"]


def test_closing_hands_over_what_was_still_coming(opened: Hosted, node: Node, library: FakeLibrary) -> None:
    for number in range(20):
        library.emit("s", RECEIPT, b"%d" % number)
    opened.close()
    opened.close()
    assert [node.next("event").body for _ in range(20)] == [b"%d" % number for number in range(20)]
    assert node.next("ended").fields["error"] == ""
    assert library.stopped == ["s"]


def test_closing_ends_a_send_that_waits_for_its_answer(opened: Hosted, node: Node) -> None:
    sending = threading.Thread(target=opened.send, args=(1, b"to", text("no answer")))
    sending.start()
    node.next("on-wire")
    opened.close()
    sending.join(PATIENCE)
    assert "before message send returned response" in answer_of(node.next("answer")).Error


def test_a_session_that_dials_holds_up_no_other_start(library: FakeLibrary) -> None:
    gate, nodes = Gate(), [Node(), Node()]
    with ThreadPoolExecutor(1) as background:
        for place, node in enumerate(nodes):
            node.session = Hosted(f"s{place}", cast(Library, library), gate, cast(Link, node), background)
        library.dialing.clear()
        nodes[0].session.start(STORE, LINKED, b"")  # type: ignore[union-attr]
        nodes[1].session.start(STORE, LINKED, b"")  # type: ignore[union-attr]
        with gate.writing():
            pass  # a third one could start now
        library.dialing.set()
        for node in nodes:
            node.next_event(CONNECTED)
