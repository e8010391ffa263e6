"""Channels: the invitation to become an admin of one."""

from typing import Any

from sender.translation.scene import Scene


def admin_invitation(part: Any, scene: Scene) -> dict[str, Any]:
    """`inviteExpiration` is in seconds."""
    return {
        "newsletterAdminInvite": {
            "newsletterId": part.newsletterJID,
            "newsletterName": part.newsletterName,
            "text": part.caption,
            "inviteExpiration": part.inviteExpiration,
        }
    }


FAMILY = {"newsletterAdminInviteMessage": admin_invitation}
