"""Conversing: what the list of chats learns from messages that were sent, in the transaction that records those."""

from collections.abc import Sequence
from typing import Any

from common.addresses import STATUS
from common.postgres import Connection
from common.tables import chat
from common.tables.chat import ChatNews

_NO_MESSAGES = frozenset({"read", "delete", "reaction", "reaction-removal", "pin", "poll-vote", "event-response"})


async def sent(connection: Connection, rows: Sequence[Any]) -> None:
    """Rows of (instance, zaap id, message id, chat, moment, kind), in one statement: two would take the locks of chats
    in no order. A chat that was marked is read."""
    messages = [(row[0], row[3], row[4]) for row in rows if row[3] != STATUS and row[5] not in _NO_MESSAGES]
    read = [ChatNews(row[0], row[3], read_at=row[4]) for row in rows if row[5] == "read"]
    if read:
        written = [ChatNews(instance, name, last_message_at=at) for instance, name, at in messages]
        await chat.tell(connection, [*read, *written])
    else:
        await chat.touch(connection, messages)
