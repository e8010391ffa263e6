"""Newsletter administration in questions to the graph (w:mex).

Numbers and variables are those of WhatsApp's web client as whatsapp-rust lists them (iq/mex_operations.rs, of August
2026); Baileys (Types/Mex.ts) has the same for changing and deleting, zapo (newsletter/admin.ts) the same variables.
WhatsApp changes such numbers from time to time. Not tried live here. A first invitation to administer may be refused
until its terms were accepted on the phone.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from common.addresses import Jid
from sender.whatsapp.powers.newsletters import Newsletter, NewsletterUnknown
from sender.whatsapp.powers.refusals import NotUnderstood, QuestionRefused
from sender.whatsapp.relay.asking import Ask, moment
from sender.whatsapp.relay.graph import Graph

CHANGE, DELETE = "24250201037901610", "30062808666639665"
ACCEPT, REVOKE, DEMOTE, HAND_OVER = "9580828702035549", "9656078347839416", "9880997548630971", "9546742745432473"
DIRECTORY, SEARCH = "26125047313831973", "26301059626252132"


class RelayedNewsletters:
    def __init__(self, ask: Ask) -> None:
        self._graph = Graph(ask)

    async def rename(self, newsletter: Jid, name: str) -> None:
        await self._change(newsletter, {"name": name})

    async def describe(self, newsletter: Jid, text: str) -> None:
        await self._change(newsletter, {"description": text})

    async def set_picture(self, newsletter: Jid, jpeg: bytes) -> None:
        await self._change(newsletter, {"picture": b64encode(jpeg).decode()})

    async def limit_reactions(self, newsletter: Jid, *, is_basic_only: bool) -> None:
        value = "BASIC" if is_basic_only else "ALL"
        await self._change(newsletter, {"settings": {"reaction_codes": {"value": value}}})

    async def delete(self, newsletter: Jid) -> None:
        await self._ask(DELETE, {"newsletter_id": newsletter}, "xwa2_newsletter_delete_v2")

    async def accept_invitation(self, newsletter: Jid) -> None:
        await self._ask(ACCEPT, {"newsletter_id": newsletter}, "xwa2_newsletter_admin_invite_accept")

    async def remove_admin(self, newsletter: Jid, person: Jid) -> None:
        await self._about(DEMOTE, newsletter, person, "xwa2_newsletter_admin_demote")

    async def revoke_invitation(self, newsletter: Jid, person: Jid) -> None:
        await self._about(REVOKE, newsletter, person, "xwa2_newsletter_admin_invite_revoke")

    async def hand_over(self, newsletter: Jid, person: Jid) -> None:
        await self._about(HAND_OVER, newsletter, person, "xwa2_newsletter_change_owner")

    async def list_directory(self, view: str, countries: Sequence[str], limit: int) -> list[Newsletter]:
        asked = {"view": view, "limit": limit, "filters": {"country_codes": list(countries)}}
        return _found(await self._ask(DIRECTORY, {"input": asked}, "xwa2_newsletters_directory_list"))

    async def search_directory(self, text: str, limit: int) -> list[Newsletter]:
        asked = {"search_text": text, "limit": limit, "categories": []}
        return _found(await self._ask(SEARCH, {"input": asked}, "xwa2_newsletters_directory_search"))

    async def _change(self, newsletter: Jid, updates: Mapping[str, Any]) -> None:
        await self._ask(CHANGE, {"newsletter_id": newsletter, "updates": updates}, "xwa2_newsletter_update")

    async def _about(self, question: str, newsletter: Jid, person: Jid, told: str) -> None:
        await self._ask(question, {"newsletter_id": newsletter, "user_id": person}, told)

    async def _ask(self, question: str, variables: Mapping[str, Any], told: str) -> Mapping[str, Any]:
        try:
            return await self._graph.query(question, variables, told)
        except QuestionRefused as refusal:
            if refusal.number == 404:
                raise NewsletterUnknown from None
            raise


def _found(answer: Mapping[str, Any]) -> list[Newsletter]:
    try:
        return [_newsletter(each) for each in answer.get("result") or ()]
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise NotUnderstood("an answer of the channels' directory") from error


def _newsletter(shown: Mapping[str, Any]) -> Newsletter:
    thread = shown["thread_metadata"]
    return Newsletter(
        address=Jid(str(shown["id"])),
        state=(shown.get("state") or {}).get("type", "ACTIVE"),
        name=str(thread["name"]["text"]),
        description=str((thread.get("description") or {}).get("text") or ""),
        created_at=moment(int(thread.get("creation_time") or 0)),
        subscribers=int(thread.get("subscribers_count") or 0),
        invite_code=thread.get("invite") or "",
        is_verified=thread.get("verification") == "VERIFIED",
        picture=(thread.get("picture") or {}).get("direct_path") or None,
        preview=(thread.get("preview") or {}).get("direct_path") or None,
        is_muted=False,
        role=None,
    )
