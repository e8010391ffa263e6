"""Questions: what may be asked of a session, and who answers."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sender.answers import Answerer, NoAnswer
from sender.sessions import Sessions


def questions_for(sessions: Sessions) -> Mapping[str, Answerer]:
    """By the name that the frontend uses."""

    async def qr_code(instance: UUID, _: Mapping[str, Any]) -> Any:
        held = sessions.get(instance)
        if held is not None:
            return {"connected": held.session.is_connected}
        code = await sessions.qr_code(instance)
        if code is None:
            if sessions.get(instance) is not None:
                return {"connected": True}
            raise NoAnswer(503, "No code could be had from WhatsApp; try again.")
        return {"value": code.text, "expiresAt": code.expires_at.isoformat()}

    return {"qr-code": qr_code}
