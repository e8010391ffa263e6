"""Autopilot: what an instance is set to do by itself: mark as read what comes in, reject calls and say why."""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from common import logs
from common.addresses import NEWSLETTER, STATUS, Jid, parse_phone, server_of, to_phone, without_device
from common.callbacks import message_status
from common.clock import Clock
from common.errors import DeliveryError, LostOwnership
from common.identifiers import new_message_id, new_zaap_id
from common.postgres import OUTAGES, Connection, Pool
from common.tables import message
from common.tables import shard as shards
from common.tables.event import append
from common.tables.event_inbox import ToldEvent
from common.tables.message import NewMessage
from sender.translation.remembering import remembered
from sender.translation.scene import Account, Source, pair
from sender.whatsapp.engine_events import BasicCallMeta, CallOffer, CallOfferNotice, EventCode, ReceivedMessage, address
from sender.whatsapp.session import Calls, ReadMarks, Session

log = logs.get(__name__)

RINGS = timedelta(seconds=60)  # an older call rings no more: it came in while nobody was connected
TRIES = 5  # of one deed; the pause before each is twice the one before
FIRST_PAUSE = 1.0  # seconds
TOGETHER = 100  # marks in one
WAITING = 1_000  # deeds of one instance; a flood of messages is not held in memory for their marks


@dataclass(frozen=True, slots=True)
class Reading:
    """A message to be marked as read. `told_as` is the chat in callbacks; None: nothing is told."""

    instance: UUID
    shard: int
    chat: Jid
    author: Jid | None
    whatsapp_id: str
    told_as: Jid | None


@dataclass(frozen=True, slots=True)
class Rejection:
    """A call that rings. `text` goes to `chat` afterwards, unless it is empty."""

    instance: UUID
    shard: int
    caller: Jid
    call: str
    chat: Jid
    text: str


Wish = Reading | Rejection


class Autopilot:
    """`run` must be running. Beside the events: a session that is slow to do something holds up nobody's messages.

    What was not done when a node ends stays undone. The text after a call is a message of the queue, so it is not lost.
    """

    def __init__(
        self,
        pool: Pool,
        held: Callable[[], Mapping[int, int]],
        session_of: Callable[[UUID], Session | None],
        wake: Callable[[UUID], None],
        announce: Callable[[Iterable[UUID]], None],
        clock: Clock,
        *,
        max_attempts: int,
        keeps_all_events: bool = False,
    ) -> None:
        """`wake` is told which instances have a message to send, `announce` which have events to deliver."""
        self._pool = pool
        self._held = held
        self._session_of = session_of
        self._wake = wake
        self._announce = announce
        self._clock = clock
        self._max_attempts = max_attempts
        self._keeps_all = keeps_all_events
        self._waiting: dict[tuple[UUID, type[Wish]], list[Wish]] = {}
        self._tasks: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Own the deeds until cancelled."""
        async with asyncio.TaskGroup() as self._tasks:
            await asyncio.Event().wait()

    def wish_of(self, row: ToldEvent) -> Wish | None:
        """What its instance wants done about an event. Raises whatever a malformed event raises."""
        if row.code == EventCode.MESSAGE and row.auto_read_message:
            return _reading(row)
        if row.code in (EventCode.CALL_OFFER, EventCode.CALL_OFFER_NOTICE) and row.call_reject_auto:
            return _rejection(row)
        return None

    async def enqueue(self, connection: Connection, wishes: Iterable[Wish]) -> None:
        """The texts for callers become messages, in the transaction that makes their call known."""
        messages = [self._message(wish) for wish in wishes if isinstance(wish, Rejection) and wish.text]
        if messages:
            await connection.execute(message.ENQUEUE, *message.columns_of(messages))

    def do(self, wishes: Iterable[Wish]) -> None:
        """Begin with what was committed."""
        if self._tasks is None:
            return
        for wish in wishes:
            key = (wish.instance, type(wish))  # a call rings: it does not wait behind marks
            waiting = self._waiting.get(key)
            if waiting is None:
                waiting = self._waiting[key] = []
                self._tasks.create_task(self._work(key, waiting), name=f"autopilot of {wish.instance}")
            if len(waiting) < WAITING:
                waiting.append(wish)
            else:
                log.warning("too much to do by itself", instance=wish.instance)

    async def _work(self, key: tuple[UUID, type[Wish]], waiting: list[Wish]) -> None:
        """One deed after the other. Marks of the same chat and author go together: WhatsApp takes them as one."""
        try:
            while waiting:
                first = waiting[0]
                together: Sequence[Wish] = [first] if isinstance(first, Rejection) else _alike(first, waiting)
                waiting[:] = [wish for wish in waiting if wish not in together]
                await self._try(first.instance, together)
        finally:
            del self._waiting[key]

    async def _try(self, instance: UUID, wishes: Sequence[Wish]) -> None:
        for number in range(TRIES):
            if number:
                await self._clock.sleep_until(self._clock.elapsed() + FIRST_PAUSE * 2 ** (number - 1))
            session = self._session_of(instance)
            if session is None:
                continue  # it is being opened again
            try:
                await self._perform(session, wishes)
                return
            except LostOwnership:
                return
            except OUTAGES as error:
                log.warning("not told yet what was done by itself", instance=instance, error=type(error).__name__)
            except DeliveryError as error:
                log.info("not done by itself", instance=instance, error_class=error.code)
                if not error.retry:
                    return
            except Exception:
                log.exception("unexpected error on autopilot", instance=instance)
                return

    async def _perform(self, session: Session, wishes: Sequence[Wish]) -> None:
        match wishes[0]:
            case Rejection(instance=instance, caller=caller, call=call):
                if isinstance(session, Calls):
                    await session.reject_call(caller, call)
                self._wake(instance)
            case Reading(instance=instance, shard=shard, chat=chat, author=author, told_as=told_as):
                if not isinstance(session, ReadMarks):
                    return
                ids = [wish.whatsapp_id for wish in wishes if isinstance(wish, Reading)]
                await session.mark_read(chat, author, ids)
                if told_as is not None:
                    await self._tell_reading(instance, shard, ids, told_as)

    async def _tell_reading(self, instance: UUID, shard: int, ids: Sequence[str], chat: Jid) -> None:
        """WhatsApp tells an account's other devices what it read, and this one nothing."""
        epoch = self._held().get(shard)
        if epoch is None:
            raise LostOwnership([shard])
        told = message_status(instance, "read-by-me", ids, self._clock.now(), chat)
        async with self._pool.acquire() as connection, connection.transaction():
            if not await shards.fenced(connection, {shard: epoch}):
                raise LostOwnership([shard])
            to_deliver = await append(connection, [told], keeps_all=self._keeps_all)
        self._announce(to_deliver)

    def _message(self, wish: Rejection) -> NewMessage:
        return NewMessage(
            instance_id=wish.instance,
            shard=wish.shard,
            zaap_id=new_zaap_id(),
            message_id=new_message_id(),
            kind="text",
            chat=wish.chat,
            payload=json.dumps({"phone": to_phone(wish.chat), "message": wish.text}),
            max_attempts=self._max_attempts,
        )


