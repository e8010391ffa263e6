"""Snapshots: the keys that messages need which have not reached the library yet, read for many in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from common.postgres import Pool
from sender.whatsapp.relay.arrival import Source
from sender.whatsapp.wire.jid import LID_SERVER, PHONE_SERVER
from sender.whatsapp.wire.node import Node
from sender.whatsapp.wire.signal.ratchet import Opening

# One statement sees one moment: a one-time key that is gone by then has left a session behind. The library keeps keys
# under the sender's number or LID, whichever it knew at the time.
READ_KEYS = """
    WITH wanted AS (
        SELECT place, username, server, device, chat, prekey
        FROM unnest($2::integer[], $3::text[], $4::text[], $5::integer[], $6::text[], $7::integer[])
            AS wanted (place, username, server, device, chat, prekey)
    ), address AS (
        SELECT place, username || CASE server WHEN 'lid' THEN '_1' ELSE '' END || ':' || device AS name, chat
        FROM wanted
        UNION
        SELECT place, lid || '_1:' || device, chat
        FROM wanted
        JOIN whatsmeow_lid_map ON pn = username AND server = 's.whatsapp.net'
        UNION
        SELECT place, pn || ':' || device, chat
        FROM wanted
        JOIN whatsmeow_lid_map ON lid = username AND server = 'lid'
    )
    SELECT DISTINCT place, 'prekey' AS kind, key
    FROM wanted
    JOIN whatsmeow_pre_keys ON jid = $1 AND key_id = prekey
    UNION ALL
    SELECT place, 'session', session
    FROM address
    JOIN whatsmeow_sessions ON our_jid = $1 AND their_id = name
    UNION ALL
    SELECT place, 'sender-key', sender_key
    FROM address
    JOIN whatsmeow_sender_keys ON our_jid = $1 AND chat_id = chat AND sender_id = name
    WHERE chat <> ''"""

# What a start-up check reads of each kind.
SAMPLE_SESSIONS = """
    SELECT session FROM whatsmeow_sessions LIMIT 20"""
SAMPLE_SENDER_KEYS = """
    SELECT sender_key FROM whatsmeow_sender_keys LIMIT 20"""

READ_DEVICE_KEYS = """
    SELECT identity_key, signed_pre_key, lid
    FROM whatsmeow_device
    WHERE jid = $1"""


@dataclass(slots=True)
class Keys:
    prekey: bytes | None = None
    sessions: list[bytes] = field(default_factory=list)
    sender_keys: list[bytes] = field(default_factory=list)


async def read_keys(pool: Pool, device: str, messages: Sequence[tuple[Node, Source]]) -> list[Keys]:
    """In the order of the messages. Raises OUTAGES; MalformedProtobuf is for who reads the message later."""
    rows = [row for place, (message, source) in enumerate(messages) for row in _wanted(place, message, source)]
    found = [Keys() for _ in messages]
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        for place, kind, key in await pool.fetch(READ_KEYS, device, *columns):
            if kind == "prekey":
                found[place].prekey = key
            else:
                (found[place].sessions if kind == "session" else found[place].sender_keys).append(key)
    return found


def _wanted(place: int, message: Node, source: Source) -> list[tuple[int, str, str, int, str, int | None]]:
    parts = [each for each in message.children if each.tag == "enc"]
    if not parts:
        return []
    chat = str(source.chat) if any(each.get("type") == "skmsg" for each in parts) else ""
    prekey = None
    for each in parts:
        if each.get("type") == "pkmsg" and isinstance(each.content, bytes):
            try:
                prekey = Opening.parse(each.content).prekey_id
            except ValueError:
                continue
    addresses = {source.sender, source.other} - {None}
    return [
        (place, each.user, each.server, each.device, chat, prekey)
        for each in addresses
        if each is not None and each.server in (PHONE_SERVER, LID_SERVER)
    ]
