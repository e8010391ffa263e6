"""The instance: whether it is linked, what it is set to, and the code to link it with."""

from common.addresses import Jid, device_of
from common.tables import instance as table
from common.tables.instance import Instance
from frontend import problems
from frontend.operation import Ask, Call, Operation, Read
from frontend.replies.common import Done
from frontend.replies.instance import NOT_CONNECTED, Companion, Device, Me, PhoneCode, QrCode, Status
from frontend.services import Services

COMPANION = "Pombo"
PLATFORMS = ("iphone", "smbi", "android", "smba")


async def read_status(services: Services, call: Call[None, None]) -> Status:
    return Status.of(await _instance(services, call))


async def read_me(services: Services, call: Call[None, None]) -> Me:
    instance = await _instance(services, call)
    return Me.of(instance, services.vault.show(instance.id, instance.token_cipher))


async def read_device(services: Services, call: Call[None, None]) -> Device:
    instance = await _instance(services, call)
    if instance.phone is None or not instance.is_linked:
        raise problems.bad_request(NOT_CONNECTED)
    device = instance.device or ""
    return Device(
        phone=instance.phone,
        imgUrl=instance.profile_picture,
        about=instance.profile_about,
        name=instance.profile_name,
        device=Companion(sessionName=instance.session_name or COMPANION, device_model=COMPANION),
        originalDevice=instance.platform if instance.platform in PLATFORMS else None,
        sessionId=device_of(Jid(device)),
        isBusiness=instance.platform in ("smbi", "smba"),
    )


async def _instance(services: Services, call: Call[None, None]) -> Instance:
    """Read anew: what is shown must be what was stored last, by whichever frontend."""
    instance = await table.find(services.pool, call.access.id)
    if instance is None:
        raise problems.unauthorized()
    return instance


OPERATIONS = (
    Operation(
        "GET", "status", Read(read_status), "Whether the instance is linked and connected", Status, tag="instance"
    ),
    Operation("GET", "me", Read(read_me), "The instance's configuration and subscription", Me, tag="instance"),
    Operation(
        "GET",
        "device",
        Read(read_device),
        "The linked phone",
        Device,
        tag="instance",
        refusals=(400,),
    ),
    Operation(
        "GET",
        "qr-code",
        Ask("qr-code"),
        "The QR code to link a phone with, as text",
        QrCode,
        tag="instance",
    ),
    Operation(
        "GET",
        "qr-code/image",
        Ask("qr-code-image"),
        "The QR code to link a phone with, as a picture in a data URI",
        QrCode,
        tag="instance",
    ),
    Operation(
        "GET",
        "phone-code/{phone}",
        Ask("phone-code"),
        "A code to type on the phone with this number, to link it without scanning",
        PhoneCode,
        tag="instance",
        refusals=(400,),
    ),
    Operation("GET", "restart", Ask("restart"), "Restart the session; the link survives", Done, tag="instance"),
    Operation(
        "GET",
        "restore-session",
        Ask("restore-session"),
        "Bring the stored session back; false when nothing is linked",
        Done,
        tag="instance",
    ),
    Operation("GET", "disconnect", Ask("disconnect"), "Unlink the phone", Done, tag="instance"),
)