def _alike(first: Reading, waiting: Sequence[Wish]) -> Sequence[Wish]:
    wanted = (first.chat, first.author)
    return [wish for wish in waiting if isinstance(wish, Reading) and (wish.chat, wish.author) == wanted][:TOGETHER]


def _reading(row: ToldEvent) -> Reading | None:
    told = ReceivedMessage.FromString(row.body)
    where, account = told.Info.MessageSource, Account.of(row)
    chat, author = (without_device(address(each) or Jid("")) for each in (where.Chat, where.Sender))
    if where.IsFromMe or not author or server_of(chat) == NEWSLETTER:
        return None
    if chat == STATUS:
        if not row.auto_read_status:
            return None
        return Reading(row.instance_id, row.shard, chat, author, told.Info.ID, None)
    if remembered(row) is None:
        return None  # keys, reactions, votes: nothing that anybody reads
    source = Source.of(where, account)
    told_as = parse_phone(source.chat_phone) if source.chat_phone.isdigit() else chat
    return Reading(row.instance_id, row.shard, chat, author if source.is_group else None, told.Info.ID, told_as)


def _rejection(row: ToldEvent) -> Rejection | None:
    kind = CallOffer if row.code == EventCode.CALL_OFFER else CallOfferNotice
    meta: BasicCallMeta = kind.FromString(row.body).basicCallMeta
    rings_at = address(getattr(meta, "from")) or address(meta.callCreator)
    caller = address(meta.callCreator) or rings_at
    if rings_at is None or caller is None or row.told_at.timestamp() - meta.timestamp > RINGS.total_seconds():
        return None
    phone, lid = pair(caller, address(meta.callCreatorAlt))
    if phone == row.phone or (lid is not None and lid == row.lid):
        return None  # the account itself calls, on its phone
    # A call of a group is rejected without a word: nobody in it waits for one.
    text = (row.call_reject_message or "") if row.code == EventCode.CALL_OFFER else ""
    chat = parse_phone(phone) if phone else without_device(caller)
    return Rejection(row.instance_id, row.shard, without_device(rings_at), meta.callID, chat, text)
