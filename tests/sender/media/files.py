"""Files for tests of media, made by the libraries themselves: sound and film of a known shape, and hostile ones."""

import io
import math
import struct
import zlib
from array import array
from pathlib import Path

import av
from PIL import Image

RATE = 16_000


def picture(
    path: Path, size: tuple[int, int] = (320, 200), format: str = "JPEG", mode: str = "RGB", **how: object
) -> Path:
    Image.linear_gradient("L").resize(size).convert(mode).save(path, format, **how)  # type: ignore[arg-type]
    return path


def animation(path: Path, format: str = "GIF", frames: int = 4) -> Path:
    pictures = [Image.new("RGB", (60, 40), (60 * place, 0, 0)) for place in range(frames)]
    pictures[0].save(path, format, save_all=True, append_images=pictures[1:], duration=80, loop=0)
    return path


def sound(
    path: Path,
    seconds: float = 2.0,
    codec: str = "pcm_s16le",
    format: str = "wav",
    rate: int = RATE,
    loud_from: float = 0.5,
) -> Path:
    """A tone that is soft at first and loud after `loud_from` of its time."""
    total = int(seconds * rate)
    samples = array(
        "h",
        (
            int((20_000 if place > total / 2 else 2_000) * math.sin(place * 2 * math.pi * 440 / rate))
            for place in range(total)
        ),
    )
    with av.open(str(path), "w", format=format) as output:
        stream = output.add_stream(codec, rate=rate)
        stream.codec_context.layout = "mono"
        resampler = av.AudioResampler(stream.codec_context.format, "mono", rate)
        for start in range(0, total, 1024):
            part = samples[start : start + 1024]
            frame = av.AudioFrame(format="s16", layout="mono", samples=len(part))
            frame.planes[0].update(part.tobytes().ljust(frame.planes[0].buffer_size, b"\0"))
            frame.sample_rate = rate
            frame.pts = start
            for piece in resampler.resample(frame):
                piece.pts = None
                output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return path


def film(
    path: Path,
    size: tuple[int, int] = (160, 120),
    codec: str = "libx264",
    format: str = "mp4",
    frames: int = 50,
    *,
    sound_codec: str | None = "aac",
    sound_rate: int = 44_100,
    pixels: str = "yuv420p",
) -> Path:
    """25 pictures a second that get brighter, with a tone unless without `sound_codec`."""
    with av.open(str(path), "w", format=format) as output:
        stream = output.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        speaker = output.add_stream(sound_codec, rate=sound_rate) if sound_codec else None
        if speaker is not None:
            speaker.codec_context.layout = "mono"
        for place in range(frames):
            shown = Image.new("RGB", size, (40 + 4 * place % 200, 90, 120))
            output.mux(stream.encode(av.VideoFrame.from_image(shown).reformat(format=pixels)))
        output.mux(stream.encode(None))
        if speaker is not None:
            resampler = av.AudioResampler(
                speaker.codec_context.format, "mono", sound_rate, frame_size=speaker.codec_context.frame_size or None
            )
            for _ in range(frames * sound_rate // 25 // 1024):
                frame = av.AudioFrame(format="s16", layout="mono", samples=1024)
                frame.planes[0].update(bytes(frame.planes[0].buffer_size))
                frame.sample_rate = sound_rate
                for piece in resampler.resample(frame):
                    piece.pts = None
                    output.mux(speaker.encode(piece))
            output.mux(speaker.encode(None))
    return path


def pdf(pages: int) -> bytes:
    kids = " ".join(f"{number + 3} 0 R" for number in range(pages))
    parts = [
        "%PDF-1.4",
        "1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj",
        f"2 0 obj << /Type /Pages /Kids [{kids}] /Count {pages} >> endobj",
        *(f"{number + 3} 0 obj << /Type /Page /Parent 2 0 R >> endobj" for number in range(pages)),
        "trailer << /Root 1 0 R >>\n%%EOF",
    ]
    return "\n".join(parts).encode()


def packed_pdf(pages: int) -> bytes:
    """As newer programs write it: the objects are in a compressed stream."""
    inner = zlib.compress(f"1 0 2 50 << /Type /Pages /Kids [3 0 R] /Count {pages} >> << /Type /Catalog >>".encode())
    head = f"%PDF-1.5\n5 0 obj << /Type /ObjStm /N 2 /First 10 /Filter /FlateDecode /Length {len(inner)} >>\nstream\n"
    return head.encode() + inner + b"\nendstream endobj\n%%EOF"


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is that large."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def png_bomb() -> bytes:
    """60 million pixels of nothing in some tens of kilobytes."""
    written = io.BytesIO()
    Image.new("1", (10_000, 6_000)).save(written, "PNG")
    return written.getvalue()
