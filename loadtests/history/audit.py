"""The audit: triggers that write down what the database accepted, and the wire's log, read back as one history."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from common.postgres import Connection
from loadtests.history import events
from loadtests.history.events import Accepted, History, Noted, Owned, Sent, Webhook, Written

# What a row's epoch says of the writer: an intent, and whatever ends one that was under way, are written by the epoch
# in the row. What settles a message in doubt is written by a later owner, or by nobody's: the row does not tell.
INSTALL = """
    CREATE TABLE audit_accepted (
        at timestamptz NOT NULL DEFAULT clock_timestamp(), row bigint, instance uuid, shard integer, chat text,
        message_id text);
    CREATE TABLE audit_owner (
        at timestamptz NOT NULL DEFAULT clock_timestamp(), shard integer, epoch bigint, node text);
    CREATE TABLE audit_row (
        at timestamptz NOT NULL DEFAULT clock_timestamp(), row bigint, status text, epoch bigint, node text);

    CREATE TABLE audit_noted (row bigint, whatsapp_id text);

    CREATE FUNCTION audit_accepted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO audit_accepted (row, instance, shard, chat, message_id)
        VALUES (NEW.id, NEW.instance_id, NEW.shard, NEW.chat, NEW.message_id);
        RETURN NULL;
    END $$;
    CREATE TRIGGER audit AFTER INSERT ON message_queue FOR EACH ROW EXECUTE FUNCTION audit_accepted();

    CREATE FUNCTION audit_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF TG_OP = 'DELETE' THEN
            INSERT INTO audit_row (row, status, epoch, node)
            VALUES (OLD.id, 'final', CASE WHEN OLD.status = 'sending' THEN OLD.epoch END, OLD.node);
        ELSE
            INSERT INTO audit_row (row, status, epoch, node)
            VALUES (NEW.id, NEW.status, CASE WHEN NEW.status = 'sending' THEN NEW.epoch END, NEW.node);
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER audit_change AFTER UPDATE OF status ON message_queue
        FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION audit_row();
    CREATE TRIGGER audit_end AFTER DELETE ON message_queue FOR EACH ROW EXECUTE FUNCTION audit_row();

    CREATE FUNCTION audit_noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO audit_noted (row, whatsapp_id) VALUES (NEW.id, NEW.whatsapp_id);
        RETURN NULL;
    END $$;
    CREATE TRIGGER audit_wire AFTER UPDATE OF whatsapp_id ON message_queue
        FOR EACH ROW WHEN (NEW.whatsapp_id IS DISTINCT FROM OLD.whatsapp_id AND NEW.whatsapp_id <> NEW.message_id)
        EXECUTE FUNCTION audit_noted();

    CREATE FUNCTION audit_owner() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO audit_owner (shard, epoch, node) VALUES (NEW.id, NEW.epoch, NEW.node);
        RETURN NULL;
    END $$;
    CREATE TRIGGER audit AFTER UPDATE ON shard FOR EACH ROW
        WHEN (OLD.epoch <> NEW.epoch OR OLD.node IS DISTINCT FROM NEW.node) EXECUTE FUNCTION audit_owner();"""

LIST_ACCEPTED = """
    SELECT extract(epoch FROM at)::float8, row, instance, shard, chat, message_id FROM audit_accepted"""
LIST_OWNED = """
    SELECT extract(epoch FROM at)::float8, shard, epoch, node FROM audit_owner"""
LIST_WRITTEN = """
    SELECT extract(epoch FROM at)::float8, row, status, epoch, node FROM audit_row"""
LIST_FATES = """
    SELECT id, status FROM message_queue
    UNION ALL
    SELECT id, status FROM message_history
    UNION ALL
    SELECT id, 'failed' FROM message_dead_letter"""

LIST_NOTED = """
    SELECT row, whatsapp_id FROM audit_noted"""
LIST_ASSUMED = """
    SELECT id FROM message_history WHERE metadata ->> 'settled' = 'assume-sent'"""
LIST_WEBHOOKS = """
    SELECT extract(epoch FROM created_at)::float8, instance_id, seq,
           CASE WHEN type = 'DeliveryCallback' THEN convert_from(body, 'UTF8')::jsonb ->> 'messageId' END
    FROM event"""


class Wire(Protocol):
    """What the network saw. The journals of simulated engines are one such log; a WhatsApp server's own is another."""

    def sent(self) -> Iterable[Sent]: ...

    def connections(self) -> Iterable[events.Connection]: ...


class Journals:
    """The files that simulated engines append to, one for each node by name; sessions in a second file beside it."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = paths

    def sent(self) -> Iterable[Sent]:
        for node, path in self._paths.items():
            for instance, chat, whatsapp_id, _, at in map(json.loads, _lines(path)):
                yield Sent(at, node, instance, chat, whatsapp_id)

    def connections(self) -> Iterable[events.Connection]:
        for node, path in self._paths.items():
            for instance, is_open, at in map(json.loads, _lines(path.with_name(f"{path.name}.connections"))):
                yield events.Connection(at, node, instance, is_open)


class WireLog:
    """What the WhatsApp emulator wrote down. `instance_of` knows accounts by their phone, `node_of` clients by the port
    that they came from."""

    def __init__(self, path: Path, instance_of: Mapping[str, str], node_of: Mapping[int, str]) -> None:
        self._path = path
        self._instance_of = instance_of
        self._node_of = node_of

    def sent(self) -> Iterable[Sent]:
        for at, what, phone, _, port, *message in map(json.loads, _lines(self._path)):
            if what == "message" and phone in self._instance_of:
                yield Sent(at, self._node_of[port], self._instance_of[phone], *message)

    def connections(self) -> Iterable[events.Connection]:
        """Each connection stands for itself: two of one node count as two."""
        for at, what, phone, _, port, *_ in map(json.loads, _lines(self._path)):
            if what != "message" and phone in self._instance_of:
                place = f"{self._node_of[port]}:{port}"
                yield events.Connection(at, place, self._instance_of[phone], what == "open")


async def read(connection: Connection, wire: Wire, name_of: Callable[[str], str]) -> History:
    """The history so far; `name_of` turns a node's id into the name that the wire knows it by."""

    def named(node: str | None) -> str | None:
        return None if node is None else name_of(node)

    return History(
        accepted=[
            Accepted(at, row, instance.hex, shard, chat, message_id)
            for at, row, instance, shard, chat, message_id in await connection.fetch(LIST_ACCEPTED)
        ],
        owned=[Owned(at, shard, epoch, named(node)) for at, shard, epoch, node in await connection.fetch(LIST_OWNED)],
        written=[
            Written(at, row, status, epoch, named(node))
            for at, row, status, epoch, node in await connection.fetch(LIST_WRITTEN)
        ],
        sent=list(wire.sent()),
        connections=list(wire.connections()),
        webhooks=[
            Webhook(at, instance.hex, number, about)
            for at, instance, number, about in await connection.fetch(LIST_WEBHOOKS)
        ],
        noted=[Noted(row, whatsapp_id) for row, whatsapp_id in await connection.fetch(LIST_NOTED)],
        assumed=frozenset(row["id"] for row in await connection.fetch(LIST_ASSUMED)),
        fates={row["id"]: row["status"] for row in await connection.fetch(LIST_FATES)},
    )


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []
