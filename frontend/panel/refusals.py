"""Refusals: what the API says no with, and why a message or a delivery failed, in the words of the panel's languages. A
text that is not known here is shown as it was written."""

import re
from collections.abc import Mapping, Sequence

from common import errors
from frontend.panel.languages import Words

FAILURES = tuple(
    kind.__doc__ or ""
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.DeliveryError) and kind is not errors.DeliveryError
)
"""Why a message was not sent, unless its failure says it in more detail."""

WHOLE: Mapping[str, str] = {
    "no node holds this instance now": "No sender holds this instance now.",
    "the node that holds this instance did not answer in time": "The sender did not answer in time. Try again.",
    "the node that holds this instance cannot be asked now": "The sender cannot be asked now. Try again.",
    "the node that holds this instance could not answer": "The sender could not answer. Its log says why.",
    "the queue cannot be reached now; try again": "The database cannot be reached now.",
    "the instance is not connected and takes no messages meanwhile": (
        "The instance is not connected and takes no messages meanwhile."
    ),
    "You are not connected.": "The instance is not connected.",
    "too many requests; slow down": "Too many requests. Wait a moment.",
    "message not found": "There is no such message.",
    "instance not found": "There is no such instance.",
    "dead letter not found": "There is no such dead letter.",
    "event not found": "There is no such event.",
    "event not found, or it is on its way": "There is no such event, or it is on its way.",
    "node not found": "There is no such node.",
    "path not found": "There is no such page.",
    "the message is not in doubt": "The message is not in doubt any more.",
    "partner token not valid": "This installation has another token for that.",
    "Invalid phone": "That is no phone number.",
    "WhatsApp gives no code for this phone": "WhatsApp gives no code for this phone.",
    "value: a webhook URL must begin with https://": "A webhook's address must begin with https://.",
    "value: a webhook URL is https://, a host, perhaps a port and a path": (
        "A webhook's address is https://, a host, perhaps a port and a path."
    ),
    "webhook: no address is set for it": "No address is set for this webhook.",
}

# Places are filled from the groups of the same name; `field` and `state` are names that are translated themselves.
SHAPED: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (
            r"the message is already (?P<state>[a-z-]+) and cannot be canceled",
            "The message is already {state} and cannot be canceled.",
        ),
        (r"the trial of this instance has ended; .*", "The trial has ended. Subscribe the instance to go on."),
        (
            r"the subscription of this instance has ended; .*",
            "The subscription has ended. Subscribe the instance to go on.",
        ),
        (
            r"the queue of this disconnected instance is full \((?P<limit>[0-9]+) messages\)",
            "The instance is not connected and its queue is full ({limit} messages).",
        ),
        (r"(?:\S+ )?not allowed", "Your address may not do that."),
        (r"the receiver answered (?P<code>[0-9]+)", "The receiver answered {code}."),
        (
            r"the receiver redirects \((?P<code>[0-9]+)\), which is not followed",
            "The receiver redirects ({code}), which is not followed.",
        ),
        (
            r"(?P<field>phone|message|name|value): write (?:it in the form|an http|the digits) .*",
            "{field}: that is not in the right form.",
        ),
        (
            r"(?P<field>phone|message|name|value): write at most (?P<limit>[0-9]+) characters?",
            "{field}: no more than {limit} characters.",
        ),
        (
            r"(?P<field>phone|message|name|value): (?:write at least 1 character|field required)",
            "{field}: something has to be written here.",
        ),
    )
)
FIELDS: Mapping[str, str] = {"phone": "Phone", "message": "Message", "name": "Name", "value": "Value"}


def told(text: str, words: Words) -> str:
    """A refusal of the API, or a text of the panel itself, in the reader's language."""
    if (known := _known(text, words)) is not None:
        return known
    # The API names several fields at once.
    parts = [(part, _known(part, words)) for part in text.split("; ")]
    if any(known is not None for _, known in parts):
        return " ".join(part if known is None else known for part, known in parts)
    return words(text)


def _known(text: str, words: Words) -> str | None:
    if text in WHOLE:
        return words(WHOLE[text])
    for pattern, shaped in SHAPED:
        if match := pattern.fullmatch(text):
            values = {name: words(FIELDS.get(value, value)) for name, value in match.groupdict().items()}
            return words(shaped, **values)
    return None
