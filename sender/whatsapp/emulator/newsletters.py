"""Newsletters as clients ask for them, in graph questions (w:mex): made, shown, followed, muted."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
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
DELETE_NEWSLETTER = "DELETE FROM newsletter WHERE id = ?"
SELECT_NEWSLETTERS = "SELECT id, state FROM newsletter ORDER BY id"


@dataclass(slots=True)
class Newsletter:
    """`readers` are the phones of who follows it, with whether they muted it; its owner and `admins` are among them.
    `invited` may become admins. `picture` is a JPEG in base64."""

    id: str
    name: str
    description: str
    owner: str
    created_at: int = field(default_factory=now)
    invite: str = field(default_factory=lambda: os.urandom(8).hex())
    readers: dict[str, bool] = field(default_factory=dict)
    admins: list[str] = field(default_factory=list)
    invited: list[str] = field(default_factory=list)
    reactions: str = "ALL"
    picture: str | None = None

    @property
    def jid(self) -> str:
        return f"{self.id}@newsletter"


class GraphRefused(Exception):
    """The graph's own refusal, with its number."""

    def __init__(self, number: int) -> None:
        super().__init__(str(number))
        self.number = number


def no_newsletter() -> GraphRefused:
    return GraphRefused(404)


class Newsletters:
    def __init__(self, database: Database, directory: Directory) -> None:
        self._database, self._directory = database, directory
        self._by_jid: dict[str, Newsletter] = {}
        for _, state in database.read(SELECT_NEWSLETTERS):
            known = Newsletter(**orjson.loads(state))
            self._by_jid[known.jid] = known
        self._next = max((int(one.id) + 1 for one in self._by_jid.values()), default=FIRST_NEWSLETTER)

    def __iter__(self) -> Iterator[Newsletter]:
        return iter(self._by_jid.values())

    def add(self, owner: str, name: str, description: str) -> Newsletter:
        newsletter = Newsletter(str(self._next), name, description, owner)
        self._next += 1
        newsletter.readers[owner] = False
        self._by_jid[newsletter.jid] = newsletter
        self.save(newsletter)
        return newsletter

    def answer(self, device: Device, question: str, variables: Mapping[str, Any]) -> dict[str, Any] | None:
        """The graph's data; None for a question that is not about newsletters. Raises GraphRefused."""
        phone, asked = device.account.phone, QUESTIONS.get(question)
        if asked == CREATE:
            wanted = variables["newsletter_input"]
            made = self.add(phone, wanted["name"], wanted.get("description") or "")
            return {"xwa2_newsletter_create": shown(made, phone)}
        if asked == LIST:
            own = [one for one in self._by_jid.values() if phone in one.readers]
            return {"xwa2_newsletter_subscribed": [shown(one, phone) for one in own]}
        if asked == FETCH:
            return {"xwa2_newsletter": shown(self.find(variables["input"]["key"]), phone)}
        if asked is not None:
            newsletter = self.find(variables["newsletter_id"])
            self._change(newsletter, phone, asked)
            return {f"xwa2_newsletter_{asked}": {"id": newsletter.jid}}
        return None

    def _change(self, newsletter: Newsletter, phone: str, what: str) -> None:
        if what == UNFOLLOW:
            newsletter.readers.pop(phone, None)
        else:
            newsletter.readers[phone] = {MUTE: True, UNMUTE: False}.get(what, newsletter.readers.get(phone, False))
        self.save(newsletter)

    def find(self, jid: str) -> Newsletter:
        found = self._by_jid.get(jid)
        if found is None:
            raise no_newsletter()
        return found

    def save(self, one: Newsletter) -> None:
        self._database.write(SAVE_NEWSLETTER, (one.id, orjson.dumps(asdict(one))))

    def remove(self, one: Newsletter) -> None:
        del self._by_jid[one.jid]
        self._database.write(DELETE_NEWSLETTER, (one.id,))


def shown(one: Newsletter, phone: str) -> dict[str, Any]:
    text = {"id": "1", "update_time": str(one.created_at * 1_000_000)}
    role = "SUBSCRIBER" if phone in one.readers else "GUEST"
    role = "OWNER" if phone == one.owner else "ADMIN" if phone in one.admins else role
    path = f"/newsletters/{one.id}" if one.picture else ""
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
            "picture": {"id": "1", "type": "IMAGE", "direct_path": path} if path else None,
            "preview": {"id": "", "type": "PREVIEW", "direct_path": path},
            "settings": {"reaction_codes": {"value": one.reactions}},
        },
        "viewer_metadata": {"mute": "ON" if one.readers.get(phone) else "OFF", "role": role},
    }
