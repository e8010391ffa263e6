"""Newsletters through the library."""

from datetime import UTC, datetime

from common.addresses import Jid
from common.errors import DeliveryError
from sender.whatsapp.neonize.answers import Ask, checked, done, failure, told
from sender.whatsapp.neonize.parts import pack
from sender.whatsapp.neonize.protobuf import (
    CreateNewsletterParams,
    CreateNewsLetterReturnFunction,
    GetSubscribedNewslettersReturnFunction,
    NewsletterMetadata,
    to_engine,
)
from sender.whatsapp.powers.newsletters import Newsletter, NewsletterUnknown

_VERIFIED, _MUTED = "VERIFIED", "ON"
_UNKNOWN = ("NOT_FOUND", "not found", "(404)", "status 404")


class NeonizeNewsletters:
    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def create(self, name: str, description: str) -> Newsletter:
        wanted = CreateNewsletterParams(Name=name, Description=description, Picture=b"")
        return await self._read("create-newsletter", wanted.SerializeToString())

    async def look(self, newsletter: Jid) -> Newsletter:
        return await self._read("newsletter", to_engine(newsletter))

    async def own(self) -> list[Newsletter]:
        answer = GetSubscribedNewslettersReturnFunction.FromString(await self._ask("newsletters", b""))
        return [_newsletter(each) for each in checked(answer, _failure).Newsletter]

    async def follow(self, newsletter: Jid, *, is_followed: bool) -> None:
        question = "follow-newsletter" if is_followed else "unfollow-newsletter"
        done(await self._ask(question, to_engine(newsletter)), _failure)

    async def mute(self, newsletter: Jid, *, is_muted: bool) -> None:
        question = pack(to_engine(newsletter), b"\1" if is_muted else b"\0")
        done(await self._ask("mute-newsletter", question), _failure)

    async def _read(self, question: str, body: bytes) -> Newsletter:
        answer = CreateNewsLetterReturnFunction.FromString(await self._ask(question, body))
        return _newsletter(checked(answer, _failure).NewsletterMetadata)


def _newsletter(told_of: NewsletterMetadata) -> Newsletter:
    address = told(told_of.ID)
    if address is None:
        raise NewsletterUnknown
    thread, viewer = told_of.ThreadMeta, told_of.ViewerMeta
    return Newsletter(
        address=address,
        state=_word(told_of.State, "Type"),
        name=thread.Name.Text,
        description=thread.Description.Text,
        created_at=datetime.fromtimestamp(thread.CreationTime, UTC) if thread.CreationTime > 0 else None,
        subscribers=thread.SubscriberCount,
        invite_code=thread.InviteCode,
        is_verified=_word(thread, "VerificationState") == _VERIFIED,
        picture=thread.Picture.URL or None,
        preview=thread.Preview.URL or None,
        is_muted=told_of.HasField("ViewerMeta") and _word(viewer, "Mute") == _MUTED,
        role=_word(viewer, "Role") if told_of.HasField("ViewerMeta") else None,
    )


def _word(message: NewsletterMetadata, field: str) -> str:
    name: str = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number[getattr(message, field)].name
    return name


def _failure(error: str) -> DeliveryError:
    return NewsletterUnknown() if any(part in error for part in _UNKNOWN) else failure(error)
