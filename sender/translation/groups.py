"""Groups: who came, left or asks to join, a group that is new, who may see its link."""

from collections.abc import Iterable
from typing import Any

from common.addresses import Jid, server_of, to_phone, user_of, without_device
from common.callbacks import event
from common.tables.event import NewEvent
from common.tables.event_inbox import ToldEvent
from sender.translation.scene import Account, notification_envelope, pair
from sender.whatsapp.engine_events import JID, GroupInfoEvent, JoinedGroup, Node, address


def group_changed(row: ToldEvent, account: Account) -> list[NewEvent]:
    """One notice for each change of the event; it carries no id, so the notice gets the number of its row."""
    told = GroupInfoEvent.FromString(row.body)
    actor = address(told.Sender) if told.HasField("Sender") else None
    notice = _Notice(row, account, told.JID, actor, told.Timestamp * 1000)
    events = []
    if told.Join:
        events.append(notice.about("GROUP_PARTICIPANT_ADD", told.Join))
    for each in told.Leave:
        left = without_device(address(each) or Jid(""))
        is_own_doing = actor is None or without_device(actor) == left
        events.append(notice.about("GROUP_PARTICIPANT_LEAVE" if is_own_doing else "GROUP_PARTICIPANT_REMOVE", [each]))
    for node in told.UnknownChanges:
        events += _change(node, notice)
    return events


def group_joined(row: ToldEvent, account: Account) -> list[NewEvent]:
    """A group that was created, or that somebody put the linked number into."""
    told = JoinedGroup.FromString(row.body)
    actor = address(told.SenderPN) or address(told.Sender) if told.HasField("Sender") else None
    milliseconds = int(row.told_at.timestamp() * 1000)
    notice = _Notice(row, account, told.GroupInfo.JID, actor, milliseconds, told.GroupInfo.GroupName.Name)
    if told.Type == "new" or told.CreateKey:
        return [notice.made("GROUP_CREATE", [told.GroupInfo.GroupName.Name])]
    return [notice.made("GROUP_PARTICIPANT_ADD", [account.phone])]


class _Notice:
    def __init__(
        self, row: ToldEvent, account: Account, group: JID, actor: Jid | None, at: int, name: str | None = None
    ) -> None:
        self._row = row
        self._account = account
        self._group = without_device(address(group) or Jid(""))
        self._actor = actor
        self._at = at
        self._name = name
        self._count = 0

    def about(self, name: str, people: Iterable[JID]) -> NewEvent:
        numbers = [self.phone(address(each)) for each in people]
        return self.made(name, numbers)

    def made(self, name: str, parameters: list[str], **more: Any) -> NewEvent:
        phone, lid = pair(self._actor, None)
        if lid is not None and phone is None:
            phone = self._known(Jid(lid))
        suffix = f"-{self._count}" if self._count else ""
        self._count += 1
        envelope = notification_envelope(
            self._account,
            isGroup=True,
            chatLid=None,
            messageId=f"{self._row.id}{suffix}",
            phone=to_phone(self._group),
            chatName=self._name or self._account.groups.get(self._group),
            photo=self._account.picture_of(to_phone(self._group)),
            momment=self._at,
            fromMe=phone is not None and phone == self._account.phone,
            senderName=phone or "",
            participantPhone=phone,
            participantLid=lid,
        )
        body = {**envelope, "notification": name, "notificationParameters": parameters, **more}
        return event(self._account.instance_id, "received", body, is_own=bool(body["fromMe"]))

    def _known(self, lid: Jid) -> str | None:
        number = self._account.phone_of(lid)
        return number if number.isdigit() else None

    def phone(self, jid: Jid | None) -> str:
        return "" if jid is None else self._account.phone_of(jid)


def _change(node: Node, notice: _Notice) -> list[NewEvent]:
    """What the library hands on as the server's own words."""
    match node.Tag:
        case "created_membership_requests":
            method = "non_admin_add" if _text(node, "request_method").lower() == "non_admin_add" else "invite_link"
            return [notice.made("MEMBERSHIP_APPROVAL_REQUEST", _people(node, notice), requestMethod=method)]
        case "revoked_membership_requests":
            return [notice.made("REVOKED_MEMBERSHIP_REQUESTS", _people(node, notice))]
        case "member_link_mode":
            mode = node.Bytes.decode(errors="replace").upper()
            if mode in ("ADMIN_LINK", "ALL_MEMBER_LINK"):
                return [notice.made("GROUP_MEMBER_LINK_PROPERTY_UPDATE", [], linkMode=mode)]
    return []


def _people(node: Node, notice: _Notice) -> list[str]:
    """The numbers that the node's children name, where WhatsApp tells them, else their LIDs."""
    people = []
    for child in node.Nodes:
        number, jid = _jid(child, "phone_number"), _jid(child, "jid")
        if number is not None or jid is not None:
            people.append(notice.phone(number or jid))
    return people


def _jid(node: Node, name: str) -> Jid | None:
    for attribute in node.Attrs:
        if attribute.name == name:
            if attribute.HasField("jid"):
                return address(attribute.jid)
            jid = Jid(attribute.text)
            return jid if user_of(jid) and server_of(jid) else None
    return None


def _text(node: Node, name: str) -> str:
    return next((attribute.text for attribute in node.Attrs if attribute.name == name), "")
