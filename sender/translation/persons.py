"""Persons: the LIDs in an event whose numbers it does not tell, for somebody to look up before it is translated."""

from collections.abc import Iterable

from common.addresses import LID, Jid, server_of, without_device
from common.tables.event_inbox import ToldEvent
from sender.whatsapp.engine_events import (
    JID,
    ChatPresence,
    EventCode,
    GroupInfoEvent,
    HistorySync,
    JoinedGroup,
    MessageSource,
    Node,
    Presence,
    ReceivedMessage,
    address,
)


def nameless_in(row: ToldEvent) -> set[Jid]:
    """LIDs without a device, but for the linked account's own. Raises what a malformed event raises."""
    found = {without_device(jid) for jid in _addresses(row) if jid is not None and server_of(jid) == LID}
    return found - {without_device(Jid(row.lid))} if row.lid else found


def _addresses(row: ToldEvent) -> Iterable[Jid | None]:
    match row.code:
        case EventCode.MESSAGE:
            return _of_source(ReceivedMessage.FromString(row.body).Info.MessageSource)
        case EventCode.CHAT_PRESENCE:
            return _of_source(ChatPresence.FromString(row.body).MessageSource)
        case EventCode.PRESENCE:
            return [address(Presence.FromString(row.body).From)]
        case EventCode.HISTORY_SYNC:
            history = HistorySync.FromString(row.body).Data
            return [Jid(each.ID) for each in history.conversations if not each.pnJID]
        case EventCode.JOINED_GROUP:
            joined = JoinedGroup.FromString(row.body)
            return _people([joined.Sender] if joined.HasField("Sender") else [])
        case EventCode.GROUP_INFO:
            changed = GroupInfoEvent.FromString(row.body)
            sender = [changed.Sender] if changed.HasField("Sender") else []
            return [*_people([*sender, *changed.Join, *changed.Leave]), *_of_nodes(changed.UnknownChanges)]
    return []


def _of_source(source: MessageSource) -> Iterable[Jid | None]:
    """The other address usually comes along: then there is nothing to look up."""
    return [] if address(source.SenderAlt) or address(source.RecipientAlt) else _people([source.Chat, source.Sender])


def _people(people: Iterable[JID]) -> list[Jid | None]:
    return [address(each) for each in people]


def _of_nodes(nodes: Iterable[Node]) -> Iterable[Jid | None]:
    for node in nodes:
        for child in node.Nodes:
            for attribute in child.Attrs:
                if attribute.name == "jid":
                    yield address(attribute.jid) if attribute.HasField("jid") else Jid(attribute.text)
