"""The contract of instances, their queue and partners: routes that answer at once, each with what it takes and tells.

`fields` and `query` are lines of names as in `message_routes`. `told` is the form of the answer: its members and their
types, exactly; a tuple of types means any of them, a list any number of what it holds, a text that very text.
"""

from dataclasses import dataclass, field
from typing import Any

NUMBER_OR_NULL, TEXT_OR_NULL = (int, None), (str, None)

HOOK = "https://hooks.example.com/zap"


@dataclass(frozen=True, slots=True)
class Call:
    body: Any = None
    query: dict[str, Any] = field(default_factory=dict)
    variable: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """`refused` are calls with the field that the refusal names."""

    method: str
    path: str
    told: Any
    calls: dict[str, Call] = field(default_factory=lambda: {"plain": Call()})
    fields: str = ""
    query: str = ""
    status: int = 200
    is_partner: bool = False
    refused: dict[str, tuple[Call, str]] = field(default_factory=dict)


def value(*, one: Any, other: Any) -> dict[str, Call]:
    return {"one": Call({"value": one}), "other": Call({"value": other})}


def flag(path: str) -> Route:
    calls = {**value(one=True, other=False), "as text": Call({"value": "true"})}
    refused = {"a word": (Call({"value": "on"}), "value"), "nothing": (Call({}), "value")}
    return Route("PUT", path, {"value": bool}, calls, fields="value!:flag", refused=refused)


_MESSAGE = {
    "_id": str,
    "ZaapId": str,
    "MessageId": str,
    "InstanceId": str,
    "Phone": str,
    "Message": str,
    "DelayMessage": int,
    "DelayTyping": int,
    "Created": int,
    "IsTrial": bool,
}
_UNKNOWN = "0" * 32

QUEUE = (
    Route(
        "POST",
        "queue",
        {"messages": [{**_MESSAGE, "CreatedAt": str, "Beta": bool}], "pagingState": TEXT_OR_NULL, "hasMore": bool},
        {
            "first page": Call({}),
            "small page": Call({"pageSize": 1}),
            "more than there may be": Call({"pageSize": 500}),
            "next page": Call({"pageSize": 1, "pagingState": "eyJidWNrZXQiOjAsInBhZ2VTdGF0ZSI6MX0="}),
        },
        fields="pageSize pagingState",
        refused={
            "no size": (Call({"pageSize": 0}), "pageSize"),
            "size as text": (Call({"pageSize": "10"}), "pageSize"),
            "another cursor": (Call({"pagingState": "bm8="}), "pagingState"),
        },
    ),
    Route(
        "GET",
        "queue",
        {"messages": [_MESSAGE]},
        {"plain": Call(), "as documented": Call(query={"page": 1, "pageSize": 100})},
        query="pageSize",
        refused={"no size": (Call(query={"pageSize": 0}), "pageSize")},
    ),
    Route("GET", "queue/count", {"count": int}),
    Route(
        "DELETE", "queue/{zaapId}", {}, {"unknown": Call(variable=_UNKNOWN), "a phone": Call(variable="5511988887777")}
    ),
    Route("DELETE", "queue", {}),
)

_HOOKS = (
    "deliveryCallbackUrl",
    "receivedCallbackUrl",
    "receivedAndDeliveryCallbackUrl",
    "presenceChatCallbackUrl",
    "disconnectedCallbackUrl",
    "connectedCallbackUrl",
    "messageStatusCallbackUrl",
)
_FLAGS = (
    "callRejectAuto",
    "autoReadMessage",
    "autoReadStatus",
    "isDevice",
    "businessDevice",
    "disableEnqueueWhenDisconnected",
)
_LISTED = {
    "token": str,
    "tenant": str,
    "created": str,
    "due": int,
    "paymentStatus": str,
    **dict.fromkeys((*_HOOKS, "receivedStatusCallbackUrl"), str),
    "phoneConnected": bool,
    "whatsappConnected": bool,
    "middleware": str,
    "name": str,
    "id": str,
}

