"""Text messages. Replies, edits and mentions are stored by the API and not composed yet: they fail, never go plain."""

import re

from common.errors import CannotCompose
from common.requests.messages import SendText
from sender.whatsapp.protobuf import Message

_BREAKS = re.compile(r"\r\n|\r|%0a", re.IGNORECASE)
_LATER = ("messageId", "editMessageId", "privateAnswer", "mentioned", "groupMentioned")


def compose(payload: str) -> Message:
    """Raises CannotCompose for what is not composed yet."""
    send = SendText.model_validate_json(payload)
    if used := [name for name in _LATER if getattr(send, name)]:
        raise CannotCompose(f"send-text with {used[0]} cannot be sent by this version")
    return Message(conversation=with_line_breaks(send.message))


def with_line_breaks(text: str) -> str:
    r"""The four spellings of a line break (`\n`, `\r`, `\r\n`, `%0a`) as one."""
    return _BREAKS.sub("\n", text)
