"""Questions: what may be asked of a session, and who answers."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import segno

from sender.answers import Answerer, NoAnswer
from sender.sessions import Sessions

PIXELS = 8  # of one module of a QR code's picture
LINKED: Mapping[str, Any] = {"connected": True, "error": "You are already connected."}


class Questions:
    """One method a question: instance and arguments in, what the reply model of the frontend's operation holds out."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def by_name(self) -> Mapping[str, Answerer]:
        """By the name that the frontend uses."""
        return {
            "qr-code": self.qr_code,
            "qr-code-image": self.qr_code_image,
            "restart": self.restart,
            "restore-session": self.restart,
            "disconnect": self.disconnect,
        }

    async def qr_code(self, instance: UUID, _: Mapping[str, Any]) -> Any:
        """The code of the moment. Asking again never breaks a pairing under way."""
        if self._sessions.get(instance) is not None:
            return LINKED
        code = await self._sessions.qr_code(instance)
        if code is None:
            if self._sessions.get(instance) is not None:
                return LINKED
            raise NoAnswer(503, "no code could be had from WhatsApp; try again")
        return {"value": code.text, "expiresAt": int(code.expires_at.timestamp() * 1000)}

    async def qr_code_image(self, instance: UUID, arguments: Mapping[str, Any]) -> Any:
        answer = await self.qr_code(instance, arguments)
        if "value" not in answer:
            return answer
        return {**answer, "value": segno.make_qr(answer["value"]).png_data_uri(scale=PIXELS)}

    async def restart(self, instance: UUID, _: Mapping[str, Any]) -> Any:
        return {"value": await self._sessions.restart(instance)}

    async def disconnect(self, instance: UUID, _: Mapping[str, Any]) -> Any:
        await self._sessions.unlink(instance)
        return {"value": True}
