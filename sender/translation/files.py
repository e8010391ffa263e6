"""Pictures, films, sounds, documents and stickers. Links lead to our own store."""

from typing import Any

from sender.translation.scene import Scene


def image(part: Any, scene: Scene) -> dict[str, Any]:
    link = scene.link("image", part)
    return {
        "image": {
            "mimeType": part.mimetype,
            "imageUrl": link.url,
            "thumbnailUrl": link.thumbnail_url,
            "caption": part.caption,
            "width": part.width,
            "height": part.height,
            "viewOnce": part.viewOnce,
            "downloadError": link.error,
        }
    }


def audio(part: Any, scene: Scene) -> dict[str, Any]:
    link = scene.link("audio", part)
    return {
        "audio": {
            "ptt": part.PTT,
            "seconds": part.seconds,
            "audioUrl": link.url,
            "mimeType": part.mimetype,
            "viewOnce": part.viewOnce,
        }
    }


def video(part: Any, scene: Scene) -> dict[str, Any]:
    """A GIF is told like a round video: without the length that an ordinary film has."""
    if part.gifPlayback:
        return round_video(part, scene)
    link = scene.link("video", part)
    return {
        "video": {
            "videoUrl": link.url,
            "caption": part.caption,
            "mimeType": part.mimetype,
            "seconds": part.seconds,
            "viewOnce": part.viewOnce,
        }
    }


def round_video(part: Any, scene: Scene) -> dict[str, Any]:
    link = scene.link("video", part)
    return {"video": {"videoUrl": link.url, "caption": part.caption, "mimeType": part.mimetype}}


def document(part: Any, scene: Scene) -> dict[str, Any]:
    link = scene.link("document", part)
    body = {
        "documentUrl": link.url,
        "mimeType": part.mimetype,
        "title": part.title,
        "pageCount": part.pageCount,
        "fileName": part.fileName,
    }
    if link.thumbnail_url:
        body["thumbnailUrl"] = link.thumbnail_url
    return {"document": body}


def sticker(part: Any, scene: Scene) -> dict[str, Any]:
    link = scene.link("sticker", part)
    return {"sticker": {"stickerUrl": link.url, "mimeType": part.mimetype}}


def header_image(part: Any, scene: Scene, *, key: str = "mimeType") -> dict[str, Any]:
    """A picture above a template or a card, or in a status post (which spells its type with a small t)."""
    link = scene.link("image", part)
    return {
        "imageUrl": link.url,
        "thumbnailUrl": link.thumbnail_url,
        "caption": part.caption,
        key: part.mimetype,
        "viewOnce": part.viewOnce,
        "width": part.width,
        "height": part.height,
    }


def header_video(part: Any, scene: Scene) -> dict[str, Any]:
    link = scene.link("video", part)
    return {
        "videoUrl": link.url,
        "caption": part.caption,
        "mimeType": part.mimetype,
        "width": part.width,
        "height": part.height,
        "seconds": part.seconds,
        "viewOnce": part.viewOnce,
    }


def header_document(part: Any, scene: Scene) -> dict[str, Any]:
    link = scene.link("document", part)
    return {
        "caption": part.caption or None,
        "documentUrl": link.url,
        "mimeType": part.mimetype,
        "title": part.title,
        "pageCount": part.pageCount,
        "fileName": part.fileName,
    }


FAMILY = {
    "imageMessage": image,
    "audioMessage": audio,
    "videoMessage": video,
    "ptvMessage": round_video,
    "documentMessage": document,
    "stickerMessage": sticker,
}
