"""Requests of partners: create, list and subscribe instances."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from common.requests.fields import LONGEST_URL, Flag


def _without_slash(value: object) -> object:
    """The documentation shows `pageSize=2/`."""
    return value.rstrip("/") if isinstance(value, str) else value


def _https(value: object) -> object:
    if value == "":
        return None
    if isinstance(value, str) and not value.lower().startswith("https://"):
        raise ValueError("a webhook URL must begin with https://")
    return value


def _only_true(value: bool) -> bool:
    if not value:
        raise ValueError("only true is possible here")
    return value


WebhookUrl = Annotated[
    Annotated[str, Field(max_length=LONGEST_URL)] | None,
    BeforeValidator(_https),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": "^https://", "maxLength": LONGEST_URL},
                {"type": "string", "const": ""},
                {"type": "null"},
            ]
        }
    ),
]

Name = Annotated[str, Field(min_length=1, max_length=255)]


class CreateInstance(BaseModel):
    model_config = ConfigDict(frozen=True)

    name: Name
    sessionName: Name | None = None
    deliveryCallbackUrl: WebhookUrl = None
    receivedCallbackUrl: WebhookUrl = None
    receivedAndDeliveryCallbackUrl: WebhookUrl = None
    presenceChatCallbackUrl: WebhookUrl = None
    disconnectedCallbackUrl: WebhookUrl = None
    connectedCallbackUrl: WebhookUrl = None
    messageStatusCallbackUrl: WebhookUrl = None
    callRejectAuto: Flag | None = None
    callRejectMessage: Annotated[str, Field(max_length=4_096)] | None = None
    autoReadMessage: Flag | None = None
    autoReadStatus: Flag | None = None
    isDevice: Flag | None = None
    businessDevice: Flag | None = None
    disableEnqueueWhenDisconnected: Flag | None = None


class ListInstances(BaseModel):
    model_config = ConfigDict(frozen=True)

    page: Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(_without_slash)] = 1
    pageSize: Annotated[int, Field(ge=1, le=1_000), BeforeValidator(_without_slash)] = 10
    query: Annotated[str, Field(max_length=255)] = ""
    middleware: Literal["web", "mobile"] | None = None


class Subscribe(BaseModel):
    model_config = ConfigDict(frozen=True)

    withCalls: Flag | None = None


class UpdateSubscription(BaseModel):
    """Upgrade only: the way back is to cancel and to subscribe anew."""

    model_config = ConfigDict(frozen=True)

    withCalls: Annotated[Flag, AfterValidator(_only_true), WithJsonSchema({"enum": [True, "true"]})]


class DrainNode(BaseModel):
    """`node` is a node's id, or its name for all processes of that name."""

    model_config = ConfigDict(frozen=True)

    node: Annotated[str, Field(min_length=1, max_length=255)]
    value: Flag = True
