"""Answers about the instance itself: its link, its configuration, its phone, the code to link it with."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from common.tables.instance import Instance
from frontend.replies.common import HexId, Milliseconds, milliseconds, written

CONNECTED = "You are already connected."
RESTORE = "You need to restore the session."
NOT_CONNECTED = "You are not connected."


class Status(BaseModel):
    """`error` holds one of three texts, also in the healthy state."""

    model_config = ConfigDict(frozen=True)

    connected: bool
    error: Literal["You are already connected.", "You need to restore the session.", "You are not connected."]
    smartphoneConnected: bool

    @classmethod
    def of(cls, instance: Instance) -> "Status":
        if instance.is_connected:
            return cls(connected=True, error=CONNECTED, smartphoneConnected=True)
        return cls(connected=False, error=RESTORE if instance.is_linked else NOT_CONNECTED, smartphoneConnected=False)


class Me(BaseModel):
    """Unset addresses and texts are null."""

    model_config = ConfigDict(frozen=True)

    id: HexId
    token: str
    name: str
    due: Milliseconds
    connected: bool
    paymentStatus: Literal["TRIAL", "ACTIVE", "CANCELED"]
    created: str
    connectedCallbackUrl: str | None
    deliveryCallbackUrl: str | None
    disconnectedCallbackUrl: str | None
    messageStatusCallbackUrl: str | None
    presenceChatCallbackUrl: str | None
    receivedCallbackUrl: str | None
    receiveCallbackSentByMe: bool
    callRejectAuto: bool
    callRejectMessage: str | None
    autoReadMessage: bool
    autoReadStatus: bool
    initialDataCallbackUrl: str | None

    @classmethod
    def of(cls, instance: Instance, token: str) -> "Me":
        return cls(
            id=instance.id.hex.upper(),
            token=token,
            name=instance.name,
            due=milliseconds(instance.due),
            connected=instance.is_connected,
            paymentStatus=instance.payment_status,
            created=written(instance.created_at),
            connectedCallbackUrl=instance.connected_callback_url,
            deliveryCallbackUrl=instance.delivery_callback_url,
            disconnectedCallbackUrl=instance.disconnected_callback_url,
            messageStatusCallbackUrl=instance.message_status_callback_url,
            presenceChatCallbackUrl=instance.presence_chat_callback_url,
            # The received-and-delivery address wins over the received one (create-instance says so of both together).
            receivedCallbackUrl=instance.received_and_delivery_callback_url or instance.received_callback_url,
            receiveCallbackSentByMe=instance.receive_callback_sent_by_me,
            callRejectAuto=instance.call_reject_auto,
            callRejectMessage=instance.call_reject_message,
            autoReadMessage=instance.auto_read_message,
            autoReadStatus=instance.auto_read_status,
            initialDataCallbackUrl=None,
        )


class Companion(BaseModel):
    model_config = ConfigDict(frozen=True)

    sessionName: str
    device_model: str


class Device(BaseModel):
    """The linked phone, as far as it is known. `device_model` is snake case in the contract."""

    model_config = ConfigDict(frozen=True)

    phone: str
    imgUrl: str | None
    about: str | None
    name: str | None
    device: Companion
    originalDevice: Literal["iphone", "smbi", "android", "smba"] | None
    sessionId: int
    isBusiness: bool


class QrCode(BaseModel):
    """The text to draw or, as a data URI, its picture; once the instance is linked, that it is."""

    model_config = ConfigDict(frozen=True)

    value: str | None = None
    expiresAt: Milliseconds | None = None
    connected: bool | None = None
    error: str | None = None


class PhoneCode(BaseModel):
    """The code to type; once the instance is linked, that it is."""

    model_config = ConfigDict(frozen=True)

    code: str | None = None
    expiresAt: Milliseconds | None = None
    connected: bool | None = None
    error: str | None = None
