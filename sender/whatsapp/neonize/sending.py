"""One message on its way through a session host: its id before the bytes, its outcome, or what to make of neither."""

import asyncio
from datetime import UTC, datetime

from common import logs
from common.addresses import Jid
from common.errors import NotConnected, OutcomeUnknown, TemporaryFailure
from sender.host.frames import Frame
from sender.host.process import Call, HostLost, HostProcess
from sender.whatsapp.neonize.failures import failure_of_send
from sender.whatsapp.neonize.protobuf import SendMessageReturnFunction, to_engine
from sender.whatsapp.protobuf import Message
from sender.whatsapp.session import Accepted, OnWire

log = logs.get(__name__)


HELD_BACK = "a message was held back"


class Tap:
    """Whether the library still tells an id before it writes: as long as it does, no id means that nothing left."""

    def __init__(self) -> None:
        self.is_trusted = True

    def check(self, told: str | None, used: str) -> None:
        if told != used and self.is_trusted:
            self.is_trusted = False
            log.error("the engine does not tell ids before it sends any more: lost outcomes stay unknown")


class Sending:
    """`run` once. `wire_id` is for sessions whose relay can give a message another id than the library's; empty leaves
    it that. `ack_patience`, for them too, is how long WhatsApp may take to answer once the message has left: then the
    library is told to wait no longer. `must_restart` says afterwards that the session cannot go on as it is."""

    def __init__(
        self,
        host: HostProcess,
        session: str,
        tap: Tap,
        on_wire: OnWire,
        wire_id: str = "",
        ack_patience: float | None = None,
    ) -> None:
        self._host = host
        self._session = session
        self._tap = tap
        self._on_wire = on_wire
        self._wire_id = wire_id
        self._ack_patience = ack_patience
        self._library_id: str | None = None
        self._is_let_go = False
        self._objection: Exception | None = None
        self.must_restart: str | None = None

    @property
    def _may_have_left(self) -> bool:
        return self._is_let_go or not self._tap.is_trusted

    @property
    def library_id(self) -> str | None:
        return self._library_id

    async def run(self, to: Jid, message: Message, patience: float) -> Accepted:
        """Raises DeliveryError, or what `on_wire` raised, in which case nothing left."""
        fields = {"session": self._session, "to": to_engine(to).hex(), "wire_id": self._wire_id}
        call = self._host.begin("send", fields, message.SerializeToString())
        try:
            async with asyncio.timeout(patience):
                answer = await self._answer(call)
        except HostLost:
            if self._objection is not None:
                raise self._objection from None
            if self._may_have_left:
                raise OutcomeUnknown("the session host died before WhatsApp answered") from None
            raise TemporaryFailure("the session host died before the message left") from None
        except TimeoutError:
            # A message that has not begun to leave never will: nobody is there any more to let its bytes go.
            self._host.tell(Frame("withdraw", call.id))
            if not self._give_up(call):
                self.must_restart = "the session did not take or WhatsApp did not answer a message in time"
            if self._may_have_left:
                raise OutcomeUnknown("WhatsApp did not answer in time") from None
            raise TemporaryFailure("the message could not leave in time") from None
        except asyncio.CancelledError:
            self._host.tell(Frame("withdraw", call.id))
            if not self._give_up(call) and self._library_id is not None and not self._wire_id:
                self.must_restart = HELD_BACK
            raise
        finally:
            self._host.finish(call)
        return await self._conclude(answer)

    async def _answer(self, call: Call) -> Frame:
        while (frame := await call.next()).kind != "answer":
            self._library_id = frame.fields["library_id"]
            try:
                await self._on_wire(frame.fields["whatsapp_id"])
                self._is_let_go = True
            except Exception as objection:
                self._objection = objection
            finally:
                verdict = {"session": self._session, "go": self._is_let_go}
                self._host.tell(Frame("verdict", call.id, verdict))
            if self._is_let_go and self._ack_patience is not None:
                async with asyncio.timeout(self._ack_patience):
                    return await call.next()
        return frame

    def _give_up(self, call: Call) -> bool:
        """Only a relay can end the library's wait for WhatsApp's word, which holds up all that comes after it."""
        if not self._is_let_go or self._ack_patience is None:
            return False
        self._host.tell(Frame("give-up", call.id, {"session": self._session, "library_id": self._library_id}))
        return True

    async def _conclude(self, answer: Frame) -> Accepted:
        if answer.fields.get("error"):
            raise NotConnected
        if answer.fields.get("held"):
            if answer.fields["is_cut_off"]:
                self.must_restart = HELD_BACK
            raise self._objection or TemporaryFailure("the message's id could not be made safe in time")
        result = SendMessageReturnFunction.FromString(answer.body)
        if result.Error:
            raise failure_of_send(result.Error, is_on_wire=self._may_have_left)
        sent = result.SendResponse
        self._tap.check(self._library_id, sent.ID)
        if self._library_id is None:
            await self._on_wire(sent.ID)
        used = self._wire_id if self._wire_id and self._library_id is not None else sent.ID
        return Accepted(used, datetime.fromtimestamp(sent.Timestamp, UTC))
