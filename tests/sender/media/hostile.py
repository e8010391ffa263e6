"""Files that mean harm or are broken: what each is, what it poses as, its bytes."""

import struct

from tests.sender.media import files


def box(name: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content


FTYP = box(b"ftyp", b"isom\0\0\2\0isomiso2mp41")
GIF = b"GIF89a\xff\xff\xff\xff\x80\0\0" + bytes(6) + b",\0\0\0\0\xff\xff\xff\xff\0\2\2D\1\0;"
BMP = b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, -1, -1, 1, 24, 0, 0, 0, 0, 0, 0)
WAV = b"RIFF\xff\xff\xff\x7fWAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 65_535, 48_000, 1, 1, 16)
SVG = b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>'
HLS = b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"

HOSTILE: tuple[tuple[str, str, bytes], ...] = (
    ("nothing at all", "image", b""),
    ("nothing at all", "sticker", b""),
    ("nothing at all", "voice", b""),
    ("nothing at all", "video", b""),
    ("text", "image", b"hello"),
    ("a page instead of a film", "video", b"<!doctype html><html>not found</html>"),
    ("svg with an entity", "image", SVG),
    ("png that claims four billion pixels", "image", files.png_claiming(65_535, 65_535)),
    ("png that claims a line of two billion", "image", files.png_claiming(2_000_000_000, 1)),
    ("png with nothing in it", "image", b"\x89PNG\r\n\x1a\n"),
    ("png that ends early", "image", files.png_claiming(200, 200)[:-40]),
    ("png that claims too much", "sticker", files.png_claiming(60_000, 60_000)),
    ("jpeg head alone", "image", b"\xff\xd8\xff\xe0\0\x10JFIF\0"),
    ("gif of 65535 by 65535", "image", GIF),
    ("tiff whose directory points at itself", "image", b"II*\0\x08\0\0\0\0\0\x08\0\0\0" + bytes(64)),
    ("webp head alone", "sticker", b"RIFF\xff\xff\xff\xffWEBPVP8 \xff\xff\xff\x7f"),
    ("bmp of minus one", "image", BMP),
    ("mp4 head alone", "video", FTYP),
    ("mp4 head of another kind", "video", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"),
    ("mp4 whose box ends beyond the file", "video", FTYP + struct.pack(">I", 0xFFFFFFFF) + b"moov"),
    ("mp4 with boxes inside boxes", "video", FTYP + 2000 * (struct.pack(">I", 0x7FFFFFFF) + b"moov")),
    ("mp4 of zero-sized boxes", "gif", FTYP + struct.pack(">I", 0) + b"moov" + bytes(1000)),
    ("mp3 tag without sound", "voice", b"ID3\3\0\0\0\0\0\0\0\0"),
    ("mp3 tag of 256 MB", "voice", b"ID3\4\0\0\x7f\x7f\x7f\x7f" + bytes(100)),
    ("ogg head alone", "voice", b"OggS\0\2" + bytes(22) + b"\x01\x13OpusHead\x01\xff"),
    ("wav that claims 65535 channels", "voice", WAV + b"data\xff\xff\xff\x7f" + bytes(64)),
    ("matroska head alone", "video", b"\x1a\x45\xdf\xa3\xff" + bytes(40)),
    ("play list that names a local file", "video", HLS),
    ("list of files for concat", "video", b"ffconcat version 1.0\nfile /etc/passwd\n"),
    ("avi that names nothing", "video", b"RIFF\0\0\0\0AVI LIST\xff\xff\xff\x7fhdrl"),
    ("flac that claims much", "voice", b"fLaC\x80\0\0\x22" + b"\xff" * 34),
)
