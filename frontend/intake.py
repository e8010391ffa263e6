"""Intake of files: what a request brings along is stored before its row is written, and the row names what was stored.

A file is never in memory as a whole: it goes to the disk as it arrives, and from there to its place.
"""

import asyncio
import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import orjson

from common.clock import Clock
from common.media.disk import Arriving, Disk
from common.media.errors import MediaError
from common.media.storage import Storage
from common.metrics import MediaMetrics
from common.outbound import Outbound, OutboundError, Rules, TooLarge
from common.requests.media_source import REFERENCE
from frontend import problems
from frontend.bodies import ClientGone, Headers, Receive
from frontend.data_uris import DataUris, FileTooLarge, TextTooLarge, TooManyFiles
from frontend.media_fields import EVERY, FileSizes, MediaFields, Path
from frontend.problems import Problem

REDIRECTS = 5
FETCHES = 64  # files fetched at a time before an answer
# Most clients and balancers give up after a minute.
FETCH_PATIENCE = timedelta(seconds=50)
WRITE = 1024 * 1024  # bytes that a fetched file is written in


@dataclass(frozen=True, slots=True)
class IntakeRules:
    """`patience` is for a body with files; `text` the bytes of what is left of it."""

    sizes: FileSizes
    text: int
    patience: timedelta
    fetch_patience: timedelta


class Intake:
    def __init__(
        self,
        storage: Storage,
        disk: Disk,
        outbound: Outbound,
        rules: IntakeRules,
        clock: Clock,
        metrics: MediaMetrics,
    ) -> None:
        self.storage = storage
        self.disk = disk
        self.outbound = outbound
        self.rules = rules
        self.clock = clock
        self.metrics = metrics
        self.fetches = asyncio.Semaphore(FETCHES)

    def begin(self, fields: MediaFields) -> "Files":
        return Files(self, fields)


