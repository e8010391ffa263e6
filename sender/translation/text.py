"""Texts: plain, with a preview, through an advertisement."""

from typing import Any

from sender.translation.scene import Scene


def conversation(text: str, scene: Scene) -> dict[str, Any]:
    return {"text": {"message": text}}


def extended(part: Any, scene: Scene) -> dict[str, Any]:
    """What WhatsApp attached to a link comes beside the text. (`descritpion` is a slip of one sample.)"""
    text: dict[str, Any] = {"message": part.text}
    for key, value in (("description", part.description), ("title", part.title), ("url", part.matchedText)):
        if value:
            text[key] = value
    body: dict[str, Any] = {"text": text}
    if part.contextInfo.HasField("externalAdReply"):
        ad = advertisement(part.contextInfo.externalAdReply)
        body["externalAdReply"] = ad
        for key, value in (("description", ad["body"]), ("title", ad["title"]), ("url", ad["sourceUrl"]),
                           ("thumbnailUrl", ad["thumbnailUrl"])):  # fmt: skip
            if value:
                text.setdefault(key, value)
    return body


def group_invitation(part: Any, scene: Scene) -> dict[str, Any]:
    """An invitation into a group is a text with its link attached."""
    text = {"message": part.caption, "title": part.groupName, "url": f"https://chat.whatsapp.com/{part.inviteCode}"}
    return {"text": text}


def advertisement(ad: Any) -> dict[str, Any]:
    return {
        "title": ad.title,
        "body": ad.body,
        "mediaType": ad.mediaType,
        "thumbnailUrl": ad.thumbnailURL,
        "sourceType": ad.sourceType,
        "sourceId": ad.sourceID,
        "ctwaClid": ad.ctwaClid,
        "sourceUrl": ad.sourceURL,
        "containsAutoReply": ad.containsAutoReply,
        "renderLargerThumbnail": ad.renderLargerThumbnail,
        "showAdAttribution": ad.showAdAttribution,
    }


FAMILY = {
    "conversation": conversation,
    "extendedTextMessage": extended,
    "groupInviteMessage": group_invitation,
}
