"""Media of messages, held against the message classes of a real client."""

import pytest

from sender.whatsapp.emulator import attachments
from sender.whatsapp.protobuf import Message
from sender.whatsapp.wire.signal.cipher import SignalError

FIELDS = {
    "image": "imageMessage",
    "sticker": "stickerMessage",
    "video": "videoMessage",
    "video-note": "ptvMessage",
    "audio": "audioMessage",
    "document": "documentMessage",
}


def written(kind: str, data: bytes) -> tuple[attachments.Sealed, bytes]:
    sealed = attachments.seal(kind, data)
    message = attachments.write(
        kind, sealed, url="https://host/v/x?y", path="/v/x?y", mimetype="a/b", caption="c", file_name="f", is_voice=True
    )
    return sealed, message


@pytest.mark.parametrize("kind", attachments.KINDS)
def test_a_client_finds_everything_where_it_belongs(kind: str) -> None:
    sealed, message = written(kind, b"data")
    part = getattr(Message.FromString(message), FIELDS[kind])
    assert (part.URL, part.directPath, part.mimetype) == ("https://host/v/x?y", "/v/x?y", "a/b")
    assert (part.mediaKey, part.fileSHA256, part.fileLength) == (sealed.key, sealed.hash, 4)
    assert len(part.fileEncSHA256) == 32
    assert part.mediaKeyTimestamp > 0
    assert getattr(part, "caption", "c") == "c"
    assert getattr(part, "fileName", "f") == "f"
    assert getattr(part, "PTT", True)


@pytest.mark.parametrize("kind", attachments.KINDS)
@pytest.mark.parametrize("data", [b"", b"x" * 16, bytes(range(256)) * 300])
def test_what_was_sealed_can_be_unsealed(kind: str, data: bytes) -> None:
    sealed, message = written(kind, data)
    attachment = attachments.read(message)
    assert attachment
    assert (attachment.kind, attachment.path) == (kind, "/v/x?y")
    assert attachments.unseal(attachment, sealed.body) == data


def test_damaged_media_are_noticed() -> None:
    sealed, message = written("image", b"data")
    attachment = attachments.read(message)
    assert attachment
    with pytest.raises(SignalError, match="damaged"):
        attachments.unseal(attachment, sealed.body[:-1] + bytes((sealed.body[-1] ^ 1,)))


def test_media_in_an_envelope_are_found_and_a_text_has_none() -> None:
    _, message = written("image", b"data")
    once = Message()
    once.viewOnceMessage.message.ParseFromString(message)
    attachment = attachments.read(once.SerializeToString())
    assert attachment
    assert attachment.kind == "image"
    assert attachments.read(Message(conversation="hello").SerializeToString()) is None
