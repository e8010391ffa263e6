"""Films: MP4 with H.264 and AAC, passed on, repacked or encoded anew; their size, length and first picture."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from sender.media.conversions.container import opened
from sender.media.conversions.picture import check_size, thumbnail_of
from sender.media.job import Converted, Job, NotUsable

if TYPE_CHECKING:  # generic for the type checker alone
    from av.packet import Packet
    from av.stream import Stream

MIME = "video/mp4"
LONGEST_SIDE = 1_280  # of a film that is encoded anew
NOTE_SIDE = 480
QUALITY = "26"
SOUND_RATE = 44_100
SOUND_BIT_RATE = 96_000
MOST_EARLY = 64  # packets without a decoding time at the beginning
LOOK_AHEAD = 200  # packets looked at for the first picture


def video(job: Job) -> Converted:
    return _convert(job, wants_sound=True)


def gif(job: Job) -> Converted:
    """Plays without sound, over and over."""
    return _convert(job, wants_sound=False)


def video_note(job: Job) -> Converted:
    """Square, cut from the middle."""
    return _convert(job, wants_sound=True, is_square=True)


@dataclass(frozen=True, slots=True)
class _Film:
    """What is known before anything is decoded. `width` and `height` are as shown, after turning."""

    mime: str
    picture: VideoStream
    sound: AudioStream | None
    width: int
    height: int
    turn: int
    seconds: int
    thumbnail: bytes

    @property
    def has_plain_codecs(self) -> bool:
        codec = self.picture.codec_context
        return (
            codec.name == "h264"
            and codec.pix_fmt in ("yuv420p", "yuvj420p")
            and (self.sound is None or self.sound.codec_context.name == "aac")
        )


def _convert(job: Job, *, wants_sound: bool, is_square: bool = False) -> Converted:
    with opened(job.source) as (container, mime):
        film = _look(container, mime)
        is_fit = film.has_plain_codecs and (not is_square or film.width == film.height)
        is_same = mime == MIME and (wants_sound or film.sound is None)
        if is_fit and is_same and len(container.streams) == (1 if film.sound is None else 2):
            return Converted(job.source, MIME, film.width, film.height, film.seconds, thumbnail=film.thumbnail)
        container.seek(0)
        sound = film.sound if wants_sound else None
        if is_fit and film.turn == 0:
            _repack(container, job.target, film.picture, sound)
            width, height = film.width, film.height
        else:
            width, height = _target_size(film, is_square)
            _encode(container, job.target, film, sound, width, height, is_square=is_square)
        return Converted(job.target, MIME, width, height, film.seconds, thumbnail=film.thumbnail)


def _look(container: InputContainer, mime: str) -> _Film:
    if not container.streams.video:
        raise NotUsable("the file holds no film")
    picture = container.streams.video[0]
    codec = picture.codec_context
    check_size(codec.width, codec.height)
    frame = _first_frame(container, picture)
    check_size(frame.width, frame.height)
    turn = frame.rotation % 360
    shown = _turned(frame.to_image(), turn)  # type: ignore[no-untyped-call]
    sound = container.streams.audio[0] if container.streams.audio else None
    seconds = round((container.duration or 0) / av.time_base)
    return _Film(mime, picture, sound, *shown.size, turn, max(1, seconds), thumbnail_of(shown))


def _first_frame(container: InputContainer, picture: VideoStream) -> VideoFrame:
    for count, packet in enumerate(container.demux(picture)):
        for frame in packet.decode():
            assert isinstance(frame, VideoFrame)
            return frame
        if count > LOOK_AHEAD:
            break
    raise NotUsable("the film has no picture that can be read")


def _turned(picture: Image.Image, turn: int) -> Image.Image:
    return picture.rotate(turn, expand=True) if turn else picture


def _target_size(film: _Film, is_square: bool) -> tuple[int, int]:
    if is_square:
        side = min(NOTE_SIDE, film.width, film.height) // 2 * 2
        return max(2, side), max(2, side)
    scale = min(1.0, LONGEST_SIDE / max(film.width, film.height))
    return max(2, int(film.width * scale) // 2 * 2), max(2, int(film.height * scale) // 2 * 2)


def _repack(container: InputContainer, target: Path, picture: VideoStream, sound: AudioStream | None) -> None:
    with av.open(str(target), "w", format="mp4", options={"movflags": "faststart"}) as output:
        sources: list[VideoStream | AudioStream] = [picture] if sound is None else [picture, sound]
        targets = {stream.index: output.add_stream_from_template(stream) for stream in sources}
        for packet in _with_times(container, sources):
            packet.stream = targets[packet.stream.index]
            output.mux(packet)


def _with_times(container: InputContainer, sources: list[VideoStream | AudioStream]) -> "Iterator[Packet[Stream]]":
    """Every packet with its decoding time: Matroska leaves those of the first ones out."""
    early: dict[int, list[Packet[Stream]]] = {}
    for packet in container.demux(*sources):
        if packet.pts is None and packet.dts is None:
            continue  # marks the end
        waiting = early.setdefault(packet.stream.index, [])
        if packet.dts is None:
            if len(waiting) > MOST_EARLY:
                raise NotUsable("the film does not say when its pictures are due")
            waiting.append(packet)
            continue
        step = packet.duration or 1
        for place, before in enumerate(waiting):
            before.dts = packet.dts - (len(waiting) - place) * step
            yield before
        waiting.clear()
        yield packet


def _encode(
    container: InputContainer,
    target: Path,
    film: _Film,
    sound: AudioStream | None,
    width: int,
    height: int,
    *,
    is_square: bool,
) -> None:
    with av.open(str(target), "w", format="mp4", options={"movflags": "faststart"}) as output:
        rate = film.picture.average_rate or 25
        stream = output.add_stream("libx264", rate=min(rate, 60), options={"preset": "veryfast", "crf": QUALITY})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        if film.picture.time_base is not None:
            stream.codec_context.time_base = film.picture.time_base
        speaker = None if sound is None else _Sound(output)
        graph = _graph(film, width, height, is_square=is_square)
        sources = [film.picture] if sound is None else [film.picture, sound]
        last = -1
        for packet in container.demux(*sources):
            for frame in packet.decode():
                if not isinstance(frame, VideoFrame):
                    if speaker is not None:
                        speaker.add(frame)  # type: ignore[arg-type]
                    continue
                for shown in _filtered(graph, frame):
                    if shown.pts is None or shown.pts <= last:
                        continue  # times that go back cannot be stored
                    last = shown.pts
                    output.mux(stream.encode(shown))
        output.mux(stream.encode(None))
        if speaker is not None:
            speaker.end()


def _graph(film: _Film, width: int, height: int, *, is_square: bool) -> Graph:
    graph = Graph()
    chain = [graph.add_buffer(template=film.picture, time_base=film.picture.time_base)]
    # A turn of 90 degrees counter-clockwise is what the player would have done.
    if film.turn == 180:
        chain += [graph.add("hflip"), graph.add("vflip")]
    elif film.turn:
        chain.append(graph.add("transpose", "2" if film.turn == 90 else "1"))
    if is_square:
        chain.append(graph.add("crop", r"min(iw\,ih):min(iw\,ih)"))
    chain += [graph.add("scale", f"{width}:{height}"), graph.add("format", "yuv420p"), graph.add("buffersink")]
    graph.link_nodes(*chain)
    graph.configure()
    return graph


def _filtered(graph: Graph, frame: VideoFrame) -> Iterator[VideoFrame]:
    graph.push(frame)
    while True:
        try:
            shown = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        assert isinstance(shown, VideoFrame)
        yield shown


class _Sound:
    def __init__(self, output: OutputContainer) -> None:
        self._output = output
        self._stream = output.add_stream("aac", rate=SOUND_RATE)
        self._stream.codec_context.layout = "stereo"
        self._stream.codec_context.bit_rate = SOUND_BIT_RATE
        self._resampler = av.AudioResampler("fltp", "stereo", SOUND_RATE)

    def add(self, frame: av.AudioFrame | None) -> None:
        for part in self._resampler.resample(frame):
            part.pts = None
            self._output.mux(self._stream.encode(part))

    def end(self) -> None:
        self.add(None)
        self._output.mux(self._stream.encode(None))
