"""One new device on its way to being linked, in a host of its own."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

from common.addresses import Jid, without_device
from common.clock import Clock
from common.errors import NotConnected, TemporaryFailure
from sender.host.frames import Frame
from sender.host.process import HostLost, HostProcess
from sender.whatsapp.neonize.events import Code
from sender.whatsapp.neonize.failures import failure_of_send
from sender.whatsapp.neonize.protobuf import (
    Device,
    DeviceProps,
    PairPhoneParams,
    PairPhoneReturnFunction,
    from_engine,
)
from sender.whatsapp.session import Paired, PairingCode, PairingFailed, QrCode

OPEN_PATIENCE = 10.0  # seconds
CODE_PATIENCE = 20.0  # seconds
FIRST_CODE, NEXT_CODE = timedelta(seconds=60), timedelta(seconds=20)
# Six QR codes, one after the other; then the library hangs up, and with it goes a code that was not typed.
WHOLE_LIFE = FIRST_CODE + 5 * NEXT_CODE

# WhatsApp takes only names of this form, and shows this one on the phone.
CLIENT_NAME, CHROME = "Chrome (Linux)", 1

_FAILURES = {
    b"timeout": "timeout",
    b"passkey-request": "passkey-required",
    b"err-client-outdated": "outdated",
}


class Pairing:
    """`steps` once. The host is the caller's, and to be thrown away: a pairing that is not completed would leak in the
    library for ever."""

    def __init__(self, host: HostProcess, instance: str, store: str, device_name: str, clock: Clock) -> None:
        self._host = host
        self._name = host.name_for(instance)
        self._store = store
        self._device_name = device_name
        self._clock = clock
        self._ends_at = clock.now() + WHOLE_LIFE

    async def steps(self) -> AsyncGenerator[QrCode | Paired | PairingFailed, None]:
        """Codes, and the end. Raises HostLost or TimeoutError."""
        frames: asyncio.Queue[Frame] = asyncio.Queue()
        self._host.attach(self._name, frames.put_nowait)
        properties = DeviceProps(os=self._device_name, platformType=DeviceProps.CHROME).SerializeToString().hex()
        fields = {"session": self._name, "store": self._store, "device": "", "properties": properties}
        await self._host.call("open", fields, timeout=OPEN_PATIENCE)
        validity = FIRST_CODE
        while True:
            step = self._step(await frames.get(), validity)
            if step is None:
                continue
            yield step
            if not isinstance(step, QrCode):
                return
            validity = NEXT_CODE

    async def code_for(self, phone: str) -> PairingCode:
        """Raises DeliveryError."""
        wanted = PairPhoneParams(
            phone=phone, showPushNotification=True, clientType=CHROME, clientDisplayName=CLIENT_NAME
        )
        fields = {"session": self._name}
        try:
            answer = await self._host.call("pairing-code", fields, wanted.SerializeToString(), timeout=CODE_PATIENCE)
        except HostLost:
            raise NotConnected from None
        except TimeoutError:
            raise TemporaryFailure("WhatsApp did not answer in time") from None
        if answer.fields.get("error"):
            raise NotConnected
        result = PairPhoneReturnFunction.FromString(answer.body)
        if result.Error:
            raise failure_of_send(result.Error, is_on_wire=False)
        return PairingCode(result.Code, self._ends_at)

    def _step(self, frame: Frame, validity: timedelta) -> QrCode | Paired | PairingFailed | None:
        match frame.kind:
            case "qr":
                return QrCode(frame.body.decode(), self._clock.now() + validity)
            case "status" if frame.body != b"success":
                return PairingFailed(_FAILURES.get(frame.body, "refused"))
            case "event" if frame.fields["code"] == Code.DEVICE:
                return _paired(Device.FromString(frame.body))
            case "ended" | "lost":
                return PairingFailed("engine")
        return None


def _paired(device: Device) -> Paired:
    lid = Jid(without_device(from_engine(device.LID))) if device.LID.User else None
    return Paired(from_engine(device.JID), device.JID.User, lid, device.Platform or None)
