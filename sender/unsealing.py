"""Unsealing: opens what was answered to a poll or an event with the secret that the session store keeps of it."""

import orjson

from common import logs
from common.addresses import Jid
from common.postgres import Pool
from common.tables import earlier, received_message
from common.tables.event_inbox import ToldEvent
from sender.composers.secrets import Purpose
from sender.translation import sealed
from sender.translation.received import options_of
from sender.translation.sealed import Letter, Opened
from sender.whatsapp.session import KeptSecrets, Secret

log = logs.get(__name__)


class Unsealing:
    """`engine` may be one that keeps no secrets: then nothing can be opened but what received messages brought."""

    def __init__(self, pool: Pool, engine: object) -> None:
        self._pool = pool
        self._engine = engine

    async def open(self, row: ToldEvent) -> Opened | None:
        """None: nothing in it is sealed, or it cannot be opened. Raises what a malformed message raises."""
        letter = sealed.find(row)
        if letter is None:
            return None
        secret = await self._secret(row, letter)
        plain = None if secret is None else letter.open(secret, sealed.own_addresses(row))
        if plain is None:
            log.info("sealed message not opened", instance=row.instance_id, purpose=letter.purpose.value)
            return None
        match letter.purpose:
            case Purpose.EVENT_RESPONSE:
                return sealed.answer(plain)
            case Purpose.EVENT_EDIT:
                return sealed.change(plain)
        options = await self._options(row, letter.answered)
        return None if options is None else sealed.vote(plain, letter.answered, options)

    async def _secret(self, row: ToldEvent, letter: Letter) -> Secret | None:
        if row.device is None or not isinstance(self._engine, KeptSecrets):
            return None
        return await self._engine.kept_secret(Jid(row.device), letter.chat, letter.answered)

    async def _options(self, row: ToldEvent, whatsapp_id: str) -> list[str] | None:
        """Of a poll that is still kept."""
        sent = await earlier.find(self._pool, row.instance_id, whatsapp_id)
        if sent is not None and sent.kind == "poll":
            return [option["name"] for option in orjson.loads(sent.payload).get("poll", ())]
        received = await received_message.find(self._pool, row.instance_id, whatsapp_id)
        options = None if received is None else options_of(received.body)
        if options is None:
            log.info("vote in a poll that is not known any more", instance=row.instance_id)
        return options
