"""What owners and admins of newsletters ask the graph, and the directory that anybody may look through."""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from sender.whatsapp.emulator.accounts import Account
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.newsletters import GraphRefused, Newsletter, Newsletters, shown
from sender.whatsapp.wire.jid import Jid

LONGEST_NAME = 100
VIEWS = ("RECOMMENDED", "TRENDING", "POPULAR", "NEW", "FEATURED")
REACTIONS = ("ALL", "BASIC", "NONE")

Told = dict[str, Any]
Variables = Mapping[str, Any]


class NewsletterAdministration:
    """The numbers are WhatsApp's own, as its web client sends them."""

    def __init__(self, newsletters: Newsletters, directory: Directory) -> None:
        self._newsletters, self._directory = newsletters, directory
        self._by_number: Mapping[str, Callable[[Account, Variables], Told]] = {
            "24250201037901610": self.change,
            "30062808666639665": self.delete,
            "9580828702035549": self.accept,
            "9656078347839416": self.revoke,
            "9880997548630971": self.demote,
            "9546742745432473": self.hand_over,
            "26125047313831973": self.directory,
            "26301059626252132": self.search,
        }

    def answer(self, asker: Account, number: str, variables: Variables) -> Told | None:
        """None for other questions. Raises GraphRefused."""
        asked = self._by_number.get(number)
        return None if asked is None else asked(asker, variables)

    def change(self, asker: Account, variables: Variables) -> Told:
        newsletter, updates = self._administered(asker, variables), variables["updates"]
        if not updates or set(updates) - {"name", "description", "picture", "settings"}:
            raise GraphRefused(400)
        if name := updates.get("name"):
            if len(name) > LONGEST_NAME:
                raise GraphRefused(406)
            newsletter.name = name
        if "description" in updates:
            newsletter.description = updates["description"]
        if picture := updates.get("picture"):
            newsletter.picture = _jpeg(picture)
        if settings := updates.get("settings"):
            value = settings["reaction_codes"]["value"]
            if value not in REACTIONS:
                raise GraphRefused(400)
            newsletter.reactions = value
        self._newsletters.save(newsletter)
        return {"xwa2_newsletter_update": shown(newsletter, asker.phone)}

    def delete(self, asker: Account, variables: Variables) -> Told:
        newsletter = self._owned(asker, variables)
        self._newsletters.remove(newsletter)
        return {"xwa2_newsletter_delete_v2": {"id": newsletter.jid, "state": {"type": "DELETED"}}}

    def accept(self, asker: Account, variables: Variables) -> Told:
        newsletter = self._newsletters.find(variables["newsletter_id"])
        if asker.phone not in newsletter.invited:
            raise GraphRefused(404)
        newsletter.invited.remove(asker.phone)
        newsletter.admins.append(asker.phone)
        newsletter.readers.setdefault(asker.phone, False)
        self._newsletters.save(newsletter)
        return {"xwa2_newsletter_admin_invite_accept": {"id": newsletter.jid}}

    def revoke(self, asker: Account, variables: Variables) -> Told:
        newsletter, person = self._administered(asker, variables), self._person(variables)
        if person.phone not in newsletter.invited:
            raise GraphRefused(404)
        newsletter.invited.remove(person.phone)
        self._newsletters.save(newsletter)
        return {"xwa2_newsletter_admin_invite_revoke": {"id": newsletter.jid}}

    def demote(self, asker: Account, variables: Variables) -> Told:
        """By the owner, and oneself."""
        newsletter, person = self._newsletters.find(variables["newsletter_id"]), self._person(variables)
        if asker.phone not in (newsletter.owner, person.phone):
            raise GraphRefused(403)
        if person.phone not in newsletter.admins:
            raise GraphRefused(404)
        newsletter.admins.remove(person.phone)
        self._newsletters.save(newsletter)
        return {"xwa2_newsletter_admin_demote": {"id": newsletter.jid}}

    def hand_over(self, asker: Account, variables: Variables) -> Told:
        newsletter, person = self._owned(asker, variables), self._person(variables)
        if person.phone not in newsletter.admins:
            raise GraphRefused(403)
        newsletter.admins.remove(person.phone)
        newsletter.admins.append(asker.phone)
        newsletter.owner = person.phone
        self._newsletters.save(newsletter)
        return {"xwa2_newsletter_change_owner": {"id": newsletter.jid}}

    def directory(self, asker: Account, variables: Variables) -> Told:
        wanted = variables["input"]
        countries = wanted["filters"]["country_codes"]
        if wanted["view"] not in VIEWS or not all(isinstance(each, str) and len(each) == 2 for each in countries):
            raise GraphRefused(400)
        found = [shown(each, asker.phone) for each in self._newsletters][: _limit(wanted)]
        return {"xwa2_newsletters_directory_list": {"result": found, "page_info": _NO_MORE}}

    def search(self, asker: Account, variables: Variables) -> Told:
        wanted = variables["input"]
        text = wanted["search_text"].lower()
        found = [shown(each, asker.phone) for each in self._newsletters if text in each.name.lower()]
        return {"xwa2_newsletters_directory_search": {"result": found[: _limit(wanted)], "page_info": _NO_MORE}}

    def _owned(self, asker: Account, variables: Variables) -> Newsletter:
        newsletter = self._newsletters.find(variables["newsletter_id"])
        if asker.phone != newsletter.owner:
            raise GraphRefused(403)
        return newsletter

    def _administered(self, asker: Account, variables: Variables) -> Newsletter:
        newsletter = self._newsletters.find(variables["newsletter_id"])
        if asker.phone not in (newsletter.owner, *newsletter.admins):
            raise GraphRefused(403)
        return newsletter

    def _person(self, variables: Variables) -> Account:
        """People go by hidden address."""
        found = self._directory.by_jid(Jid.parse(variables["user_id"]))
        if found is None or variables["user_id"] != str(found.lid_jid):
            raise GraphRefused(400)
        return found


_NO_MORE = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}


def _limit(wanted: Variables) -> int:
    limit = wanted["limit"]
    if not isinstance(limit, int) or limit < 1:
        raise GraphRefused(400)
    return limit


def _jpeg(text: str) -> str:
    try:
        picture = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise GraphRefused(400) from None
    if not picture.startswith(b"\xff\xd8"):
        raise GraphRefused(406)
    return text
