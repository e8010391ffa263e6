"""Builders: rows and messages for tests, with every value that a test does not care about filled in."""

import json
from uuid import UUID, uuid4

from common.addresses import parse_phone
from common.identifiers import new_message_id, new_zaap_id
from common.postgres import Pool
from common.tables.instance import shard_of
from common.tables.message import NewMessage

SHARDS = 256


async def insert_instance(
    pool: Pool, *, device: str | None = "5511900000001:1@s.whatsapp.net", **columns: object
) -> UUID:
    """An instance with a linked device (unless None) that has not connected yet."""
    instance = uuid4()
    values: dict[str, object] = {
        "id": instance,
        "shard": shard_of(instance, SHARDS),
        "name": "test",
        "token_hash": bytes(32),
        "token_cipher": b"",
        "device": device,
        "session_state": "disconnected" if device else "unpaired",
        **columns,
    }
    names = ", ".join(values)
    places = ", ".join(f"${place}" for place in range(1, len(values) + 1))
    await pool.execute(
        f"INSERT INTO instance ({names}, due) VALUES ({places}, now() + interval '2 days')", *values.values()
    )
    return instance


def new_message(instance: UUID, text: str = "hello", phone: str = "5511988887777", **fields: object) -> NewMessage:
    message = NewMessage(
        instance_id=instance,
        shard=shard_of(instance, SHARDS),
        zaap_id=new_zaap_id(),
        message_id=new_message_id(),
        kind="text",
        chat=parse_phone(phone),
        payload=json.dumps({"phone": phone, "message": text}),
        max_attempts=3,
    )
    for name, value in fields.items():
        setattr(message, name, value)
    return message
