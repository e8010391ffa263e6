"""The workshop: whatever a file does to a worker, the node gets an answer in time and goes on."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from sender.media.job import Converted, Job, NotUsable, TryAgain, read_answer
from sender.media.workshop import Workshop
from tests.sender.media import files
from tests.sender.media.hostile import HOSTILE
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

PATIENCE = timedelta(minutes=2)


@pytest.fixture(scope="module")
async def workshop(anyio_backend: str) -> AsyncIterator[Workshop]:
    async with Workshop(2, PATIENCE) as workshop:
        yield workshop


def job(form: str, source: Path) -> Job:
    return Job(form, source, source.with_name("converted"))


def file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(("name", "form", "content"), HOSTILE, ids=[f"{form}: {name}" for name, form, _ in HOSTILE])
async def test_a_hostile_file_is_refused_in_words(
    workshop: Workshop, tmp_path: Path, name: str, form: str, content: bytes
) -> None:
    with pytest.raises(NotUsable) as refused:
        await workshop.convert(job(form, file(tmp_path / "file", content)))
    assert str(refused.value).startswith(("the file", "the picture", "the film", "the sticker"))
    assert "too long" not in str(refused.value)
    assert "passwd" not in str(refused.value)


async def test_a_picture_of_many_pixels_that_is_within_the_limit_is_converted(
    workshop: Workshop, tmp_path: Path
) -> None:
    made = await workshop.convert(job("image", file(tmp_path / "file", files.png_bomb())))
    assert made.width == 4096


@pytest.mark.parametrize(
    "content",
    [b"%PDF-1.4\n/Type /Pages /Count 999999999", b"%PDF-1.5 1 0 obj /Type /ObjStm stream\n" + b"x" * 50, b"%PDF-"],
)
async def test_a_document_is_never_refused_for_its_content(workshop: Workshop, tmp_path: Path, content: bytes) -> None:
    made = await workshop.convert(job("document", file(tmp_path / "file", content)))
    assert (made.mime, made.pages) == ("application/pdf", 0)


async def test_every_cut_of_a_film_is_answered(workshop: Workshop, tmp_path: Path) -> None:
    whole = files.film(tmp_path / "film", frames=20).read_bytes()
    answers = 0
    for place in range(24, len(whole), len(whole) // 12):
        for content in (whole[:place], whole[:place] + bytes(64) + whole[place + 64 :]):
            with suppress(NotUsable):
                await workshop.convert(job("video", file(tmp_path / "cut", content)))
            answers += 1
    assert answers >= 24


# --- workers that misbehave ---


def worker_that(code: str) -> list[str]:
    return [sys.executable, "-c", f"import os, sys, time, signal\nfor line in sys.stdin:\n    {code}"]


def worker_that_says(expression: str) -> list[str]:
    """What the expression is worth comes back as the MIME type."""
    answer = f'{{"path": "/x", "mime": {expression}, "thumbnail": "", "wave": ""}}'
    return worker_that(f"import json; time.sleep(0.05); print(json.dumps({answer}), flush=True)")


@pytest.mark.parametrize(
    ("code", "error", "text"),
    [
        ("os.abort()", NotUsable, "breaks the program"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", NotUsable, "breaks the program"),
        ("os.kill(os.getpid(), signal.SIGKILL)", TryAgain, "killed"),
        ("sys.exit(0)", NotUsable, "breaks the program"),
        ("time.sleep(600)", NotUsable, "too long"),
        ("print('x' * 10_000_000, flush=True)", NotUsable, "breaks the program"),
        ('print(\'{"again": "no space left"}\', flush=True)', TryAgain, "no space left"),
    ],
)
async def test_a_worker_that_ends_badly_costs_its_own_file_only(code: str, error: type[Exception], text: str) -> None:
    patience = timedelta(seconds=1) if text == "too long" else PATIENCE
    async with Workshop(1, patience, worker_that(code)) as workshop:
        for _ in range(2):
            with pytest.raises(error, match=text):
                await workshop.convert(Job("image", Path("/a"), Path("/b")))
    assert not [command for command in commands_of_children() if "time.sleep" in command]


def commands_of_children() -> Iterator[str]:
    """Of those that still run: what other tests have killed and not waited for has no command any more."""
    for child in psutil.Process().children():
        with suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
            yield " ".join(child.cmdline())


async def test_a_worker_is_used_again_and_no_more_run_than_are_allowed() -> None:
    async with Workshop(2, PATIENCE, worker_that_says("str(os.getpid())")) as workshop:
        made = await asyncio.gather(*(workshop.convert(Job("image", Path("/a"), Path("/b"))) for _ in range(12)))
    assert len({one.mime for one in made}) == 3  # the two and the one that films do not get


async def test_films_leave_one_worker_to_everything_else(tmp_path: Path) -> None:
    """Each of them takes for ever, and there are more of them than workers."""
    films = worker_that(
        "import json; time.sleep(600 if 'video' in line else 0);"
        """ print(json.dumps({"path": "/x", "mime": "m", "thumbnail": "", "wave": ""}), flush=True)"""
    )
    async with Workshop(1, PATIENCE, films) as workshop:
        endless = [asyncio.ensure_future(workshop.convert(Job("video", Path("/a"), Path("/b")))) for _ in range(3)]
        for form in ("image", "voice", "document"):
            assert (await workshop.convert(Job(form, Path("/a"), Path("/b")))).mime == "m"
        assert not any(film.done() for film in endless)
        for film in endless:
            film.cancel()
        await asyncio.gather(*endless, return_exceptions=True)


async def test_a_worker_sees_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_DSN", "secret")
    async with Workshop(1, PATIENCE, worker_that_says("os.environ.get('POSTGRES_DSN', 'none')")) as workshop:
        assert (await workshop.convert(Job("image", Path("/a"), Path("/b")))).mime == "none"


async def test_a_cancelled_conversion_ends_its_worker(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    command = worker_that(f"open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(600)")
    async with Workshop(1, PATIENCE, command) as workshop:
        waiting = asyncio.ensure_future(workshop.convert(Job("image", Path("/a"), Path("/b"))))
        await eventually(lambda: mark.exists() and mark.read_text())
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert not psutil.pid_exists(int(mark.read_text()))


def test_a_job_and_its_answer_survive_the_line() -> None:
    job = Job("document", Path("/a b"), Path("/é"), extension="pdf", author='x"\n')
    assert Job.from_line(job.to_line()) == job
    made = Converted(Path("/x"), "image/png", 1, 2, 3, 4, os.urandom(50), os.urandom(64), is_animated=True)
    assert read_answer(made.to_line()) == made
