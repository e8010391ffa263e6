"""The courier: delivers one instance's messages, in order within each chat and at a human pace."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from uuid import UUID

from common import logs
from common.addresses import Jid
from common.clock import Clock
from common.errors import CannotCompose, DeliveryError, LostOwnership, NotConnected, OutcomeUnknown, TemporaryFailure
from common.metrics import SenderMetrics
from common.postgres import OUTAGES
from common.requests.messages.file import RECORDED
from common.requests.messages.reference import SILENT
from common.tables.attempt import Doubtful, Failed, Intent, Outcome, Retry, Sent
from common.tables.message import QueuedMessage
from sender.composers.occasion import Composed, Deed, Elsewhere
from sender.lanes import Lanes
from sender.ledger import Ledger
from sender.preparing import Preparing
from sender.retries import RetryPolicy, decide
from sender.whatsapp.session import Session

log = logs.get(__name__)

APART = 1.0  # seconds; without pauses a busy instance's last send is noted no more often
TYPING_PATIENCE = 10.0  # seconds: an engine that hangs while it shows typing must not hold up the message


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """How an instance sends. The random pause after a message lies between the two; `delayMessage` replaces it."""

    pause_min: timedelta = timedelta(seconds=1)
    pause_max: timedelta = timedelta(seconds=3)
    send_timeout: timedelta = timedelta(seconds=90)
    compose_timeout: timedelta = timedelta(minutes=5)
    typing_refresh: timedelta = timedelta(seconds=20)
    uncertain_grace: timedelta = timedelta(seconds=90)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    prefetch: int = 200

    def pause(self, message: QueuedMessage, chance: Random) -> float:
        if message.delay_message is not None:
            return float(message.delay_message)
        return chance.uniform(self.pause_min.total_seconds(), self.pause_max.total_seconds())


Compose = Callable[[QueuedMessage, Session], Awaitable[Composed]]
"""Makes what is sent of a row. Raises DeliveryErrors."""

Fetch = Callable[[UUID, Lanes], Awaitable[bool]]
"""Puts more waiting rows into the lanes; whether there may be others behind them."""

OnDoubt = Callable[[UUID, Jid], None]
"""A message of this chat is in doubt from now on. Answered by holding the chat."""


class Courier:
    """Lives while its instance has messages to send and a session; one message is in flight at a time. Those that take
    long to prepare are prepared beside that, at most one of a chat.

    `send_after` is the earliest moment of the next send on the clock's `elapsed` scale.
    """

    def __init__(
        self,
        instance: UUID,
        session: Session,
        lanes: Lanes,
        fetch: Fetch,
        on_doubt: OnDoubt,
        ledger: Ledger,
        policy: DeliveryPolicy,
        clock: Clock,
        chance: Random,
        metrics: SenderMetrics,
        compose: Compose,
    ) -> None:
        self._instance = instance
        self._session = session
        self.lanes = lanes
        self._fetch = fetch
        self._on_doubt = on_doubt
        self._ledger = ledger
        self._policy = policy
        self._clock = clock
        self._chance = chance
        self._metrics = metrics
        self._compose = compose
        self.send_after = 0.0
        self._noted = float("-inf")  # when it was last kept what went, on the same scale
        self._news = asyncio.Event()
        self._news.set()
        self._stopping = asyncio.Event()
        self._preparing = Preparing(lanes, self._prepare, clock)
        self._has_more = False  # rows may wait in Postgres behind those in the lanes
        self._is_dry = False  # nothing of what waits there may go before some chat's time comes

    def look(self) -> None:
        """Rows were added, canceled or released: look again before resting."""
        self._news.set()

    @property
    def has_news(self) -> bool:
        return self._news.is_set()

    def stop(self) -> None:
        """Begin nothing new; what is in flight ends as usual. Idempotent."""
        self._stopping.set()

    async def run(self) -> None:
        """Deliver until nothing is left or the session is gone. Raises LostOwnership."""
        failure: Exception | None = None
        async with asyncio.TaskGroup() as tasks:
            try:
                await self._deliver_all(tasks)
            except Exception as error:
                failure = error  # as it is, not as part of a group
            finally:
                self._preparing.end()
        if failure is not None:
            raise failure

    async def _deliver_all(self, tasks: asyncio.TaskGroup) -> None:
        while self._session.is_connected and not self._stopping.is_set():
            if self._must_fetch():
                self._news.clear()
                self._has_more = await self._fetch(self._instance, self.lanes)
                self._is_dry = self._preparing.next(self._clock.elapsed()) is None
                self._preparing.drop(self.lanes.knows)
            now = self._clock.elapsed()
            self._preparing.begin(tasks, now)
            if self.send_after > now and self.lanes:
                await self._until(self.send_after, self._stopping, self._preparing.ready)
                continue
            message = self._preparing.next(now)
            if message is not None:
                await self._deliver(message)
            elif not await self._wait(now):
                return

    def _must_fetch(self) -> bool:
        """Held chats must not hide what waits behind them: lanes in which nothing may go are as good as empty."""
        if self._news.is_set():
            return True
        return self._has_more and not self._is_dry and self._preparing.next(self._clock.elapsed()) is None

    async def _wait(self, now: float) -> bool:
        """Until a held chat may go, something is prepared or new; False when there is nothing to wait for."""
        moments = (self.lanes.wakes_at(now, also_empty=self._has_more), self._preparing.wakes_at(now))
        wakes_at = min((moment for moment in moments if moment is not None), default=None)
        if wakes_at is None and not self._preparing.is_busy:
            return self._news.is_set()
        await self._until(wakes_at, self._news, self._stopping, self._preparing.ready)
        self._is_dry = False
        return True

    async def _until(self, moment: float | None, *or_events: asyncio.Event) -> None:
        """Sleep until the moment (if there is one) or until one of the events, whichever is first."""
        async with asyncio.TaskGroup() as tasks:
            waits = [tasks.create_task(_set(event)) for event in or_events]
            if moment is not None:
                waits.append(tasks.create_task(self._clock.sleep_until(moment)))
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()

    async def _deliver(self, message: QueuedMessage) -> None:
        # Before the intent: whoever dies while a file is uploaded surely sent nothing.
        prepared = self._preparing.take(message)
        if prepared is None:
            prepared = await self._prepare(message)
        if message.delay_typing and not isinstance(prepared, DeliveryError):
            await self._type(message)
            if self._stopping.is_set() or not self._session.is_connected:
                return
        intent = await self._ledger.intend(message, message.message_id if self._session.uses_given_id else None)
        if intent is None:
            self.lanes.done(message)
            return
        started = self._clock.elapsed()
        self._metrics.latency.labels(message.kind).observe(
            max(0.0, (self._clock.now() - message.accepted_at).total_seconds())
        )
        outcome = await self._attempt(message, intent, prepared)
        self._metrics.duration.labels(message.kind).observe(self._clock.elapsed() - started)
        await self._record(message, intent, outcome)

    async def _prepare(self, message: QueuedMessage) -> Composed | DeliveryError:
        """What is to be sent, or why it cannot be."""
        try:
            async with asyncio.timeout(self._policy.compose_timeout.total_seconds()):
                return await self._compose(message, self._session)
        except DeliveryError as error:
            return error
        except OUTAGES as error:
            return TemporaryFailure(f"a part that is needed cannot be reached: {type(error).__name__}")
        except Exception as error:
            log.exception("unexpected error in a composer", instance=self._instance, id=message.id)
            return CannotCompose(f"unexpected error: {type(error).__name__}")

    async def _attempt(self, message: QueuedMessage, intent: Intent, prepared: Composed | DeliveryError) -> Outcome:
        try:
            if isinstance(prepared, DeliveryError):
                raise prepared
            return await self._hand_over(message, intent, prepared)
        except DeliveryError as error:
            problem: DeliveryError = error
        except LostOwnership:
            # Raised on the way to the wire, so surely not sent; the next owner will not know that.
            problem = NotConnected("the lease ran out before the message left")
        except TimeoutError:
            problem = OutcomeUnknown("no answer within the send timeout")
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is None or task.cancelling():
                raise
            # Not we were cancelled but something inside the engine: it has dropped the send.
            problem = OutcomeUnknown("the engine dropped the send")
        except Exception as error:
            log.exception("unexpected error in a send", instance=self._instance, id=message.id)
            problem = OutcomeUnknown(f"unexpected error: {type(error).__name__}")
        return decide(
            problem, intent.attempt, message.max_attempts, self._clock.now(), self._policy.retry, self._chance
        )

    async def _hand_over(self, message: QueuedMessage, intent: Intent, composed: Composed) -> Sent:
        async def on_wire(wire: str) -> None:
            if wire != message.message_id or not self._session.uses_given_id:
                await self._ledger.note_wire_id(message, intent, wire)
            if not self._ledger.may_leave(message, intent):
                raise LostOwnership([message.shard])

        if not self._ledger.may_leave(message, intent):
            raise NotConnected("the lease ran out before the hand-over")
        async with asyncio.timeout(self._policy.send_timeout.total_seconds()):
            match composed:
                case Deed(do):
                    await do(self._session)
                    # WhatsApp has no id for it; the history wants one of everything that was done.
                    return Sent(message.message_id, self._clock.now())
                case Elsewhere(chat, body):
                    accepted = await self._session.send(chat, body, id=message.message_id, on_wire=on_wire)
                case body:
                    accepted = await self._session.send(message.chat, body, id=message.message_id, on_wire=on_wire)
        return Sent(accepted.whatsapp_id, accepted.at, body.SerializeToString())

    async def _record(self, message: QueuedMessage, intent: Intent, outcome: Outcome) -> None:
        writes = [self._ledger.finish(message, intent, outcome)]
        left = not isinstance(outcome, Retry)
        if left and message.kind not in SILENT:
            sent_at = outcome.at if isinstance(outcome, Sent) else None
            pause, now = self._policy.pause(message, self._chance), self._clock.elapsed()
            if pause > 0:
                self.send_after = now + pause
            if pause > 0 or (sent_at is not None and now - self._noted >= APART):
                self._noted = now
                writes.append(self._ledger.keep_pace(message, timedelta(seconds=pause), sent_at))
        await asyncio.gather(*writes)
        instance = str(self._instance)
        match outcome:
            case Sent():
                self.lanes.done(message)
                self._metrics.attempt(message.kind, "sent", instance)
            case Failed(error_class, _):
                self.lanes.done(message)
                self._metrics.attempt(message.kind, "failed", instance)
                self._metrics.failure(message.kind, error_class, instance)
                self._metrics.dead_letters.labels(error_class).inc()
                log.warning("message failed", instance=instance, id=message.id, error_class=error_class)
            case Doubtful():
                self.lanes.done(message)
                self._on_doubt(self._instance, message.chat)
                self._metrics.attempt(message.kind, "uncertain", instance)
                self._metrics.doubted(1)
                log.warning("message uncertain", instance=instance, id=message.id)
            case Retry(error_class, _, at, again_at, burns):
                wait = (again_at - at).total_seconds()
                self.lanes.hold(message.chat, self._clock.elapsed() + wait)
                if not burns:
                    # No chat of a session that is not connected fares better: the others would only try in vain.
                    self.send_after = max(self.send_after, self._clock.elapsed() + wait)
                self._metrics.attempt(message.kind, "retry" if burns else "not-connected", instance)
                self._metrics.failure(message.kind, error_class, instance)

    async def _type(self, message: QueuedMessage) -> None:
        """Show typing for as long as the message asks. WhatsApp drops it after 25 s, hence the refresh."""
        until = self._clock.elapsed() + message.delay_typing
        try:
            while (now := self._clock.elapsed()) < until and not self._stopping.is_set():
                async with asyncio.timeout(TYPING_PATIENCE):
                    await self._session.show_typing(message.chat, recording=message.kind in RECORDED)
                await self._until(min(until, now + self._policy.typing_refresh.total_seconds()), self._stopping)
        except (DeliveryError, TimeoutError) as error:
            log.info("typing not shown", instance=self._instance, error=type(error).__name__)
        except Exception:
            log.exception("unexpected error while typing is shown", instance=self._instance)


async def _set(event: asyncio.Event) -> None:
    await event.wait()
