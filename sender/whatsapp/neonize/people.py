"""People and privacy through the library and its store."""

from collections.abc import Mapping, Sequence

from common.addresses import LID, USER, Jid, parse_phone, server_of, without_device
from sender.whatsapp.neonize.answers import Ask, checked, done, failure
from sender.whatsapp.neonize.failures import failure_of_send
from sender.whatsapp.neonize.parts import pack
from sender.whatsapp.neonize.protobuf import (
    GetBlocklistReturnFunction,
    GetProfilePictureReturnFunction,
    GetUserInfoReturnFunction,
    IsOnWhatsAppReturnFunction,
    JIDArray,
    PrivacySettings,
    SetPrivacySettingReturnFunction,
    from_engine,
    to_engine,
)
from sender.whatsapp.neonize.store import Store
from sender.whatsapp.powers.people import ChatSettings, Contact, Known

_NOTHING = "Function returned nothing."
"""The library's way of saying that an answer was empty."""

# The library's words for an account that shows no picture to anybody, or has none.
_NO_PICTURE = ("item-not-found", "not-authorized", "does not have a profile picture", "hidden their profile picture")
_SECOND = 1_000_000_000  # nanoseconds

_SETTINGS = {
    "groupadd": "GroupAdd",
    "last": "LastSeen",
    "status": "Status",
    "profile": "Profile",
    "readreceipts": "ReadReceipts",
    "online": "Online",
    "calladd": "CallAdd",
}


class NeonizePeople:
    def __init__(self, ask: Ask, store: Store, device: str) -> None:
        self._ask = ask
        self._store = store
        self._device = device

    async def account_of(self, phone: str) -> Jid | None:
        """As `session.NumberLookup` says."""
        answer = await self._ask("accounts", f"+{phone}".encode())
        result = IsOnWhatsAppReturnFunction.FromString(answer)
        if result.Error and result.Error != _NOTHING:
            raise failure_of_send(result.Error, is_on_wire=False)
        found = next((each.JID for each in result.IsOnWhatsAppResponse if each.IsIn), None)
        return None if found is None else without_device(from_engine(found))

    async def look_up(self, numbers: Sequence[str]) -> list[Known]:
        answer = await self._ask("accounts", " ".join(f"+{number}" for number in dict.fromkeys(numbers)).encode())
        result = IsOnWhatsAppReturnFunction.FromString(answer)
        if result.Error != _NOTHING:
            checked(result)
        found = {
            each.Query.lstrip("+").partition("@")[0]: without_device(from_engine(each.JID))
            for each in result.IsOnWhatsAppResponse
            if each.IsIn
        }
        others = await self._store.other_addresses(list(found.values()))
        return [_known(number, found.get(number), others) for number in numbers]

    async def picture(self, person: Jid) -> str | None:
        answer = GetProfilePictureReturnFunction.FromString(await self._ask("picture", to_engine(person)))
        if not any(text in answer.Error for text in _NO_PICTURE):
            checked(answer)
        return answer.Picture.URL or None

    async def about(self, person: Jid) -> str | None:
        array = JIDArray()
        array.JIDS.add().ParseFromString(to_engine(person))
        answer = GetUserInfoReturnFunction.FromString(await self._ask("user-info", array.SerializeToString()))
        return next((one.UserInfo.Status for one in checked(answer).UsersInfo), "") or None

    async def block(self, person: Jid, *, is_blocked: bool) -> None:
        question = pack(to_engine(person), b"block" if is_blocked else b"unblock")
        checked(GetBlocklistReturnFunction.FromString(await self._ask("block", question)))

    async def contacts(self) -> list[Contact]:
        return await self._store.contacts(self._device)

    async def chat_settings(self) -> Mapping[Jid, ChatSettings]:
        return await self._store.chat_settings(self._device)


class NeonizePrivacy:
    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def settings(self) -> Mapping[str, str]:
        answer = PrivacySettings.FromString(await self._ask("privacy", b""))
        values = PrivacySettings.DESCRIPTOR.fields_by_name
        return {
            name: values[field].enum_type.values_by_number[getattr(answer, field)].name.lower()
            for name, field in _SETTINGS.items()
        }

    async def choose(self, setting: str, value: str) -> None:
        answer = await self._ask("choose-privacy", pack(setting.encode(), value.encode()))
        checked(SetPrivacySettingReturnFunction.FromString(answer), failure)

    async def expire_new_chats(self, seconds: int) -> None:
        done(await self._ask("expire-new-chats", str(seconds * _SECOND).encode()))


def _known(number: str, found: Jid | None, others: Mapping[Jid, Jid]) -> Known:
    if found is None:
        return Known(number, None, None)
    other = others.get(found)
    addresses = {server_of(each): each for each in (found, other) if each is not None}
    return Known(number, addresses.get(USER, parse_phone(number)), addresses.get(LID))
