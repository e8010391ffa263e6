"""Questions: what may be asked of a session, and who answers."""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import segno

from common import logs
from common.errors import DeliveryError, NotConnected, NotSupported
from sender.answers import Answerer, NoAnswer
from sender.pairings import NoCode
from sender.sessions import Sessions
from sender.whatsapp.session import Profiles

log = logs.get(__name__)

PIXELS = 8  # of one module of a QR code's picture
PHONE = re.compile(r"[1-9][0-9]{7,14}", re.ASCII)
LINKED: Mapping[str, Any] = {"connected": True, "error": "You are already connected."}

NO_CODE: Mapping[str, tuple[int, str]] = {
    "timeout": (503, "no code was used in time; ask again"),
    "passkey-required": (409, "this account can only be linked with a passkey, which is not possible here"),
    "outdated": (503, "WhatsApp does not accept this version; it has to be upgraded"),
    "refused": (503, "WhatsApp refused to link; try again"),
    "engine": (503, "no code could be had from WhatsApp; try again"),
}
"""By the reason of a failed pairing."""


PortraitOf = Callable[[str, UUID], Awaitable[bytes]]
"""A URL or data URI that an instance names, as a JPEG that WhatsApp takes. Raises DeliveryErrors."""


class Questions:
    """One method a question: instance and arguments in, what the reply model of the frontend's operation holds out."""

    def __init__(self, sessions: Sessions, portrait_of: PortraitOf) -> None:
        self._sessions = sessions
        self._portrait_of = portrait_of

    def by_name(self) -> Mapping[str, Answerer]:
        """By the name that the frontend uses."""
        return {
            "qr-code": self.qr_code,
            "qr-code-image": self.qr_code_image,
            "phone-code": self.phone_code,
            "profile-name": self.change_name,
            "profile-description": self.change_about,
            "profile-picture": self.change_picture,
            "restart": self.restart,
            "restore-session": self.restart,
            "disconnect": self.disconnect,
        }

    async def qr_code(self, instance: UUID, _: Mapping[str, Any]) -> Any:
        """The code of the moment. Asking again never breaks a pairing under way."""
        if self._sessions.get(instance) is not None:
            return LINKED
        with _no_code_said():
            code = await self._sessions.qr_code(instance)
        if code is None:
            return LINKED
        return {"value": code.text, "expiresAt": int(code.expires_at.timestamp() * 1000)}

    async def qr_code_image(self, instance: UUID, arguments: Mapping[str, Any]) -> Any:
        answer = await self.qr_code(instance, arguments)
        if "value" not in answer:
            return answer
        return {**answer, "value": segno.make_qr(answer["value"]).png_data_uri(scale=PIXELS)}

    async def phone_code(self, instance: UUID, arguments: Mapping[str, Any]) -> Any:
        """A code to type on the phone with this number. Asking again gives the same one while it is valid."""
        phone = str(arguments.get("variable", ""))
        if not PHONE.fullmatch(phone):
            raise NoAnswer(400, "Invalid phone")
        if self._sessions.get(instance) is not None:
            return LINKED
        with _no_code_said():
            code = await self._sessions.phone_code(instance, phone)
        if code is None:
            return LINKED
        return {"code": code.text, "expiresAt": int(code.expires_at.timestamp() * 1000)}

    async def change_name(self, instance: UUID, arguments: Mapping[str, Any]) -> Any:
        """The name that contacts see, given as `value`."""
        return await self._changed(instance, self._sessions.change_name(instance, arguments["value"]))

    async def change_about(self, instance: UUID, arguments: Mapping[str, Any]) -> Any:
        """The text below the name, given as `value`."""
        about = arguments["value"]
        changing = self._sessions.change_profile(instance, lambda profiles: profiles.change_about(about))
        return await self._changed(instance, changing)

    async def change_picture(self, instance: UUID, arguments: Mapping[str, Any]) -> Any:
        """The picture that contacts see, given as `value`: a URL or a data URI."""

        async def change(profiles: Profiles) -> None:
            await profiles.change_picture(await self._portrait_of(arguments["value"], instance))

        return await self._changed(instance, self._sessions.change_profile(instance, change))

    async def _changed(self, instance: UUID, changing: Awaitable[None]) -> Any:
        try:
            await changing
        except NotConnected:
            raise NoAnswer(400, "You are not connected.") from None
        except NotSupported:
            raise NoAnswer(501, "the WhatsApp engine of this installation has no profiles") from None
        except DeliveryError as error:
            log.info("profile not changed", instance=instance, error_class=error.code)
            return {"value": False}
        return {"value": True}

    async def restart(self, instance: UUID, _: Mapping[str, Any]) -> Any:
        return {"value": await self._sessions.restart(instance)}

    async def disconnect(self, instance: UUID, _: Mapping[str, Any]) -> Any:
        await self._sessions.unlink(instance)
        return {"value": True}


@contextmanager
def _no_code_said() -> Iterator[None]:
    try:
        yield
    except NoCode as no:
        raise NoAnswer(*NO_CODE[no.reason]) from None
    except DeliveryError as error:
        if error.retry:
            raise NoAnswer(*NO_CODE["engine"]) from None
        raise NoAnswer(400, "WhatsApp gives no code for this phone") from None
