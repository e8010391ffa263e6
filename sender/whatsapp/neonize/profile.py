"""The account's own profile, read and changed through a session."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from common.addresses import Jid
from sender.whatsapp.neonize.failures import failure_of_send
from sender.whatsapp.neonize.protobuf import (
    GetProfilePictureReturnFunction,
    GetUserInfoReturnFunction,
    JIDArray,
    SetGroupPhotoReturnFunction,
    to_engine,
)
from sender.whatsapp.session import Profile

Ask = Callable[[str, bytes], Awaitable[bytes]]
"""A question to the library about a connected session, and its answer. Raises DeliveryError."""

# The library's words for an account that shows no picture to anybody, or has none.
_NO_PICTURE = ("item-not-found", "not-authorized", "does not have a profile picture", "hidden their profile picture")


class _Answer(Protocol):
    Error: str


Reply = TypeVar("Reply", bound=_Answer)


class OwnProfile:
    def __init__(self, ask: Ask, account: Jid) -> None:
        self._ask = ask
        self._account = account

    async def read(self, name: str | None) -> Profile:
        """WhatsApp tells everything but the name, which the store has."""
        array = JIDArray()
        array.JIDS.add().ParseFromString(to_engine(self._account))
        known = GetUserInfoReturnFunction.FromString(await self._ask("user-info", array.SerializeToString()))
        about = next((one.UserInfo.Status for one in _checked(known).UsersInfo), "")
        picture = GetProfilePictureReturnFunction.FromString(await self._ask("picture", to_engine(self._account)))
        if not any(text in picture.Error for text in _NO_PICTURE):
            _checked(picture)
        return Profile(name, about or None, picture.Picture.URL or None)

    async def change_name(self, name: str) -> None:
        await self._tell("set-name", name)

    async def change_about(self, about: str) -> None:
        await self._tell("set-about", about)

    async def change_picture(self, jpeg: bytes) -> None:
        _checked(SetGroupPhotoReturnFunction.FromString(await self._ask("set-picture", jpeg)))

    async def _tell(self, name: str, text: str) -> None:
        # It crosses into C, where a text ends at its first NUL.
        if error := await self._ask(name, text.replace("\0", "").encode()):
            raise failure_of_send(error.decode(errors="replace"), is_on_wire=False)


def _checked(answer: Reply) -> Reply:
    if answer.Error:
        raise failure_of_send(answer.Error, is_on_wire=False)
    return answer
