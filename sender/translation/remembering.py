"""Remembering: which received messages are kept, so that they can be quoted, forwarded or taken back later."""

from common.addresses import STATUS, Jid, without_device
from common.tables.event_inbox import ToldEvent
from common.tables.received_message import ReceivedMessage
from sender.whatsapp.engine_events import EventCode, address
from sender.whatsapp.engine_events import ReceivedMessage as Told

_NOT_CONTENT = frozenset(
    {"messageContextInfo", "senderKeyDistributionMessage", "protocolMessage", "reactionMessage", "pollUpdateMessage"}
)


def remembered(row: ToldEvent) -> ReceivedMessage | None:
    """None for what is no message that somebody could mean: keys, reactions, votes, edits, statuses."""
    if row.code != EventCode.MESSAGE:
        return None
    told = Told.FromString(row.body)
    source = told.Info.MessageSource
    chat, author = (without_device(address(each) or Jid("")) for each in (source.Chat, source.Sender))
    names = {field.name for field, _ in told.Message.ListFields()}
    if chat == STATUS or not chat or not author or not names - _NOT_CONTENT:
        return None
    return ReceivedMessage(
        row.instance_id, told.Info.ID, chat, author, source.IsFromMe, told.Message.SerializeToString(), row.told_at
    )
