"""Pictures: JPEG or PNG as WhatsApp shows them, thumbnails, stickers."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from sender.media.job import Converted, Job, NotUsable, check_disk

READABLE = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
MOST_PIXELS = 64_000_000  # a quarter of a gigabyte once decoded
LONGEST_SIDE = 8_192  # of a picture that is sent as it is
CONVERTED_SIDE = 4_096
CARD_SIDE = 1_200
PROFILE_SIDE = 640  # what WhatsApp's own clients upload
THUMBNAIL_SIDE = 100
STICKER_SIDE = 512
STICKER_BYTES, ANIMATED_BYTES = 100_000, 500_000  # WhatsApp's own limits
MOST_FRAMES = 300


def image(job: Job) -> Converted:
    """A JPEG or PNG stays as it is, byte for byte; anything else becomes a JPEG."""
    with _opened(job.source) as picture:
        stays = picture.format in ("JPEG", "MPO", "PNG") and max(picture.size) <= LONGEST_SIDE
        if stays:
            mime = "image/png" if picture.format == "PNG" else "image/jpeg"
            width, height = _shown_size(picture)
            return Converted(job.source, mime, width, height, thumbnail=thumbnail_of(picture))
        return _jpeg(picture, job.target, CONVERTED_SIDE)


def link_image(job: Job) -> Converted:
    """The picture of a link's card: always a JPEG, of moderate size."""
    with _opened(job.source) as picture:
        return _jpeg(picture, job.target, CARD_SIDE)


def profile(job: Job) -> Converted:
    """A square JPEG of the picture's middle: WhatsApp takes no other form."""
    with _opened(job.source) as picture:
        shown = _on_white(ImageOps.exif_transpose(picture))
        side = min(PROFILE_SIDE, *shown.size)
        ImageOps.fit(shown, (side, side)).save(job.target, "JPEG", quality=85)
    return Converted(job.target, "image/jpeg", side, side)


def sticker(job: Job) -> Converted:
    """WebP of 512 by 512, the picture whole and centred, the rest transparent."""
    with _opened(job.source) as picture:
        is_animated = getattr(picture, "n_frames", 1) > 1
        is_ready = (
            picture.format == "WEBP"
            and picture.size == (STICKER_SIDE, STICKER_SIDE)
            and job.source.stat().st_size <= (ANIMATED_BYTES if is_animated else STICKER_BYTES)
            and not job.author
        )
        if is_ready:
            picture.load()
            thumbnail = _png_of(picture)
            return Converted(job.source, "image/webp", *picture.size, thumbnail=thumbnail, is_animated=is_animated)
        exif = _sticker_exif(job.author) if job.author else b""
        thumbnail = _write_animated(picture, job.target, exif) if is_animated else _write(picture, job.target, exif)
    side = STICKER_SIDE
    return Converted(job.target, "image/webp", side, side, thumbnail=thumbnail, is_animated=is_animated)


def thumbnail_of(picture: Image.Image) -> bytes:
    """A small JPEG, turned as the picture is shown."""
    picture.draft("RGB", (2 * THUMBNAIL_SIDE, 2 * THUMBNAIL_SIDE))
    small = ImageOps.exif_transpose(picture)
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    written = io.BytesIO()
    _on_white(small).save(written, "JPEG", quality=60)
    return written.getvalue()


def check_size(width: int, height: int) -> None:
    """Before anything is decoded. Raises NotUsable."""
    if width < 1 or height < 1:
        raise NotUsable("the picture is empty")
    if width * height > MOST_PIXELS:
        raise NotUsable(f"the picture has more than {MOST_PIXELS // 1_000_000} million pixels")


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        with Image.open(path, formats=READABLE) as picture:
            check_size(*picture.size)
            yield picture
    except UnidentifiedImageError:
        raise NotUsable("the file is not a picture of a known format") from None
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        if isinstance(error, OSError):
            check_disk(error)
        raise NotUsable(f"the picture is broken: {type(error).__name__}") from error


def _shown_size(picture: Image.Image) -> tuple[int, int]:
    turned = picture.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    return (picture.height, picture.width) if turned else picture.size


def _jpeg(picture: Image.Image, target: Path, side: int) -> Converted:
    shown = ImageOps.exif_transpose(picture)
    shown.thumbnail((side, side))
    shown = _on_white(shown)
    shown.save(target, "JPEG", quality=85)
    return Converted(target, "image/jpeg", *shown.size, thumbnail=thumbnail_of(shown))


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        ground = Image.new("RGB", picture.size, "white")
        ground.paste(picture, mask=picture.getchannel("A"))
        return ground
    return picture.convert("RGB")


# --- stickers ---


def _write(picture: Image.Image, target: Path, exif: bytes) -> bytes:
    square = _square(ImageOps.exif_transpose(picture))
    for quality in (90, 75, 50, 25, 5):
        square.save(target, "WEBP", quality=quality, method=4, exif=exif)
        if target.stat().st_size <= STICKER_BYTES:
            break
    return _png_of(square)


def _write_animated(picture: Image.Image, target: Path, exif: bytes) -> bytes:
    if getattr(picture, "n_frames", 1) > MOST_FRAMES:
        raise NotUsable(f"the sticker has more than {MOST_FRAMES} frames")
    frames, pauses = [], []
    for frame in ImageSequence.Iterator(picture):
        pauses.append(max(20, int(frame.info.get("duration", 100) or 100)))
        frames.append(_square(frame))
    for quality in (60, 30, 10, 1):
        frames[0].save(
            target, "WEBP", save_all=True, append_images=frames[1:], duration=pauses, loop=0,
            quality=quality, method=2, exif=exif,
        )  # fmt: skip
        if target.stat().st_size <= ANIMATED_BYTES:
            break
    return _png_of(frames[0])


def _square(picture: Image.Image) -> Image.Image:
    whole = ImageOps.contain(picture.convert("RGBA"), (STICKER_SIDE, STICKER_SIDE))
    square = Image.new("RGBA", (STICKER_SIDE, STICKER_SIDE), (0, 0, 0, 0))
    square.paste(whole, ((STICKER_SIDE - whole.width) // 2, (STICKER_SIDE - whole.height) // 2))
    return square


def _png_of(picture: Image.Image) -> bytes:
    small = picture.convert("RGBA")
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    written = io.BytesIO()
    small.save(written, "PNG")
    return written.getvalue()


def _sticker_exif(author: str) -> bytes:
    """What WhatsApp reads in a sticker: one TIFF entry (0x5741, undefined) that holds JSON."""
    said = json.dumps({"sticker-pack-publisher": author}, ensure_ascii=False).encode()
    head = b"II*\0\x08\0\0\0\x01\0\x41\x57\x07\0" + len(said).to_bytes(4, "little") + b"\x1a\0\0\0" + bytes(4)
    return head + said
