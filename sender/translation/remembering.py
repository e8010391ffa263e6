"""Remembering: which received messages are kept, so that they can be quoted, forwarded or taken back later."""

from common.addresses import STATUS, Jid, without_device
from common.tables.event_inbox import ToldEvent
from common.tables.received_message import ReceivedMessage
from sender.whatsapp.engine_events import EventCode, address
from sender.whatsapp.engine_events import ReceivedMessage as Told

_NOT_CONTENT = frozenset(
    {"messageContextInfo", "senderKeyDistributionMessage", "protocolMessage", "reactionMessage", "pollUpdateMessage"}
)


def is_message(told: Told) -> bool:
    """Whether there is something to read."""
    return bool({field.name for field, _ in told.Message.ListFields()} - _NOT_CONTENT)


def remembered(row: ToldEvent) -> ReceivedMessage | None:
    """None for what is no message that somebody could mean: keys, reactions, votes, edits, statuses."""
    if row.code != EventCode.MESSAGE:
        return None
    told = Told.FromString(row.body)
    source = told.Info.MessageSource
    chat, author = (without_device(address(each) or Jid("")) for each in (source.Chat, source.Sender))
    if chat == STATUS or not chat or not author or not is_message(told):
        return None
    return ReceivedMessage(
        row.instance_id, told.Info.ID, chat, author, source.IsFromMe, told.Message.SerializeToString(), row.told_at
    )
