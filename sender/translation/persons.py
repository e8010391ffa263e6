"""Persons: whose numbers and whose pictures an event's callbacks show, for somebody to look up before it is
translated."""

from collections.abc import Iterable, Mapping

from common.addresses import GROUP, LID, USER, Jid, server_of, to_phone, without_device
from common.tables.event_inbox import ToldEvent
from sender.translation.scene import Account, Source, pair
from sender.whatsapp.engine_events import (
    JID,
    BasicCallMeta,
    CallOffer,
    CallOfferNotice,
    CallTerminate,
    ChatPresence,
    EventCode,
    GroupInfoEvent,
    HistorySync,
    JoinedGroup,
    MessageSource,
    Node,
    Picture,
    Presence,
    Receipt,
    ReceivedMessage,
    UndecryptableMessage,
    address,
)


def nameless_in(row: ToldEvent) -> set[Jid]:
    """LIDs without a device, but for the linked account's own. Raises what a malformed event raises."""
    found = {without_device(jid) for jid in _addresses(row) if jid is not None and server_of(jid) == LID}
    return found - {without_device(Jid(row.lid))} if row.lid else found


def shown_in(row: ToldEvent, account: Account) -> Mapping[str, Jid]:
    """Whose pictures its callbacks show: people and groups, but not the account itself, by what the API calls them.
    Raises what a malformed event raises."""
    match row.code:
        case EventCode.MESSAGE:
            found = _in_message(ReceivedMessage.FromString(row.body).Info.MessageSource, account)
        case EventCode.UNDECRYPTABLE:
            found = _in_message(UndecryptableMessage.FromString(row.body).Info.MessageSource, account)
        case EventCode.CALL_OFFER:
            found = _caller(CallOffer.FromString(row.body).basicCallMeta)
        case EventCode.CALL_OFFER_NOTICE:
            found = _caller(CallOfferNotice.FromString(row.body).basicCallMeta)
        case EventCode.CALL_TERMINATE:
            found = _caller(CallTerminate.FromString(row.body).basicCallMeta)
        case EventCode.GROUP_INFO:
            group = address(GroupInfoEvent.FromString(row.body).JID)
            found = {to_phone(group): group} if group is not None else {}
        case _:
            return {}
    return {
        phone: jid
        for phone, jid in found.items()
        if server_of(jid) in (USER, LID, GROUP) and phone not in (account.phone, account.lid)
    }


def _in_message(told: MessageSource, account: Account) -> dict[str, Jid]:
    source, sender = Source.of(told, account), address(told.Sender)
    found = {source.chat_phone: source.chat}
    if sender is not None and (writer := source.writer_phone or source.writer_lid) is not None:
        found.setdefault(writer, without_device(sender))
    return found


def _caller(meta: BasicCallMeta) -> dict[str, Jid]:
    caller = address(meta.callCreator) or address(getattr(meta, "from"))
    phone, lid = pair(caller, address(meta.callCreatorAlt))
    return {phone or lid or "": without_device(caller)} if caller is not None else {}


def _addresses(row: ToldEvent) -> Iterable[Jid | None]:
    match row.code:
        case EventCode.MESSAGE:
            return _of_source(ReceivedMessage.FromString(row.body).Info.MessageSource)
        case EventCode.CHAT_PRESENCE:
            return _of_source(ChatPresence.FromString(row.body).MessageSource)
        case EventCode.PRESENCE:
            return [address(Presence.FromString(row.body).From)]
        case EventCode.RECEIPT:
            where = Receipt.FromString(row.body).MessageSource
            return [] if address(where.RecipientAlt) else [address(where.Chat)]
        case EventCode.PICTURE:
            return [address(Picture.FromString(row.body).JID)]
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
