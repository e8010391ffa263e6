"""A media worker: a process that converts one file at a time, as told on its standard input.

It holds no secret and may be killed at any moment. What it may use is bounded, because files are hostile.
"""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable

from sender.media.job import Converted, Job, NotUsable, TryAgain

MEMORY = 2 * 1024**3  # bytes of address space
LARGEST_FILE = 1024**3  # bytes that it may write
NICENESS = 5
PR_SET_PDEATHSIG = 1


def main() -> None:
    limit()
    conversions = load()
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(perform(conversions, Job.from_line(line)))
        sys.stdout.buffer.flush()


def limit() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    os.nice(NICENESS)
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, LARGEST_FILE),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(what, (most, most))


def load() -> dict[str, Callable[[Job], Converted]]:
    from sender.media.conversions import document, film, picture, sound

    return {
        "image": picture.image,
        "link-image": picture.link_image,
        "profile": picture.profile,
        "sticker": picture.sticker,
        "gif": film.gif,
        "video": film.video,
        "video-note": film.video_note,
        "voice": sound.voice,
        "document": document.document,
    }


def perform(conversions: dict[str, Callable[[Job], Converted]], job: Job) -> bytes:
    try:
        return conversions[job.form](job).to_line()
    except (NotUsable, TryAgain) as answer:
        return answer.to_line()
    except MemoryError:
        return NotUsable("the file needs too much memory").to_line()
    except Exception as error:
        return NotUsable(f"the file cannot be converted: {type(error).__name__}").to_line()


if __name__ == "__main__":
    main()
