"""Reminding: a receiver who could not read a message gets it again also when the library has forgotten it, which it
does with every start and after some hundred messages. It is made to know the message anew, which changes nothing on the
wire, and then answers as it always does: to the device that asked, and to nobody else."""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable

from common import logs
from common.addresses import Jid
from common.clock import Clock
from common.errors import DeliveryError
from common.postgres import OUTAGES
from sender.host.frames import Frame
from sender.host.process import HostLost
from sender.whatsapp.neonize.hearing import Seat
from sender.whatsapp.neonize.patience import Patience
from sender.whatsapp.neonize.protobuf import SendMessageReturnFunction, to_engine
from sender.whatsapp.neonize.sending import Tap
from sender.whatsapp.relay.arrival import source_of
from sender.whatsapp.session import Recalled
from sender.whatsapp.wire.decoder import decode
from sender.whatsapp.wire.errors import WireError
from sender.whatsapp.wire.jid import Jid as WireJid

log = logs.get(__name__)

KEPT = 1_000  # askers whose requests are counted

Recalling = Callable[[str], Awaitable[Recalled | None]]
"""The message of that id. None: it cannot be had again."""

Same = Callable[[Jid, Jid], Awaitable[bool]]
"""Whether two addresses are of one chat."""


class Reminding:
    """Of one session; `run` until cancelled. Requests are looked at one after the other, `Patience.between_questions`
    apart. `asked` counts what became of them; `most` is how often a device is given a message again.

    Whatever happens, the library sees the request in the end: what it does not know it acknowledges and lets be.
    """

    def __init__(
        self,
        own_users: Callable[[], Awaitable[frozenset[str]]],
        recall: Recalling,
        is_same: Same,
        tap: Tap,
        patience: Patience,
        clock: Clock,
        asked: Counter[str],
    ) -> None:
        self._own_users = own_users
        self._recall = recall
        self._is_same = is_same
        self._tap = tap
        self._patience = patience
        self._clock = clock
        self._asked = asked
        self._requests: asyncio.Queue[tuple[Seat, Frame]] = asyncio.Queue()
        self._answers: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._known: tuple[Seat | None, set[str]] = (None, set())

    def ask(self, seat: Seat, frame: Frame) -> None:
        self._requests.put_nowait((seat, frame))

    async def run(self) -> None:
        while True:
            seat, frame = await self._requests.get()
            next_at = self._clock.elapsed() + self._patience.between_questions
            outcome = await self._outcome(seat, frame.body)
            self._asked[outcome] += 1
            log.info("a message was asked for again", session=seat.name, outcome=outcome)
            if outcome != "lost":
                fields = {"session": seat.name, "number": frame.fields["number"]}
                seat.host.tell(Frame("reminded", fields=fields))
            await self._clock.sleep_until(next_at)

    async def _outcome(self, seat: Seat, stanza: bytes) -> str:
        try:
            return await self._remind(seat, stanza)
        except WireError:
            return "unreadable"
        except (DeliveryError, TimeoutError, HostLost, *OUTAGES) as error:
            log.warning("a message could not be given again", session=seat.name, error=type(error).__name__)
            return "failed"
        except Exception:
            log.exception("unexpected error while a message was recalled", session=seat.name)
            return "failed"

    async def _remind(self, seat: Seat, stanza: bytes) -> str:
        receipt = decode(stanza)
        source, whatsapp_id = source_of(receipt, await self._own_users()), receipt.text("id")
        if not self._may_have(whatsapp_id, source.sender):
            return "too-often"
        if self._known[0] is not seat:
            self._known = seat, set()
        if whatsapp_id in self._known[1]:
            return "known"
        recalled = await self._recall(whatsapp_id)
        if recalled is None:
            return "gone"
        if not await self._is_same(recalled.chat, Jid(str(source.chat))):
            return "another-chat"
        if not self._tap.is_trusted:
            # The relay would not know which message it is to keep back.
            return "failed"
        if not recalled.may_leave():
            return "lost"
        fields = {"session": seat.name, "to": to_engine(recalled.chat).hex(), "wire_id": whatsapp_id}
        body = recalled.message.SerializeToString()
        answer = await seat.host.call("remind", fields, body, timeout=self._patience.send)
        if answer.fields.get("error") or SendMessageReturnFunction.FromString(answer.body).Error:
            return "failed"
        if not answer.fields["was_seen"]:
            self._tap.check(None, whatsapp_id)
            return "failed"
        self._known[1].add(whatsapp_id)
        return "answered" if recalled.may_leave() else "lost"

    def _may_have(self, whatsapp_id: str, device: WireJid) -> bool:
        key = whatsapp_id, str(device)
        count = self._answers[key] = self._answers.pop(key, 0) + 1
        if len(self._answers) > KEPT:
            self._answers.popitem(last=False)
        return count <= self._patience.answers
