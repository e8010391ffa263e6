"""Newsletters as clients ask for them, in graph questions (w:mex): made, shown, followed, muted."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from sender.whatsapp.emulator.accounts import Device
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.stanzas import now
from sender.whatsapp.emulator.storage.database import Database

FIRST_NEWSLETTER = 120_363_400_000_000_001

FETCH, LIST, CREATE = "fetch", "list", "create"
FOLLOW, UNFOLLOW, MUTE, UNMUTE = "follow", "unfollow", "mute", "unmute"

# The numbers of WhatsApp's own stored questions, as clients of its library send them.
QUESTIONS: Mapping[str, str] = {
    "6563316087068696": FETCH,
    "6388546374527196": LIST,
    "6234210096708695": CREATE,
    "9926858900719341": FOLLOW,
    "6392786840836363": UNFOLLOW,
    "6274038279359549": MUTE,
    "6068417879924485": UNMUTE,
}

SAVE_NEWSLETTER = "INSERT OR REPLACE INTO newsletter (id, state) VALUES (?, ?)"
SELECT_NEWSLETTERS = "SELECT id, state FROM newsletter ORDER BY id"


@dataclass(slots=True)
class Newsletter:
    """`readers` are the phones of who follows it, with whether they muted it; its owner is one of them."""

    id: str
    name: str
    description: str
    owner: str
    created_at: int = field(default_factory=now)
    invite: str = field(default_factory=lambda: os.urandom(8).hex())
    readers: dict[str, bool] = field(default_factory=dict)

    @property
    def jid(self) -> str:
        return f"{self.id}@newsletter"


class NotFound(Exception):
    """The graph's own refusal: there is no such newsletter."""


class Newsletters:
    def __init__(self, database: Database, directory: Directory) -> None:
        self._database, self._directory = database, directory
        self._by_jid: dict[str, Newsletter] = {}
        for _, state in database.read(SELECT_NEWSLETTERS):
            known = Newsletter(**orjson.loads(state))
            self._by_jid[known.jid] = known

    def add(self, owner: str, name: str, description: str) -> Newsletter:
        newsletter = Newsletter(str(FIRST_NEWSLETTER + len(self._by_jid)), name, description, owner)
        newsletter.readers[owner] = False
        self._by_jid[newsletter.jid] = newsletter
        self._save(newsletter)
        return newsletter

    def answer(self, device: Device, question: str, variables: Mapping[str, Any]) -> dict[str, Any] | None:
        """The graph's data; None for a question that is not about newsletters. Raises NotFound."""
        phone, asked = device.account.phone, QUESTIONS.get(question)
        if asked == CREATE:
            wanted = variables["newsletter_input"]
            made = self.add(phone, wanted["name"], wanted.get("description") or "")
            return {"xwa2_newsletter_create": _shown(made, phone)}
        if asked == LIST:
            own = [one for one in self._by_jid.values() if phone in one.readers]
            return {"xwa2_newsletter_subscribed": [_shown(one, phone) for one in own]}
        if asked == FETCH:
            return {"xwa2_newsletter": _shown(self._find(variables["input"]["key"]), phone)}
        if asked is not None:
            newsletter = self._find(variables["newsletter_id"])
            self._change(newsletter, phone, asked)
            return {f"xwa2_newsletter_{asked}": {"id": newsletter.jid}}
        return None

    def _change(self, newsletter: Newsletter, phone: str, what: str) -> None:
        if what == UNFOLLOW:
            newsletter.readers.pop(phone, None)
        else:
            newsletter.readers[phone] = {MUTE: True, UNMUTE: False}.get(what, newsletter.readers.get(phone, False))
        self._save(newsletter)

    def _find(self, jid: str) -> Newsletter:
        found = self._by_jid.get(jid)
        if found is None:
            raise NotFound
        return found

    def _save(self, one: Newsletter) -> None:
        state = {
            "id": one.id, "name": one.name, "description": one.description, "owner": one.owner,
            "created_at": one.created_at, "invite": one.invite, "readers": one.readers,
        }  # fmt: skip
        self._database.write(SAVE_NEWSLETTER, (one.id, orjson.dumps(state)))


def _shown(one: Newsletter, phone: str) -> dict[str, Any]:
    text = {"id": "1", "update_time": str(one.created_at * 1_000_000)}
    role = "OWNER" if phone == one.owner else "SUBSCRIBER" if phone in one.readers else "GUEST"
    return {
        "id": one.jid,
        "state": {"type": "ACTIVE"},
        "thread_metadata": {
            "creation_time": str(one.created_at),
            "invite": one.invite,
            "name": {"text": one.name, **text},
            "description": {"text": one.description, **text},
            "subscribers_count": str(len(one.readers)),
            "verification": "UNVERIFIED",
            "picture": None,
            "preview": {"id": "", "type": "PREVIEW", "direct_path": ""},
            "settings": {"reaction_codes": {"value": "ALL"}},
        },
        "viewer_metadata": {"mute": "ON" if one.readers.get(phone) else "OFF", "role": role},
    }
