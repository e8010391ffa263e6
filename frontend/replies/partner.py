"""Answers of the partner routes."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from common.tables.instance import Instance
from frontend.replies.common import HexId, Milliseconds, milliseconds, written


class Created(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: HexId
    token: str
    due: Annotated[str, Field(description="End of the trial: Unix time in milliseconds, as text.", pattern="^[0-9]+$")]


class ListedInstance(BaseModel):
    """Unset addresses are empty strings in this listing."""

    model_config = ConfigDict(frozen=True)

    token: str
    tenant: str
    created: str
    due: Milliseconds
    paymentStatus: Literal["TRIAL", "ACTIVE", "CANCELED"]
    deliveryCallbackUrl: str
    receivedCallbackUrl: str
    disconnectedCallbackUrl: str
    messageStatusCallbackUrl: str
    receivedAndDeliveryCallbackUrl: str
    presenceChatCallbackUrl: str
    connectedCallbackUrl: str
    receivedStatusCallbackUrl: str
    phoneConnected: bool
    whatsappConnected: bool
    middleware: Literal["web", "mobile"]
    name: str
    id: HexId

    @classmethod
    def of(cls, instance: Instance, token: str) -> "ListedInstance":
        return cls(
            token=token,
            tenant="pombo",
            created=written(instance.created_at),
            due=milliseconds(instance.due),
            paymentStatus=instance.payment_status,
            deliveryCallbackUrl=instance.delivery_callback_url or "",
            receivedCallbackUrl=instance.received_callback_url or "",
            disconnectedCallbackUrl=instance.disconnected_callback_url or "",
            messageStatusCallbackUrl=instance.message_status_callback_url or "",
            receivedAndDeliveryCallbackUrl=instance.received_and_delivery_callback_url or "",
            presenceChatCallbackUrl=instance.presence_chat_callback_url or "",
            connectedCallbackUrl=instance.connected_callback_url or "",
            receivedStatusCallbackUrl=instance.received_status_callback_url or "",
            phoneConnected=instance.is_connected,
            whatsappConnected=instance.is_connected,
            middleware=instance.middleware,
            name=instance.name,
            id=instance.id.hex.upper(),
        )


class InstancePage(BaseModel):
    model_config = ConfigDict(frozen=True)

    total: int
    totalPage: int
    pageSize: int
    page: int
    content: list[ListedInstance]
