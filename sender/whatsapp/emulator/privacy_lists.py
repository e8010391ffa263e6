"""Privacy: the values of an account's settings, and for some of them the list of who is left out."""

import hashlib
from collections.abc import Mapping, Sequence

from sender.whatsapp.emulator.accounts import Account, Device
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.questions import Answer, Key
from sender.whatsapp.emulator.stanzas import Refused, Reply
from sender.whatsapp.wire.errors import MalformedFrame
from sender.whatsapp.wire.jid import LID_SERVER
from sender.whatsapp.wire.node import Node

DEFAULT_PRIVACY = {
    "groupadd": "all",
    "last": "all",
    "status": "all",
    "profile": "all",
    "readreceipts": "all",
    "online": "all",
    "calladd": "all",
    "messages": "all",
    "defense": "off",
    "stickers": "all",
}
LISTED = ("groupadd", "last", "status", "profile")
"""Settings with a list."""
LEFT_OUT, NO_LIST = "contact_blacklist", "none"
STALE = 409


class PrivacyLists:
    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def answers(self) -> Mapping[Key, Answer]:
        return {("privacy", "privacy"): self.privacy}

    def privacy(self, device: Device, question: Node) -> Reply:
        wanted = question.child("privacy")
        if question.get("type") == "set":
            return self._change(device.account, wanted)
        asked = wanted.find("list")
        if asked is not None:
            return self._show(device.account, wanted, asked)
        return Reply([Node("privacy", {}, _categories(device.account, None))])

    def _show(self, account: Account, wanted: Node, asked: Node) -> Reply:
        name = _listed(wanted, asked)
        people = [self._directory.by_lid(lid) for lid in account.profile.left_out.get(name, ())]
        users = [Node("user", {"jid": each.lid_jid}) for each in people if each]
        head = {"name": name, "value": LEFT_OUT, "dhash": _stamp(account, name)}
        return Reply([Node("privacy", {}, [Node("list", head, users)])])

    def _change(self, account: Account, wanted: Node) -> Reply:
        categories = wanted.all("category")
        if not categories:
            raise MalformedFrame("nothing to set")
        for category in categories:
            name = category.text("name")
            if category.children:
                self._change_list(account, name, wanted, category)
            account.profile.privacy[name] = category.text("value")
        self._directory.save(account)
        return Reply([Node("privacy", {}, _categories(account, {each.text("name") for each in categories}))])

    def _change_list(self, account: Account, name: str, wanted: Node, category: Node) -> None:
        _listed(wanted, category)
        if category.text("dhash") != (_stamp(account, name) or NO_LIST):
            raise Refused(STALE, "conflict")
        left_out = list(account.profile.left_out.get(name, ()))
        for user in category.all("user"):
            jid, action = user.jid("jid"), user.text("action")
            known = self._directory.by_jid(jid)
            if jid.server != LID_SERVER or known is None or action not in ("add", "remove"):
                raise MalformedFrame("entries go by hidden address, and are added or removed")
            if action == "add" and known.lid not in left_out:
                left_out.append(known.lid)
            elif action == "remove" and known.lid in left_out:
                left_out.remove(known.lid)
        account.profile.left_out[name] = left_out


def _listed(wanted: Node, node: Node) -> str:
    name = node.text("name")
    if wanted.get("addressing_mode") != "lid" or node.text("value") != LEFT_OUT or name not in LISTED:
        raise MalformedFrame("a list of who is left out is asked for in another way")
    return name


def _stamp(account: Account, name: str) -> str | None:
    lids: Sequence[str] = account.profile.left_out.get(name, ())
    return hashlib.sha256(",".join(lids).encode()).hexdigest()[:16] if lids else None


def _categories(account: Account, names: set[str] | None) -> list[Node]:
    """With the stamps of their lists, where only some are told: those that were set."""
    values = {**DEFAULT_PRIVACY, **account.profile.privacy}
    if names is None:
        return [Node("category", {"name": name, "value": value}) for name, value in values.items()]
    return [Node("category", {"name": name, "value": values[name], "dhash": _stamp(account, name)}) for name in names]
