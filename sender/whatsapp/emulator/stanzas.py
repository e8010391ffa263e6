"""Building blocks of the server's stanzas: answers, refusals, acknowledgements, notifications."""

import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sender.whatsapp.wire.jid import SERVER, Jid
from sender.whatsapp.wire.node import Node


def now() -> int:
    return int(time.time())


class StanzaIds:
    """Ids of stanzas that the server begins, unlike any client's."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._prefix = f"E{time.time_ns() // 1_000_000 & 0xFFFFFFFF:x}"

    def next(self) -> str:
        return f"{self._prefix}.{next(self._numbers)}"


class Refused(Exception):
    """A question is answered with an error."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code, self.text = code, text


def not_found() -> Refused:
    return Refused(404, "item-not-found")


def forbidden() -> Refused:
    return Refused(403, "forbidden")


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a question, and what the server does right after it has been given."""

    content: Iterable[Node] = ()
    then: Callable[[], None] | None = None


OK = Reply()


def result(question: Node, content: Iterable[Node] = ()) -> Node:
    return Node("iq", {**_reply_head(question), "type": "result"}, list(content) or None)


def error(question: Node, refusal: Refused) -> Node:
    details = Node("error", {"code": refusal.code, "text": refusal.text})
    return Node("iq", {**_reply_head(question), "type": "error"}, [details])


def notification(ids: StanzaIds, kind: str, sender: Jid, children: Iterable[Node], **more: str | Jid | None) -> Node:
    return Node("notification", {"from": sender, "type": kind, "id": ids.next(), "t": now(), **more}, children)


def _reply_head(question: Node) -> dict[str, str | Jid | None]:
    return {"from": question.find_jid("to") or SERVER, "id": question.get("id")}
