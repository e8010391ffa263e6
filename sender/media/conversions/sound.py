"""Sound: voice notes in Ogg with Opus, their length and the wave that the chat shows."""

from array import array
from collections.abc import Iterator
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.container import InputContainer

from sender.media.conversions.container import opened
from sender.media.job import Converted, Job, NotUsable

RATE = 48_000
BIT_RATE = 32_000
BARS = 64
LOUDEST = 100
BLOCK = RATE // 50  # samples whose loudness is one value
LONGEST = 6 * 3600  # seconds
MIME = "audio/ogg; codecs=opus"


def voice(job: Job) -> Converted:
    """Ogg with mono Opus, whatever sound the file holds (that of a film too)."""
    with opened(job.source) as (container, mime):
        if not container.streams.audio:
            raise NotUsable("the file holds no sound")
        codec = container.streams.audio[0].codec_context
        stays = mime == "audio/ogg" and codec.name in ("opus", "libopus") and len(container.streams) == 1
        loudness = Loudness()
        if stays:
            for frame in _mono(container):
                loudness.add(frame)
        else:
            _encode(container, job.target, loudness)
        if loudness.samples == 0:
            raise NotUsable("the file holds no sound")
        return Converted(
            job.source if stays else job.target, MIME, seconds=max(1, round(loudness.seconds)), wave=loudness.wave()
        )


class Loudness:
    """The loudness of each fiftieth of a second, as the sound goes by."""

    def __init__(self) -> None:
        self.samples = 0
        self._levels: list[float] = []

    @property
    def seconds(self) -> float:
        return self.samples / RATE

    def add(self, frame: AudioFrame) -> None:
        """Raises NotUsable when it gets too long."""
        samples = array("h", bytes(frame.planes[0])[: frame.samples * 2])
        self.samples += len(samples)
        if self.seconds > LONGEST:
            raise NotUsable(f"the sound is longer than {LONGEST // 3600} hours")
        for start in range(0, len(samples), BLOCK):
            # Every eighth sample is enough for a picture of the wave.
            part = samples[start : start + BLOCK : 8]
            self._levels.append(sum(map(abs, part)) / len(part))

    def wave(self) -> bytes:
        """BARS values, the loudest LOUDEST."""
        count = len(self._levels)
        bars = []
        for bar in range(BARS):
            start = bar * count // BARS
            part = self._levels[start : max(start + 1, (bar + 1) * count // BARS)]
            bars.append(sum(part) / len(part))
        loudest = max(bars) or 1.0
        return bytes(round(LOUDEST * bar / loudest) for bar in bars)


def _mono(container: InputContainer) -> Iterator[AudioFrame]:
    resampler = av.AudioResampler("s16", "mono", RATE)
    for frame in container.decode(container.streams.audio[0]):
        yield from resampler.resample(frame)
    yield from resampler.resample(None)


def _encode(container: InputContainer, target: Path, loudness: Loudness) -> None:
    with av.open(str(target), "w", format="ogg") as output:
        stream = output.add_stream("libopus", rate=RATE, options={"application": "voip"})
        stream.codec_context.layout = "mono"
        stream.codec_context.format = "s16"
        stream.codec_context.bit_rate = BIT_RATE
        for frame in _mono(container):
            loudness.add(frame)
            frame.pts = None  # gaps and jumps of the source are not ours to keep
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
