"""What media workers make of files, read back with the libraries that players use."""

import io
from pathlib import Path

import av
import pytest
from PIL import Image

from sender.media.conversions import document, film, picture, sound
from sender.media.job import Converted, Job, NotUsable
from tests.sender.media import files


def job(form: str, source: Path, **how: str) -> Job:
    return Job(form, source, source.with_name("converted"), **how)


def shown(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


# --- pictures ---


@pytest.mark.parametrize(("format", "mime"), [("JPEG", "image/jpeg"), ("PNG", "image/png")])
def test_a_jpeg_or_png_is_sent_as_it_is(tmp_path: Path, format: str, mime: str) -> None:
    source = files.picture(tmp_path / "picture", (640, 400), format)
    made = picture.image(job("image", source))
    assert (made.path, made.mime, made.width, made.height) == (source, mime, 640, 400)
    assert shown(made.thumbnail).size == (100, 63)
    assert shown(made.thumbnail).format == "JPEG"
    assert len(made.thumbnail) < 5_000


@pytest.mark.parametrize("format", ["WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_another_picture_becomes_a_jpeg(tmp_path: Path, format: str) -> None:
    made = picture.image(job("image", files.picture(tmp_path / "picture", format=format)))
    assert (made.mime, made.width, made.height) == ("image/jpeg", 320, 200)
    assert shown(made.path.read_bytes()).format == "JPEG"


def test_what_was_transparent_is_white(tmp_path: Path) -> None:
    source = tmp_path / "picture"
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(source, "WEBP")
    made = picture.image(job("image", source))
    assert shown(made.path.read_bytes()).convert("RGB").getpixel((5, 5)) == (255, 255, 255)


def test_a_turned_picture_is_measured_as_it_is_shown(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    made = picture.image(job("image", files.picture(tmp_path / "picture", (400, 100), exif=exif)))
    assert (made.width, made.height) == (100, 400)
    assert shown(made.thumbnail).size == (25, 100)


@pytest.mark.parametrize(("size", "side"), [((3000, 1500), 640), ((200, 320), 200)])
def test_the_picture_of_a_profile_is_a_square_jpeg(tmp_path: Path, size: tuple[int, int], side: int) -> None:
    made = picture.profile(job("profile", files.picture(tmp_path / "picture", size, "PNG")))
    written = shown(made.path.read_bytes())
    assert (written.format, written.size) == ("JPEG", (side, side))


def test_the_picture_of_a_card_is_a_jpeg_of_moderate_size(tmp_path: Path) -> None:
    made = picture.link_image(job("link-image", files.picture(tmp_path / "picture", (3000, 1500), "PNG")))
    assert (made.mime, made.width, made.height) == ("image/jpeg", 1200, 600)


def test_a_picture_becomes_a_sticker(tmp_path: Path) -> None:
    made = picture.sticker(job("sticker", files.picture(tmp_path / "picture", (1000, 500)), author="Ana"))
    sticker = shown(made.path.read_bytes())
    assert (sticker.format, sticker.size, made.mime) == ("WEBP", (512, 512), "image/webp")
    assert sticker.convert("RGBA").getpixel((5, 5))[3] == 0  # type: ignore[index]
    assert b'{"sticker-pack-publisher": "Ana"}' in made.path.read_bytes()
    assert made.path.stat().st_size <= 100_000
    assert shown(made.thumbnail).format == "PNG"
    assert not made.is_animated


def test_an_animation_becomes_an_animated_sticker(tmp_path: Path) -> None:
    made = picture.sticker(job("sticker", files.animation(tmp_path / "picture")))
    sticker = shown(made.path.read_bytes())
    assert made.is_animated
    assert (sticker.size, sticker.n_frames) == ((512, 512), 4)  # type: ignore[attr-defined]


def test_a_sticker_is_left_as_it_is(tmp_path: Path) -> None:
    source = files.picture(tmp_path / "picture", (512, 512), "WEBP")
    assert picture.sticker(job("sticker", source)).path == source


# --- sound ---


@pytest.mark.parametrize(
    ("codec", "format", "rate"),
    [("pcm_s16le", "wav", 16_000), ("libmp3lame", "mp3", 16_000), ("aac", "adts", 16_000), ("aac", "mp4", 44_100),
     ("flac", "flac", 16_000), ("libopus", "ogg", 48_000), ("libopus", "webm", 48_000)],
)  # fmt: skip
def test_sound_becomes_a_voice_note(tmp_path: Path, codec: str, format: str, rate: int) -> None:
    source = files.sound(tmp_path / "sound", 2.0, codec, format, rate)
    made = sound.voice(job("voice", source))
    assert (made.mime, made.seconds) == ("audio/ogg; codecs=opus", 2)
    with av.open(str(made.path)) as container:
        stream = container.streams.audio[0]
        assert (container.format.name, stream.codec_context.name, stream.codec_context.channels) == ("ogg", "opus", 1)
        decoded = sum(frame.samples for frame in container.decode(stream)) / 48_000
    assert decoded == pytest.approx(2.0, abs=0.15)  # some codecs begin with a little silence
    assert (made.path == source) is (codec == "libopus" and format == "ogg")


def test_the_wave_follows_the_sound(tmp_path: Path) -> None:
    made = sound.voice(job("voice", files.sound(tmp_path / "sound")))
    assert len(made.wave) == 64
    assert max(made.wave) == 100
    assert max(made.wave[:30]) < 20
    assert min(made.wave[34:]) > 80


def test_silence_has_a_flat_wave(tmp_path: Path) -> None:
    loudness = sound.Loudness()
    frame = av.AudioFrame(format="s16", layout="mono", samples=960)
    frame.planes[0].update(bytes(frame.planes[0].buffer_size))
    loudness.add(frame)
    assert loudness.wave() == bytes(64)


def test_the_sound_of_a_film_becomes_a_voice_note(tmp_path: Path) -> None:
    assert sound.voice(job("voice", files.film(tmp_path / "film"))).seconds == 2


def test_a_film_without_sound_is_no_voice_note(tmp_path: Path) -> None:
    with pytest.raises(NotUsable, match="no sound"):
        sound.voice(job("voice", files.film(tmp_path / "film", sound_codec=None)))


# --- films ---


def streams(made: Converted) -> tuple[str, list[str], tuple[int, int], float]:
    with av.open(str(made.path)) as container:
        names = [stream.codec_context.name for stream in container.streams]
        codec = container.streams.video[0].codec_context
        frames = list(container.decode(video=0))
        assert container.duration is not None
        return container.format.name, names, (codec.width, codec.height), len(frames) / 25


def test_an_mp4_is_sent_as_it_is(tmp_path: Path) -> None:
    source = files.film(tmp_path / "film", (320, 180))
    made = film.video(job("video", source))
    assert (made.path, made.mime, made.width, made.height, made.seconds) == (source, "video/mp4", 320, 180, 2)
    assert shown(made.thumbnail).size == (100, 56)


@pytest.mark.parametrize(
    ("codec", "format", "sound_codec", "is_encoded_anew"),
    [("libx264", "mov", "aac", False), ("libx264", "matroska", "aac", False), ("libvpx", "webm", "libopus", True),
     ("mpeg4", "avi", "libmp3lame", True), ("libx265", "mp4", "aac", True)],
)  # fmt: skip
def test_another_film_becomes_an_mp4(
    tmp_path: Path, codec: str, format: str, sound_codec: str, is_encoded_anew: bool
) -> None:
    rate = 48_000 if sound_codec == "libopus" else 44_100
    source = files.film(tmp_path / "film", codec=codec, format=format, sound_codec=sound_codec, sound_rate=rate)
    made = film.video(job("video", source))
    name, codecs, size, seconds = streams(made)
    assert ("mp4" in name, codecs, size) == (True, ["h264", "aac"], (160, 120))
    assert seconds == pytest.approx(2.0, abs=0.1)
    assert (made.width, made.height, made.seconds) == (160, 120, 2)


def test_a_large_film_is_made_smaller_when_it_is_encoded_anew(tmp_path: Path) -> None:
    made = film.video(job("video", files.film(tmp_path / "film", (1921, 1081), "mpeg4", "avi", 3, sound_codec=None)))
    assert (made.width, made.height) == (1280, 720)
    assert streams(made)[2] == (1280, 720)


def test_a_gif_has_no_sound(tmp_path: Path) -> None:
    made = film.gif(job("gif", files.film(tmp_path / "film")))
    assert streams(made)[1] == ["h264"]
    silent = files.film(tmp_path / "silent", sound_codec=None)
    assert film.gif(job("gif", silent)).path == silent


def test_a_video_note_is_square(tmp_path: Path) -> None:
    made = film.video_note(job("video-note", files.film(tmp_path / "film", (640, 480))))
    assert streams(made)[1:3] == (["h264", "aac"], (480, 480))
    assert (made.width, made.height) == (480, 480)


def test_a_sound_is_no_film(tmp_path: Path) -> None:
    with pytest.raises(NotUsable, match="no film"):
        film.video(job("video", files.sound(tmp_path / "sound")))


# --- documents ---


@pytest.mark.parametrize("pages", [1, 3, 250])
def test_the_pages_of_a_pdf_are_counted(tmp_path: Path, pages: int) -> None:
    for content in (files.pdf(pages), files.packed_pdf(pages)):
        source = tmp_path / "document"
        source.write_bytes(content)
        made = document.document(job("document", source, extension="pdf"))
        assert (made.path, made.mime, made.pages) == (source, "application/pdf", pages)


@pytest.mark.parametrize(
    ("content", "extension", "mime"),
    [
        (b"a;b\n", "csv", "text/csv"),
        (b"PK\3\4" + bytes(100), "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"%PDF-1.4", "", "application/pdf"),
        (b"%PDF-1.4", "unheardof", "application/pdf"),
        (b"\0\1\2", "unheardof", "application/octet-stream"),
        (b"", "pdf", "application/pdf"),
    ],
)
def test_the_extension_says_what_a_document_is(tmp_path: Path, content: bytes, extension: str, mime: str) -> None:
    source = tmp_path / "document"
    source.write_bytes(content)
    assert document.document(job("document", source, extension=extension)).mime == mime
