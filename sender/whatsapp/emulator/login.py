"""From a finished handshake to a device that takes part: register or log in, become active, go."""

from collections.abc import Callable, Sequence

from common import addresses, logs
from sender.whatsapp.emulator.accounts import Device
from sender.whatsapp.emulator.connection import Connection
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.faults import LOGIN_KINDS, Fault, Faults
from sender.whatsapp.emulator.mailbox import Mailbox
from sender.whatsapp.emulator.moments import Moments
from sender.whatsapp.emulator.stanzas import Reply, now
from sender.whatsapp.wire.node import Attributes, Node
from sender.whatsapp.wire.protobuf import Fields

# ClientPayload
_USERNAME, _DEVICE, _REGISTRATION = 1, 18, 19

NOT_AUTHORIZED, BANNED, OUTDATED = 401, 402, 405

Observer = Callable[[Device], None]

log = logs.get(__name__)


class Login:
    """`arrived` and `left` are told of every device that becomes active or loses its connection."""

    def __init__(
        self,
        directory: Directory,
        mailbox: Mailbox,
        faults: Faults,
        moments: Moments,
        register: Callable[[Connection, Fields], None],
        arrived: Sequence[Observer],
        left: Sequence[Observer],
    ) -> None:
        self._directory, self._mailbox, self._faults, self._moments = directory, mailbox, faults, moments
        self._register = register
        self._arrived, self._left = arrived, left

    def welcome(self, connection: Connection) -> None:
        """Raises MalformedProtobuf when the client's payload cannot be read."""
        payload = Fields(connection.payload)
        if _USERNAME not in payload:
            self._register(connection, payload.message(_REGISTRATION))
            return
        account = self._directory.by_phone(str(payload.integer(_USERNAME)))
        device = account.devices.get(payload.integer(_DEVICE)) if account else None
        if device is None or device.noise_public != connection.client_static:
            self._fail(connection, {"reason": NOT_AUTHORIZED, "location": "frc"})
            return
        fault = self._faults.take(LOGIN_KINDS, phone=device.account.phone)
        if fault:
            self._fail(connection, _failure(fault))
            return
        if device.link:
            replace(device)
        device.link, device.is_active, connection.device = connection, False, device
        greeting: Attributes = {"t": now(), "props": 27, "companion_enc_static": "x", "lid": device.lid_jid}
        connection.send(Node("success", {**greeting, "display_name": device.account.name}))

    def activate(self, device: Device, question: Node) -> Reply:
        """The device is ready for traffic: whatever waited goes out after the answer."""

        def go() -> None:
            device.is_active = True
            self._mailbox.flush(device)
            for arrived in self._arrived:
                arrived(device)
            log.info("device active", phone=addresses.masked(device.account.phone), device=device.number)
            self._moments.changed()

        return Reply(then=go)

    def passivate(self, device: Device, question: Node) -> Reply:
        device.is_active = False
        return Reply()

    def leave(self, connection: Connection) -> None:
        device = connection.device
        if device and device.link is connection:
            device.link, device.is_active = None, False
            for left in self._left:
                left(device)
        self._moments.changed()

    def _fail(self, connection: Connection, attributes: dict[str, str | int]) -> None:
        log.info("login refused", reason=attributes["reason"])
        connection.send(Node("failure", attributes))
        connection.close()


def replace(device: Device) -> None:
    """End a device's connection as if the same device had connected elsewhere."""
    if device.link:
        device.link.send(Node("stream:error", {}, [Node("conflict", {"type": "replaced"})]))
        device.link.close()


def restart(device: Device) -> None:
    """End a device's connection as the server does when it is restarted: the client comes back by itself."""
    if device.link:
        device.link.send(Node("stream:error", {"code": 503}))
        device.link.close()


def _failure(fault: Fault) -> dict[str, str | int]:
    if fault.kind == "ban":
        return {"reason": BANNED, "code": 101, "expire": int(fault.seconds) or 3600}
    if fault.kind == "outdated":
        return {"reason": OUTDATED}
    return {"reason": fault.code}
