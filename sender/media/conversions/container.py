"""Containers of sound and film, opened so that a file can neither name other files nor pose as a play list."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer

from common.media.sniffing import HEAD, sniff
from sender.media.job import NotUsable, check_disk

# The demuxer is chosen by us: those that read play lists would open whatever the list says.
_DEMUXERS = {
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/3gpp": "mov",
    "audio/mp4": "mp4",
    "video/webm": "matroska",
    "video/x-matroska": "matroska",
    "video/x-msvideo": "avi",
    "video/ogg": "ogg",
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    "audio/wav": "wav",
    "audio/flac": "flac",
    "audio/amr": "amr",
}


@contextmanager
def opened(path: Path) -> Iterator[tuple[InputContainer, str]]:
    """The container and its MIME type by its bytes. Raises NotUsable, also for what goes wrong inside."""
    with path.open("rb") as file:
        mime = sniff(file.read(HEAD))
    demuxer = _DEMUXERS.get(mime)
    if demuxer is None:
        raise NotUsable(f"the file is neither sound nor film of a known format ({mime})")
    try:
        with av.open(str(path), format=demuxer, options={"protocol_whitelist": "file"}) as container:
            yield container, mime
    except (av.FFmpegError, OSError, ValueError, EOFError) as error:
        if isinstance(error, OSError):
            check_disk(error)
        raise NotUsable(f"the file is broken: {type(error).__name__}") from error
