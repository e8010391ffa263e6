"""The kind of a file is read from its bytes."""

import pytest

from common.media.sniffing import sniff

OFFICE = "application/vnd.openxmlformats-officedocument"
FILES = (
    (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
    (b"GIF89a\1\0\1\0", "image/gif"),
    (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
    (b"\0\0\0\x1cftypavif", "image/avif"),
    (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "video/mp4"),
    (b"\0\0\0\x18ftypisom", "video/mp4"),
    (b"\0\0\0\x14ftypqt  ", "video/quicktime"),
    (b"\0\0\0\x14ftyp3gp4", "video/3gpp"),
    (b"\0\0\0\x14ftypM4A ", "audio/mp4"),
    (b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x1f\x42\x86\x81\x01webm", "video/webm"),
    (b"OggS\0\x02" + bytes(22) + b"\x01\x13OpusHead", "audio/ogg"),
    (b"ID3\3\0\0\0\0\0\0", "audio/mpeg"),
    (b"\xff\xfb\x90\x64", "audio/mpeg"),
    (b"\xff\xf1\x50\x80", "audio/aac"),
    (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
    (b"fLaC\0\0\0\x22", "audio/flac"),
    (b"#!AMR\n", "audio/amr"),
    (b"%PDF-1.7\n", "application/pdf"),
    (b"PK\3\4" + bytes(26) + b"word/document.xml", f"{OFFICE}.wordprocessingml.document"),
    (b"PK\3\4" + bytes(26) + b"xl/workbook.xml", f"{OFFICE}.spreadsheetml.sheet"),
    (b"PK\3\4" + bytes(26) + b"readme.txt", "application/zip"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
    (b"<?xml version='1.0'?><svg/>", "image/svg+xml"),
    (b"\n<!DOCTYPE html><html><svg/>", "text/html"),
    (b"name;phone\nAna;1\n", "text/plain"),
    ("ação".encode(), "text/plain"),
    (b"\0\1\2\3", "application/octet-stream"),
    (b"", "application/octet-stream"),
)  # fmt: skip


@pytest.mark.parametrize(("head", "mime"), FILES, ids=[mime for _, mime in FILES])
def test_a_file_is_known_by_its_first_bytes(head: bytes, mime: str) -> None:
    assert sniff(head) == mime


def test_a_character_cut_at_the_end_of_the_head_is_still_text() -> None:
    assert sniff(("é" * 4096).encode()[:4095] + b"\xc3") == "text/plain"
