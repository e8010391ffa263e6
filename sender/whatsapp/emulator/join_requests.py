"""Join requests: who comes by an invitation to a group where joining needs approval, and what becomes of them."""

from collections.abc import Callable, Mapping

from sender.whatsapp.emulator.accounts import Account, Device
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.group import Group, Groups
from sender.whatsapp.emulator.group_changes import GroupChanges
from sender.whatsapp.emulator.questions import Answer
from sender.whatsapp.emulator.stanzas import Reply, now
from sender.whatsapp.wire.errors import MalformedFrame
from sender.whatsapp.wire.jid import LID_SERVER
from sender.whatsapp.wire.node import Attributes, Node

NO_REQUEST = 404
ACTIONS = ("approve", "reject")

Administered = Callable[[Device, Node], Group]
"""The group that a question goes to, if the asker administers it. Raises Refused."""


class JoinRequests:
    def __init__(self, directory: Directory, groups: Groups, changes: GroupChanges) -> None:
        self._directory, self._groups, self._changes = directory, groups, changes

    def by_tag(self, administered: Administered) -> Mapping[str, Answer]:
        return {
            "membership_approval_requests": lambda device, question: self._list(administered(device, question)),
            "membership_requests_action": lambda device, question: self._decide(
                administered(device, question), device, question
            ),
        }

    def ask(self, group: Group, account: Account) -> None:
        group.requests.setdefault(account.phone, now())
        self._groups.save(group)

    def _list(self, group: Group) -> Reply:
        listed = []
        for phone, at in group.requests.items():
            account = self._directory.by_phone(phone)
            if account is not None:
                head: Attributes = {"jid": account.jid(group.addressing), "request_time": at}
                listed.append(Node("membership_approval_request", {**head, **_other(group, account)}))
        return Reply([Node("membership_approval_requests", {}, listed)])

    def _decide(self, group: Group, device: Device, question: Node) -> Reply:
        """Each has an answer of its own: whoever does not wait has an error."""
        wanted = question.first.first
        jids = [each.jid("jid") for each in wanted.all("participant")]
        if wanted.tag not in ACTIONS or not jids or len(question.first.children) != 1:
            raise MalformedFrame("requests are approved or rejected")
        told, let_in = [], []
        for jid in jids:
            account = self._directory.by_jid(jid)
            if account is None or group.requests.pop(account.phone, None) is None:
                told.append(Node("participant", {"jid": jid, "error": NO_REQUEST}))
                continue
            let_in.append(account)
            told.append(Node("participant", {"jid": jid}))
        if wanted.tag == "approve":
            self._changes.membership(group, device.account, "add", let_in)
        self._groups.save(group)
        return Reply([Node("membership_requests_action", {}, [Node(wanted.tag, {}, told)])])


def _other(group: Group, account: Account) -> Attributes:
    return {"phone_number": account.phone_jid} if group.addressing == LID_SERVER else {"lid": account.lid_jid}
