"""The documented form of every callback, and the strict comparison of a body with it: keys, types, nesting."""

import json
from pathlib import Path
from typing import Any

_FORMS: dict[str, Any] = json.loads(Path(__file__).with_name("variants.json").read_text())
ENVELOPE: dict[str, str] = _FORMS.pop("envelope")
VARIANTS: dict[str, dict[str, Any]] = _FORMS

FULL = frozenset(
    {
        "isStatusReply", "senderLid", "chatLid", "connectedPhone", "waitingMessage", "isEdit", "isGroup",
        "isNewsletter", "instanceId", "messageId", "phone", "fromMe", "momment", "status", "chatName", "senderPhoto",
        "senderName", "photo", "broadcast", "participantPhone", "participantLid", "messageExpirationSeconds",
        "forwarded", "type", "fromApi", "referenceMessageId",
    }
)  # fmt: skip
"""What every ReceivedCallback of a message may carry beyond its own sample."""


def problems(variant: str, body: dict[str, Any], *, extra: frozenset[str] = frozenset()) -> list[str]:
    """How the body differs from the variant; `extra` are envelope keys it may carry beside the documented ones."""
    form = VARIANTS[variant]
    found = _differences("", {**form["envelope"], **form["content"]}, body, allowed=extra)
    found += [f"{key}: {_type(body[key])}, not {ENVELOPE[key]}" for key in extra & body.keys()
              if not _fits(ENVELOPE[key], body[key])]  # fmt: skip
    if body.get("type") != form["type"]:
        found.append(f"type: {body.get('type')}")
    return found


def _differences(path: str, form: dict[str, Any], value: Any, *, allowed: frozenset[str] = frozenset()) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {_type(value)}, not object"]
    if "*" in form:
        return []
    found = []
    names = {key.rstrip("?") for key in form}
    found += [f"{path}{key}: not documented" for key in value.keys() - names - allowed]
    for key, expected in form.items():
        name = key.rstrip("?")
        if name not in value:
            found += [] if key.endswith("?") else [f"{path}{name}: missing"]
        else:
            found += _compare(f"{path}{name}", expected, value[name])
    return found


def _compare(path: str, expected: Any, value: Any) -> list[str]:
    if isinstance(expected, dict):
        return _differences(f"{path}.", expected, value)
    if isinstance(expected, list):
        if not isinstance(value, list):
            return [f"{path}: {_type(value)}, not array"]
        return [each for item in value for each in _compare(f"{path}[]", expected[0], item)]
    return [] if _fits(expected, value) else [f"{path}: {value!r}, not {expected}"]


def _fits(expected: str, value: Any) -> bool:
    base, _, nullable = expected.partition(" or ")
    if value is None:
        return bool(nullable) or base == "null"
    if base.startswith("="):
        return value in [each.removeprefix("=") for each in base.split("|")]
    return _type(value) == base or (base == "number" and _type(value) == "integer")


def _type(value: Any) -> str:
    match value:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
        case _:
            return "null"
