"""Conversing: what the list of chats learns from messages that were sent, in the transaction that records those."""

from collections.abc import Sequence
from typing import Any

from common.addresses import STATUS
from common.postgres import Connection
from common.tables import chat
from common.tables.chat import ChatNews

_NO_MESSAGES = frozenset({"read", "delete", "reaction", "reaction-removal", "pin", "poll-vote", "event-response"})


async def sent(connection: Connection, rows: Sequence[Any]) -> None:
    """All of a transaction in one statement: two would take the locks of chats in no order. Rows have an instance_id, a
    chat, a kind and when it was: finished_at. A chat that was marked is read."""
    told = [(row["instance_id"], row["chat"], row["finished_at"], row["kind"]) for row in rows]
    messages = [each[:3] for each in told if each[1] != STATUS and each[3] not in _NO_MESSAGES]
    read = [ChatNews(instance, name, read_at=at) for instance, name, at, kind in told if kind == "read"]
    if read:
        written = [ChatNews(instance, name, last_message_at=at) for instance, name, at in messages]
        await chat.tell(connection, [*read, *written])
    else:
        await chat.touch(connection, messages)
