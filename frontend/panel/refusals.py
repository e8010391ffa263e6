"""Refusals: what the API says no with, in the words of the panel's languages. A text that is not known here is shown as
the API wrote it."""

import re
from collections.abc import Mapping, Sequence

from frontend.panel.languages import Words

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
        (
            r"(?P<field>phone|message|name|value): string should match pattern .*",
            "{field}: that is not in the right form.",
        ),
        (
            r"(?P<field>phone|message|name|value): string should have at most (?P<limit>[0-9]+) characters?",
            "{field}: no more than {limit} characters.",
        ),
        (
            r"(?P<field>phone|message|name|value): (?:string should have at least 1 character|field required)",
            "{field}: something has to be written here.",
        ),
    )
)
FIELDS: Mapping[str, str] = {"phone": "Phone", "message": "Message", "name": "Name", "value": "Value"}


def told(text: str, words: Words) -> str:
    """A refusal of the API, or a text of the panel itself, in the reader's language."""
    if text in WHOLE:
        return words(WHOLE[text])
    for pattern, shaped in SHAPED:
        if match := pattern.fullmatch(text):
            values = {name: words(FIELDS.get(value, value)) for name, value in match.groupdict().items()}
            return words(shaped, **values)
    parts = text.split("; ")
    return words(text) if len(parts) == 1 else " ".join(told(part, words) for part in parts)