PARTNER = (
    Route(
        "POST",
        "/instances/integrator/on-demand",
        {"id": str, "token": str, "due": str},
        {
            "name alone": Call({"name": "Till 3"}),
            "everything": Call(
                {
                    "name": "Till 3",
                    "sessionName": "Till",
                    **dict.fromkeys(_HOOKS, HOOK),
                    "callRejectMessage": "Please write",
                    **dict.fromkeys(_FLAGS, True),
                }
            ),
            "flags as text": Call({"name": "Till 3", **dict.fromkeys(_FLAGS, "false")}),
        },
        fields=" ".join(["name!", "sessionName", *_HOOKS, "callRejectMessage", *(f"{name}:flag" for name in _FLAGS)]),
        is_partner=True,
        refused={
            "no name": (Call({}), "name"),
            **{f"{name} without TLS": (Call({"name": "x", name: "http://x.example"}), name) for name in _HOOKS},
            **{f"{name} as a word": (Call({"name": "x", name: "yes"}), name) for name in _FLAGS},
        },
    ),
    Route(
        "GET",
        "/instances",
        {"total": int, "totalPage": int, "pageSize": int, "page": int, "content": [_LISTED]},
        {
            "a page": Call(query={"page": 1, "pageSize": 10, "middleware": "web"}),
            "a search": Call(query={"page": 1, "pageSize": 2, "query": "Till"}),
            "a slash at the end": Call(query={"page": 1, "pageSize": "2/"}),
        },
        query="page pageSize query middleware",
        status=201,
        is_partner=True,
        refused={
            "no page": (Call(query={"page": 0}), "page"),
            "another kind": (Call(query={"middleware": "desktop"}), "middleware"),
        },
    ),
    Route(
        "POST",
        "integrator/on-demand/subscription",
        "OK",
        {"no body": Call(), "empty": Call({}), "with calls": Call({"withCalls": True})},
        fields="withCalls:flag",
        status=201,
        is_partner=True,
        refused={"a word": (Call({"withCalls": "yes"}), "withCalls")},
    ),
    Route(
        "PUT",
        "integrator/on-demand/subscription/update",
        "OK",
        {"with calls": Call({"withCalls": True})},
        fields="withCalls!",
        status=201,
        is_partner=True,
        refused={"down": (Call({"withCalls": False}), "withCalls"), "nothing": (Call({}), "withCalls")},
    ),
    Route("POST", "integrator/on-demand/cancel", "OK", status=201, is_partner=True),
)

INSTANCE = (
    Route("GET", "status", {"connected": bool, "error": str, "smartphoneConnected": bool}),
    Route(
        "GET",
        "me",
        {
            "id": str,
            "token": str,
            "name": str,
            "due": int,
            "connected": bool,
            "paymentStatus": str,
            "created": str,
            "connectedCallbackUrl": TEXT_OR_NULL,
            "deliveryCallbackUrl": TEXT_OR_NULL,
            "disconnectedCallbackUrl": TEXT_OR_NULL,
            "messageStatusCallbackUrl": TEXT_OR_NULL,
            "presenceChatCallbackUrl": TEXT_OR_NULL,
            "receivedCallbackUrl": TEXT_OR_NULL,
            "receiveCallbackSentByMe": bool,
            "callRejectAuto": bool,
            "callRejectMessage": TEXT_OR_NULL,
            "autoReadMessage": bool,
            "autoReadStatus": bool,  # settable by the contract though not shown by it
            "initialDataCallbackUrl": TEXT_OR_NULL,
        },
    ),
    Route(
        "GET",
        "device",
        {
            "phone": str,
            "imgUrl": TEXT_OR_NULL,
            "about": TEXT_OR_NULL,
            "name": TEXT_OR_NULL,
            "device": {"sessionName": str, "device_model": str},
            "originalDevice": TEXT_OR_NULL,
            "sessionId": int,
            "isBusiness": bool,
        },
    ),
    Route("GET", "qr-code", {"value": str}),
    Route("GET", "qr-code/image", {"value": str}),
    Route("GET", "phone-code/{phone}", {"code": str}, {"plain": Call(variable="5511912345678")}),
    Route("GET", "restart", {"value": bool}),
    Route("GET", "restore-session", {"value": bool}),
    Route("GET", "disconnect", {"value": bool}),
    Route(
        "PUT",
        "update-name",
        {"value": bool},
        value(one="Till 4", other="Front desk"),
        fields="value!",
        refused={"nothing": (Call({}), "value"), "a number": (Call({"value": 5}), "value")},
    ),
    Route(
        "PUT",
        "profile-picture",
        {"value": bool},
        value(one="https://files.example.com/logo.jpg", other="data:image/png;base64,iVBORw0KGgo="),
        fields="value!",
        refused={"nothing": (Call({}), "value"), "no address": (Call({"value": "logo.jpg"}), "value")},
    ),
    Route(
        "PUT",
        "profile-name",
        {"value": bool},
        value(one="Front desk", other="Till 4"),
        fields="value!",
        refused={"nothing": (Call({}), "value"), "empty": (Call({"value": ""}), "value")},
    ),
    Route(
        "PUT",
        "profile-description",
        {"value": bool},
        value(one="Open 8 to 18", other=""),
        fields="value!",
        refused={"nothing": (Call({}), "value"), "too long": (Call({"value": "x" * 140}), "value")},
    ),
    flag("update-auto-read-message"),
    flag("update-auto-read-status"),
    flag("update-call-reject-auto"),
    Route(
        "PUT",
        "update-call-reject-message",
        {"value": bool},
        value(one="Please write", other="No calls"),
        fields="value!",
        refused={"nothing": (Call({}), "value"), "a number": (Call({"value": 5}), "value")},
    ),
)

ROUTES = (*QUEUE, *PARTNER, *INSTANCE)