class Files:
    """The files of one request. Leaving its context deletes whatever was not stored."""

    def __init__(self, intake: Intake, fields: MediaFields) -> None:
        self._intake = intake
        self._fields = fields
        self._rules = intake.rules
        self._largest = fields.largest(intake.rules.sizes)
        self._uris = DataUris(intake.disk, largest_text=intake.rules.text, largest_files=self._largest)
        self._started = intake.clock.elapsed()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._uris.__exit__(kind, error, trace)

    async def read(self, receive: Receive, headers: Headers) -> bytes:
        """The body with a stand-in for each data URI. Raises Problem, ClientGone."""
        declared = headers.get(b"content-length", b"")
        limit = self._largest * 4 // 3 + self._rules.text
        if declared.isdigit() and int(declared) > limit:
            refusal = self._too_large("the files of the request")
            # A caller that holds its body back until it is asked for can send nothing more on this connection.
            close = problems.CLOSE if b"expect" in headers else ()
            raise self._refused("too-large", Problem(refusal.status, refusal.text, close))
        try:
            async with asyncio.timeout(self._rules.patience.total_seconds()):
                has_more = True
                while has_more:
                    message = await receive()
                    if message["type"] != "http.request":
                        raise ClientGone
                    await self._uris.feed(message.get("body", b""))
                    has_more = message.get("more_body", False)
                return await self._uris.finish()
        except TimeoutError:
            raise Problem(408, "the body did not arrive in time", problems.CLOSE) from None
        except FileTooLarge:
            raise self._refused("too-large", self._too_large("the files of the request")) from None
        except TextTooLarge:
            raise problems.too_large(self._rules.text) from None
        except TooManyFiles:
            raise problems.bad_request("the request holds too many files") from None
        except MediaError as error:
            raise self._refused(error.code, _no_room(error)) from None

    async def settle(self, payload: bytes, instance: UUID, not_before: datetime | None) -> bytes:
        """The validated request with the names of stored files in place of data URIs and, where the answer waits for
        them, of URLs. Raises Problem."""
        request: Any = orjson.loads(payload)
        fetches_now = self._fields.is_fetched_first and request.get("async") is not True
        for path, field in self._fields.paths.items():
            largest = self._rules.sizes.of(self._fields.kind, field)
            for place in _places(request, path):
                if place.value.lower().startswith("data:"):
                    place.set(await self._store_data(place, largest, instance, not_before))
                elif fetches_now:
                    place.set(await self._store_url(place, largest, instance, not_before))
        settled = orjson.dumps(request)
        for stand_in in self._uris.found:
            # Validation took the stand-in for the text that it stood for.
            if stand_in.encode() in settled:
                raise problems.bad_request("a data URI stands where no file is taken")
        return settled

    async def _store_data(self, place: "_Place", largest: int, instance: UUID, not_before: datetime | None) -> str:
        payload = place.value.partition(",")[2]
        uri = self._uris.found.get(payload)
        if uri is None:
            # Its beginning was escaped, so that it did not look like one; it is still within the limit of a text.
            with self._intake.disk.arrive() as arriving:
                try:
                    arriving.write(base64.b64decode(payload, validate=True))
                except (binascii.Error, ValueError):
                    raise self._invalid(place, "the data URI does not hold valid base64") from None
                return await self._keep(place, arriving, largest, instance, not_before)
        if uri.fault is not None:
            raise self._invalid(place, uri.fault)
        took = self._intake.clock.elapsed() - self._started
        self._intake.metrics.passed("arrive", self._fields.kind, uri.arriving.size, took)
        return await self._keep(place, uri.arriving, largest, instance, not_before)

    async def _store_url(self, place: "_Place", largest: int, instance: UUID, not_before: datetime | None) -> str:
        rules = Rules(self._rules.fetch_patience, largest, REDIRECTS, frozenset({"http", "https"}))
        started = self._intake.clock.elapsed()
        try:
            async with self._intake.fetches:
                with await asyncio.to_thread(self._intake.disk.arrive) as arriving:
                    await self._fetch(place, arriving, rules)
                    took = self._intake.clock.elapsed() - started
                    self._intake.metrics.passed("fetch", self._fields.kind, arriving.size, took)
                    return await self._keep(place, arriving, largest, instance, not_before)
        except TooLarge:
            raise self._refused("too-large", self._too_large(place.name, largest), "fetch") from None
        except OutboundError as error:
            refusal = problems.bad_request(f"{place.name}: the file cannot be fetched: {_lower(str(error))}")
            raise self._refused(error.code, refusal, "fetch") from None
        except MediaError as error:
            raise self._refused(error.code, _no_room(error), "fetch") from None

    async def _fetch(self, place: "_Place", arriving: Arriving, rules: Rules) -> None:
        async with self._intake.outbound.request("GET", place.value, rules) as answer:
            if answer.status != 200:
                text = f"{place.name}: the file cannot be fetched: its server answered {answer.status}"
                raise self._refused(f"http-{answer.status // 100}xx", problems.bad_request(text), "fetch")
            gathered = bytearray()
            async for chunk in answer.chunks():
                gathered += chunk
                if len(gathered) >= WRITE:
                    await asyncio.to_thread(arriving.write, bytes(gathered))
                    gathered.clear()
            await asyncio.to_thread(arriving.write, bytes(gathered))
        if arriving.size == 0:
            raise self._refused("empty", problems.bad_request(f"{place.name}: the file is empty"), "fetch")

    async def _keep(
        self, place: "_Place", arriving: Arriving, largest: int, instance: UUID, not_before: datetime | None
    ) -> str:
        if arriving.size > largest:
            raise self._refused("too-large", self._too_large(place.name, largest))
        if not self._fields.may_be(arriving.mime):
            raise self._invalid(place, f"the file is {arriving.mime}, which this message cannot carry")
        try:
            media = await self._intake.storage.keep(
                arriving, instance, origin="sent", kind=self._fields.kind, not_before=not_before
            )
        except MediaError as error:
            raise self._refused(error.code, _no_room(error), "store") from None
        return f"{REFERENCE}{media.id.hex}"

    def _invalid(self, place: "_Place", text: str) -> Problem:
        return self._refused("invalid", problems.bad_request(f"{place.name}: {text}"))

    def _too_large(self, what: str, largest: int | None = None) -> Problem:
        limit = self._largest if largest is None else largest
        # A limit that the route itself has is a rule for the field; the others are what we can take.
        is_rule = any(field.largest == limit for field in self._fields.paths.values())
        return Problem(400 if is_rule else 413, f"{what}: larger than {limit} bytes")

    def _refused(self, error_class: str, problem: Problem, step: str = "arrive") -> Problem:
        self._intake.metrics.failed(step, self._fields.kind, error_class)
        return problem


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a request a file is named."""

    name: str
    value: str
    set: Callable[[str], None]


def _places(value: Any, path: Path, name: str = "") -> list[_Place]:
    step, rest = path[0], path[1:]
    if step == EVERY:
        keys: list[Any] = list(range(len(value))) if isinstance(value, list) else []
    else:
        keys = [step] if isinstance(value, dict) and step in value else []
    found = []
    for key in keys:
        below = f"{name}.{key}" if name else str(key)
        if rest:
            found += _places(value[key], rest, below)
        elif isinstance(value[key], str):
            found.append(_Place(below, value[key], _setter(value, key)))
    return found


def _setter(value: Any, key: Any) -> Callable[[str], None]:
    def put(text: str) -> None:
        value[key] = text

    return put


def _no_room(error: MediaError) -> Problem:
    if error.code == "disk-full":
        return Problem(507, "there is no space left for files; try again later", ((b"retry-after", b"60"),))
    return Problem(503, "files cannot be stored now; try again", ((b"retry-after", b"5"),))


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")
