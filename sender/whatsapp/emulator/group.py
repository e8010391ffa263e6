"""Groups: who is in them and how they are set up; kept as one row each."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from sender.whatsapp.emulator.accounts import Account
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.stanzas import now
from sender.whatsapp.emulator.storage.database import Database
from sender.whatsapp.wire.jid import GROUP_SERVER, LID_SERVER, Jid

FIRST_GROUP = 120_363_000_000_000_001

MEMBER, ADMIN, SUPER_ADMIN = "", "admin", "superadmin"

SAVE_GROUP = "INSERT OR REPLACE INTO chat_group (id, state) VALUES (?, ?)"
DELETE_GROUP = "DELETE FROM chat_group WHERE id = ?"
SELECT_GROUPS = "SELECT id, state FROM chat_group ORDER BY id"


@dataclass(slots=True)
class Description:
    id: str
    text: str
    author: Account
    at: int


@dataclass(eq=False, slots=True)
class Group:
    id: str
    subject: str
    creator: Account
    addressing: str = LID_SERVER
    created_at: int = field(default_factory=now)
    subject_at: int = field(default_factory=now)
    subject_by: Account = field(init=False)
    members: dict[Account, str] = field(default_factory=dict)  # account -> rank
    description: Description | None = None
    flags: dict[str, str | None] = field(default_factory=dict)  # locked, announcement, ephemeral -> its seconds
    member_add_mode: str = "all_member_add"
    approval: str = "off"
    invite: str = field(default_factory=lambda: os.urandom(8).hex())
    picture: str | None = None
    picture_id: str | None = None
    is_parent: bool = False
    parent: str | None = None
    """The id of the community that it is in."""
    is_default: bool = False
    """Everybody of its community is in it."""
    requests: dict[str, int] = field(default_factory=dict)  # phones of who wants to join -> since when
    members_add_groups: bool = False

    def __post_init__(self) -> None:
        self.subject_by = self.creator
        self.members.setdefault(self.creator, SUPER_ADMIN)

    @property
    def jid(self) -> Jid:
        return Jid(self.id, GROUP_SERVER)

    def is_admin(self, account: Account) -> bool:
        return self.members.get(account, MEMBER) != MEMBER


class Groups:
    """All groups. Whoever changes one saves it."""

    def __init__(self, database: Database, directory: Directory) -> None:
        self._database, self._directory = database, directory
        self._by_id: dict[str, Group] = {}
        for group_id, state in database.read(SELECT_GROUPS):
            self._by_id[group_id] = self._load(group_id, orjson.loads(state))
        self._next = max((int(each) + 1 for each in self._by_id), default=FIRST_GROUP)

    def __iter__(self) -> Iterator[Group]:
        return iter(self._by_id.values())

    def find(self, jid: Jid) -> Group | None:
        return self._by_id.get(jid.user) if jid.server == GROUP_SERVER else None

    def by_invite(self, invite: str) -> Group | None:
        return next((group for group in self._by_id.values() if group.invite == invite), None)

    def of(self, account: Account) -> list[Group]:
        return [group for group in self._by_id.values() if account in group.members]

    def below(self, community: Group) -> list[Group]:
        return [group for group in self._by_id.values() if group.parent == community.id]

    def add(self, subject: str, creator: Account, members: Iterable[Account], addressing: str) -> Group:
        group = Group(str(self._next), subject, creator, addressing)
        self._next += 1
        for member in members:
            group.members.setdefault(member, MEMBER)
        self._by_id[group.id] = group
        self.save(group)
        return group

    def remove(self, group: Group) -> None:
        del self._by_id[group.id]
        self._database.write(DELETE_GROUP, (group.id,))

    def save(self, group: Group) -> None:
        description = group.description
        state = {
            "subject": group.subject,
            "creator": group.creator.phone,
            "addressing": group.addressing,
            "created_at": group.created_at,
            "subject_at": group.subject_at,
            "subject_by": group.subject_by.phone,
            "members": {account.phone: rank for account, rank in group.members.items()},
            "description": description and [description.id, description.text, description.author.phone, description.at],
            "flags": group.flags,
            "member_add_mode": group.member_add_mode,
            "approval": group.approval,
            "invite": group.invite,
            "picture": group.picture,
            "picture_id": group.picture_id,
            "is_parent": group.is_parent,
            "parent": group.parent,
            "is_default": group.is_default,
            "requests": group.requests,
            "members_add_groups": group.members_add_groups,
        }
        self._database.write(SAVE_GROUP, (group.id, orjson.dumps(state)))

    def _load(self, id: str, state: dict[str, Any]) -> Group:
        group = Group(id, state["subject"], self._account(state["creator"]), state["addressing"])
        group.members = {self._account(phone): rank for phone, rank in state["members"].items()}
        group.subject_by = self._account(state["subject_by"])
        if state["description"]:
            description_id, text, author, at = state["description"]
            group.description = Description(description_id, text, self._account(author), at)
        for name in (
            "created_at",
            "subject_at",
            "flags",
            "member_add_mode",
            "approval",
            "invite",
            "picture",
            "picture_id",
        ):
            setattr(group, name, state[name])
        for name in ("is_parent", "parent", "is_default", "requests", "members_add_groups"):
            setattr(group, name, state.get(name, getattr(group, name)))  # older ones have none
        return group

    def _account(self, phone: str) -> Account:
        account = self._directory.by_phone(phone)
        if account is None:
            raise RuntimeError("a stored group has a member without an account")
        return account
