"""usync: who is on WhatsApp, hidden ids, device lists, status texts and picture ids, many accounts a question."""

from collections.abc import Mapping

from sender.whatsapp.emulator.accounts import HANDSET, Account, Device
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.participants import device_jids, participant_hash
from sender.whatsapp.emulator.questions import Answer, Key
from sender.whatsapp.emulator.stanzas import Reply
from sender.whatsapp.wire.jid import PHONE_SERVER, Jid
from sender.whatsapp.wire.node import Node

_ECHOED = ("sid", "index", "last", "mode", "context")


class Usync:
    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def answers(self) -> Mapping[Key, Answer]:
        return {("usync", "usync"): self.answer}

    def answer(self, device: Device, question: Node) -> Reply:
        usync = question.child("usync")
        wanted = {part.tag: part for part in usync.child("query").children}
        users = [self._user(device, user, wanted) for user in usync.child("list").children]
        content = [Node("result", {}, [Node(tag) for tag in wanted]), Node("list", {}, users)]
        return Reply([Node("usync", {name: usync.get(name) for name in _ECHOED}, content)])

    def _user(self, device: Device, user: Node, wanted: Mapping[str, Node]) -> Node:
        contact = user.find("contact")
        if contact is not None:
            return self._contact(device, contact, wanted)
        jid = user.jid("jid")
        account = self._directory.by_jid(jid)
        content = _describe(device, account, jid.server, wanted) if account else []
        return Node("user", {"jid": jid}, content or None)

    def _contact(self, device: Device, contact: Node, wanted: Mapping[str, Node]) -> Node:
        """A number as its owner writes it, `+5511...[@c.us]`; the text comes back as it was asked."""
        number = contact.data.decode(errors="replace").partition("@")[0].lstrip("+")
        account = self._directory.by_phone(number)
        found = Node("contact", {"type": "in" if account else "out"}, contact.data)
        if account is None:
            return Node("user", {"jid": Jid(number, PHONE_SERVER)}, [found])
        names = {"jid": account.phone_jid}
        if "contact" in wanted and wanted["contact"].get("addressing_mode") == "lid":
            names = {"jid": account.lid_jid, "pn_jid": account.phone_jid}
        return Node("user", names, [found, *_describe(device, account, names["jid"].server, wanted)])


def _describe(device: Device, account: Account, server: str, wanted: Mapping[str, Node]) -> list[Node]:
    content = []
    if "devices" in wanted:
        account.watchers.add((device, server))
        content.append(_devices(account, server))
    if "lid" in wanted:
        content.append(Node("lid", {"val": account.lid_jid}))
    if "status" in wanted:
        content.append(Node("status", {}, account.profile.about))
    if "picture" in wanted and account.profile.picture_id:
        content.append(Node("picture", {"id": account.profile.picture_id}))
    if "disappearing_mode" in wanted:
        content.append(Node("disappearing_mode", {"duration": 0, "t": 0}))
    return content


def _devices(account: Account, server: str) -> Node:
    """Numbers only: the asker combines them with the address it asked for."""
    listed = [
        Node("device", {"id": number, "key-index": number if number != HANDSET else None})
        for number in sorted(account.devices)
    ]
    known = participant_hash(device_jids(account, server))
    return Node("devices", {}, [Node("device-list", {"hash": known}, listed)])
