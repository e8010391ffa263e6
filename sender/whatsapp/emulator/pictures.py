"""Pictures of accounts and groups: set, looked up, and told to those who see them."""

from collections.abc import Iterable, Mapping

from sender.whatsapp.emulator.accounts import Account, Device
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.group import Group, Groups
from sender.whatsapp.emulator.mailbox import Mailbox
from sender.whatsapp.emulator.media import PICTURE_HOST, Media
from sender.whatsapp.emulator.questions import Answer, Key
from sender.whatsapp.emulator.stanzas import OK, Refused, Reply, StanzaIds, forbidden, not_found, notification, now
from sender.whatsapp.wire.jid import GROUP_SERVER, Jid
from sender.whatsapp.wire.node import Attributes, Node

_UNCHANGED = 304
_HIDDEN = 401


class Pictures:
    def __init__(self, directory: Directory, groups: Groups, mailbox: Mailbox, media: Media, ids: StanzaIds) -> None:
        self._directory, self._groups = directory, groups
        self._mailbox, self._media, self._ids = mailbox, media, ids

    def answers(self) -> Mapping[Key, Answer]:
        return {("w:profile:picture", None): self.answer}

    def answer(self, device: Device, question: Node) -> Reply:
        target = question.find_jid("target")
        owner = self._owner(target) if target else device.account
        picture = question.find("picture")
        if question.get("type") == "set":
            return self._change(device, owner, picture.data if picture else None)
        return self._show(device, owner, picture or Node("picture"))

    def set(self, owner: Account | Group, author: Account, data: bytes | None) -> str | None:
        """None takes the picture away. Gives the picture's id."""
        holder = owner if isinstance(owner, Group) else owner.profile
        before = int(holder.picture_id or 0)
        holder.picture = self._media.keep(data) if data else None
        holder.picture_id = str(max(now(), before + 1)) if data else None
        if isinstance(owner, Group):
            self._groups.save(owner)
        else:
            self._directory.save(owner)
        self._tell(owner, author, holder.picture_id)
        return holder.picture_id

    def _change(self, device: Device, owner: Account | Group, data: bytes | None) -> Reply:
        if isinstance(owner, Group):
            if device.account not in owner.members or ("locked" in owner.flags and not owner.is_admin(device.account)):
                raise forbidden()
        elif owner is not device.account:
            raise forbidden()
        picture_id = self.set(owner, device.account, data)
        return Reply([Node("picture", {"id": picture_id})]) if picture_id else OK

    def _show(self, device: Device, owner: Account | Group, wanted: Node) -> Reply:
        holder = owner if isinstance(owner, Group) else owner.profile
        if (
            isinstance(owner, Account)
            and owner is not device.account
            and owner.profile.privacy.get("profile") == "none"
        ):
            raise Refused(_HIDDEN, "not-authorized")
        if holder.picture is None:
            raise not_found()
        if wanted.get("id") == holder.picture_id:
            return Reply([Node("picture", {"status": _UNCHANGED})])
        head: Attributes = {
            "id": holder.picture_id,
            "type": wanted.get("type") or "image",
            "url": f"https://{PICTURE_HOST}{holder.picture}",
            "direct_path": holder.picture,
        }
        return Reply([Node("picture", head)])

    def _tell(self, owner: Account | Group, author: Account, picture_id: str | None) -> None:
        if isinstance(owner, Group):
            jid, readers = owner.jid, list(owner.members)
            by: Attributes = {"author": author.jid(owner.addressing)}
        else:
            # Everybody who has asked for the account's devices knows it, and its own devices do.
            jid, by = owner.lid_jid, {}
            readers = list({owner: None, **{watcher.account: None for watcher, _ in owner.watchers}})
        tag = "set" if picture_id else "delete"
        head: Attributes = {"jid": jid, "id": picture_id}
        for device in _companions(readers):
            news = notification(self._ids, "picture", jid, [Node(tag, {**head, **by})])
            self._mailbox.deliver(device, news)

    def _owner(self, target: Jid) -> Account | Group:
        owner = self._groups.find(target) if target.server == GROUP_SERVER else self._directory.by_jid(target)
        if owner is None:
            raise not_found()
        return owner


def _companions(accounts: Iterable[Account]) -> list[Device]:
    return [device for account in accounts for device in account.companions]
