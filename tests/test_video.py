"""Clips: frames, times, colors and sound survive; a stop keeps what is done; what cannot be read is told in a line."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import threading
import types
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from ppgan_lite.cli import main
from ppgan_lite.errors import UsageError, VideoError
from ppgan_lite.images import UNNAMED
from ppgan_lite.video import rendering as rendering_module
from ppgan_lite.video.faces import SteadyFaces
from ppgan_lite.video.painting import FramePainter
from ppgan_lite.video.pictures import is_animated, render_pictures
from ppgan_lite.video.planning import plan_clips
from ppgan_lite.video.reading import open_clip, read_frame, read_frames
from ppgan_lite.video.rendering import Rendering, RenderingStopped, can_resume, check_disk, render
from ppgan_lite.video.scrubbing import frame_at, open_any_clip
from ppgan_lite.video.steadiness import Steadiness
from ppgan_lite.video.writing import Encoding, Segment, choose_codec

av = pytest.importorskip("av")

HEIGHT, WIDTH, COUNT = 48, 64, 25


def scene(number: int, *, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """A smooth pattern that moves a pixel to the right with each frame."""
    rows, columns = np.mgrid[0:height, 0:width].astype(float)
    x = columns - number
    waves = [np.sin(x / 11 + rows / 19), np.cos(rows / 16), np.sin(x / 13)]
    return np.rint(np.stack(waves, -1) * 80 + 120).astype(np.uint8)


def write_clip(
    path: Path,
    *,
    times: list[int] | None = None,
    sound: bool = True,
    turn: int = 0,
    codec: str = "libx264",
    options: dict[str, Any] | None = None,
    container_options: dict[str, str] | None = None,
) -> None:
    times = times if times is not None else list(range(COUNT))
    with contextlib.closing(av.open(str(path), "w", options=container_options or {})) as output:
        video = output.add_stream(codec, rate=25, options={"crf": "5"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.codec_context.time_base = Fraction(1, 25)
        for name, value in (options or {}).items():
            setattr(video.codec_context, name, value)
        if turn:
            video.set_display_rotation(turn)
        audio = output.add_stream("aac", rate=16000) if sound else None
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(scene(number), format="rgb24")
            frame.pts = time
            output.mux(video.encode(frame))
        output.mux(video.encode())
        if audio is not None:
            tone = np.sin(np.arange(16000) / 10).astype(np.float32)[None]
            frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 16000, 0
            output.mux(audio.encode(frame))
            output.mux(audio.encode())


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    write_clip(path)
    return path


def job(source: Path, target: Path, *, steady: float = 0.0, **settings: Any) -> Rendering:
    return Rendering(open_clip(source), target, Encoding(crf=3), steady, settings)


class Makes:
    """A predictor of a function, which needs no net."""

    spec = types.SimpleNamespace(settings={"draft_px": 512}, task="translate")
    checkpoint, painting, colors, blend = UNNAMED, None, None, ()
    engine, device = "paddle", "cpu"

    def __init__(self, function: Callable[[np.ndarray], np.ndarray]) -> None:
        self.function = function

    def __call__(self, image: np.ndarray, **options: Any) -> np.ndarray:
        return self.function(image)


class Paints(Makes):
    """One that paints, so that two frames are painted at a time."""

    spec = types.SimpleNamespace(settings={"draft_px": 512}, task="stylize")


unchanged = FramePainter(Makes(lambda image: image), {}, 1)
inverted = FramePainter(Makes(lambda image: 255 - image), {}, 1)


def no_progress(done: int, frames: int | None) -> None: ...


def stop_at(number: int) -> Callable[[int, int | None], None]:
    def progress(done: int, frames: int | None) -> None:
        if done >= number:
            raise KeyboardInterrupt

    return progress


def sound_of(path: Path) -> bytes:
    with contextlib.closing(av.open(str(path))) as container:
        return b"".join(bytes(packet) for packet in container.demux(container.streams.audio[0]))


def images_of(path: Path) -> list[np.ndarray]:
    return [frame.image for frame in read_frames(open_clip(path))]


def test_frames_times_colors_and_sound_survive(clip: Path, tmp_path: Path) -> None:
    target = tmp_path / "result.mp4"
    assert render(job(clip, target), unchanged, no_progress) == (COUNT, ())
    assert [frame.time for frame in read_frames(open_clip(target))] == [
        frame.time for frame in read_frames(open_clip(clip))
    ]
    for before, after in zip(images_of(clip), images_of(target), strict=True):
        difference = after.astype(int) - before
        assert np.abs(difference).mean() < 2
        assert abs(difference.mean()) < 0.5
    assert sound_of(target) == sound_of(clip)
    assert not (tmp_path / ".result.mp4.parts").exists()


def test_the_painter_gets_every_frame_as_it_is_and_its_result_is_written(clip: Path, tmp_path: Path) -> None:
    render(job(clip, tmp_path / "result.mkv"), inverted, no_progress)
    for number, image in enumerate(images_of(tmp_path / "result.mkv")):
        assert np.abs(255 - image.astype(int) - scene(number)).mean() < 4


def test_two_frames_are_painted_at_once_and_written_in_their_order(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[np.ndarray] = []
    monkeypatch.setattr("ppgan_lite.video.faces.spare_faces", lambda image, share: seen.append(image))
    second = threading.Event()

    def paint(image: np.ndarray) -> np.ndarray:
        if image is seen[0]:
            assert second.wait(60), "the second frame waits for the first"
        second.set()
        return 255 - image

    render(job(clip, tmp_path / "one.mkv"), inverted, no_progress)
    render(job(clip, tmp_path / "two.mkv"), FramePainter(Paints(paint), {}, 0.6), no_progress)
    for one, two in zip(images_of(tmp_path / "one.mkv"), images_of(tmp_path / "two.mkv"), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_variable_frame_rate_is_kept(tmp_path: Path) -> None:
    times = [0, 1, 2, 6, 7, 15, 16, 30]
    write_clip(tmp_path / "clip.mp4", times=times, sound=False)
    render(job(tmp_path / "clip.mp4", tmp_path / "result.mp4"), unchanged, no_progress)
    clip = open_clip(tmp_path / "result.mp4")
    assert [round(frame.time * clip.time_base * 25) for frame in read_frames(clip)] == times


def test_segments_join_without_a_seam_in_time(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering_module, "SEGMENT_FRAMES", 7)
    render(job(clip, tmp_path / "result.mp4"), unchanged, no_progress)
    result = open_clip(tmp_path / "result.mp4")
    ticks = [frame.time * result.time_base for frame in read_frames(result)]
    assert ticks == [Fraction(number, 25) for number in range(COUNT)]


@pytest.mark.parametrize("suffix", [".mkv", ".avi", ".ts"])  # time bases of 1/1000, 1/25 and 1/90000
@pytest.mark.parametrize("target_suffix", [".mp4", ".mkv"])
def test_segments_of_a_clip_with_any_time_base_join(
    suffix: str, target_suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering_module, "SEGMENT_FRAMES", 7)
    source, target = tmp_path / f"clip{suffix}", tmp_path / f"result{target_suffix}"
    write_clip(source, sound=False, codec="mpeg4" if suffix == ".avi" else "libx264")
    render(job(source, target), unchanged, no_progress)
    result = open_clip(target)
    ticks = [float(frame.time * result.time_base) for frame in read_frames(result)]
    np.testing.assert_allclose(np.diff(ticks), np.full(COUNT - 1, 1 / 25), atol=0.0011)
    for before, after in zip(images_of(source), images_of(target), strict=True):
        assert np.abs(after.astype(int) - before).mean() < 2


@pytest.mark.parametrize("turn", [90, 180, -90])
def test_a_clip_of_a_turned_camera_is_painted_upright(turn: int, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    write_clip(path, turn=turn)
    clip = open_clip(path)
    assert (clip.width, clip.height) == ((WIDTH, HEIGHT) if turn == 180 else (HEIGHT, WIDTH))
    image = next(read_frames(clip)).image
    expected = np.rot90(scene(0), turn // 90)
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).mean() < 6
    render(job(path, tmp_path / "result.mp4"), unchanged, no_progress)
    result = open_clip(tmp_path / "result.mp4")
    assert (result.width, result.height, result.turns) == (clip.width, clip.height, 0)


def record_encoded(monkeypatch: pytest.MonkeyPatch) -> dict[int, np.ndarray]:
    """Record the frames that are encoded, by their times: x264 gives other bits for the same ones once in a while."""
    encoded: dict[int, np.ndarray] = {}
    write = Segment.write

    def record(self: Segment, frame: Any) -> None:
        encoded[frame.time] = frame.image
        write(self, frame)

    monkeypatch.setattr(Segment, "write", record)
    return encoded


@pytest.mark.parametrize("stop", [3, 12, 20])
def test_a_stop_leaves_a_file_that_plays_and_resuming_gives_the_same_frames(
    stop: int, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering_module, "SEGMENT_FRAMES", 7)
    encoded = record_encoded(monkeypatch)
    whole, target = tmp_path / "whole.mp4", tmp_path / "stopped.mp4"
    render(job(clip, whole, steady=0.6), inverted, no_progress)
    expected = dict(encoded)
    encoded.clear()
    stopped = job(clip, target, steady=0.6)
    with pytest.raises(RenderingStopped) as caught:
        render(stopped, inverted, stop_at(stop))
    assert str(caught.value) == (
        f"{target}: stopped after {stop} of {COUNT} frames, which it holds. Go on with the same command and --resume"
    )
    assert len(images_of(target)) == stop
    assert can_resume(stopped)
    assert all(np.array_equal(image, expected[time]) for time, image in encoded.items())
    painted: list[np.ndarray] = []

    def paint(image: np.ndarray) -> np.ndarray:
        painted.append(image)
        return 255 - image

    render(stopped, FramePainter(Makes(paint), {}, 1), no_progress, resume=True)
    assert len(painted) == COUNT - stop // 7 * 7
    assert encoded.keys() == expected.keys()
    for time, image in encoded.items():
        np.testing.assert_array_equal(image, expected[time])
    for one, other in zip(images_of(whole), images_of(target), strict=True):
        assert np.abs(one.astype(int) - other).mean() < 1
    assert not can_resume(stopped)


def test_a_stop_before_the_first_frame_leaves_nothing(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(RenderingStopped, match=r"stopped before the first frame$"):
        render(job(clip, tmp_path / "result.mp4"), unchanged, stop_at(0))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4"]


def test_resuming_with_other_settings_is_refused(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(RenderingStopped):
        render(job(clip, tmp_path / "result.mp4", strength=1), unchanged, stop_at(5))
    with pytest.raises(UsageError, match="strength differs from that of the frames that are done"):
        render(job(clip, tmp_path / "result.mp4", strength=0.5), unchanged, no_progress, resume=True)


@pytest.mark.parametrize("name", ["clip.mkv", "clip.mp4", "clip.avi"])
def test_a_clip_that_is_cut_is_painted_as_far_as_it_goes_and_told(name: str, tmp_path: Path) -> None:
    path, target = tmp_path / name, tmp_path / "result.mp4"
    head_first = {"container_options": {"movflags": "+faststart"}} if name == "clip.mp4" else {}
    write_clip(path, times=list(range(100)), sound=False, codec="mpeg4", **head_first)
    assert render(job(path, target), unchanged, no_progress) == (100, ())
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(VideoError, match=r"is (cut|damaged).*; the \d+ frames before are in .*result.mp4$") as error:
        render(job(path, target), unchanged, no_progress)
    assert 0 < len(images_of(target)) < 80
    assert str(error.value).startswith(f"{path}: ")


def test_a_clip_whose_sound_is_longer_or_whose_frames_have_no_length_is_whole(tmp_path: Path) -> None:
    for name in ("long_sound.mkv", "long_sound.mp4"):
        write_clip(tmp_path / name, times=[0, 1, 2])  # and a second of sound
        assert len(images_of(tmp_path / name)) == 3
    write_clip(tmp_path / "slow.mp4", times=[0, 50, 200], sound=False)
    assert len(images_of(tmp_path / "slow.mp4")) == 3


def test_a_frame_of_another_size_is_scaled(tmp_path: Path) -> None:
    clip = open_clip_of_two_sizes(tmp_path / "clip.mkv")
    assert {frame.image.shape for frame in read_frames(clip)} == {(HEIGHT, WIDTH, 3)}


def open_clip_of_two_sizes(path: Path) -> Any:
    write_clip(path, sound=False)
    clip = open_clip(path)
    wider = path.with_name("wider.mkv")
    with contextlib.closing(av.open(str(wider), "w")) as output:
        video = output.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 2 * WIDTH, 2 * HEIGHT, "yuv420p"
        for number in range(3):
            output.mux(
                video.encode(
                    av.VideoFrame.from_ndarray(scene(number, height=2 * HEIGHT, width=2 * WIDTH), format="rgb24")
                )
            )
        output.mux(video.encode())
    return dataclasses.replace(clip, path=wider)


def no_clip(path: Path) -> None:
    path.write_text("no clip")


def only_sound(path: Path) -> None:
    with contextlib.closing(av.open(str(path), "w")) as output:
        audio = output.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 16000, 0
        output.mux(audio.encode(frame))
        output.mux(audio.encode())


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda path: None, "there is no such file; expected a clip"),
        (lambda path: path.mkdir(), "is no file; expected a clip"),
        (no_clip, "is no clip that FFmpeg reads (invalid data found when processing input)"),
        (lambda path: path.write_bytes(b""), "is no clip that FFmpeg reads (invalid data found when processing input)"),
        (only_sound, "holds no video; expected a clip"),
        (
            lambda path: write_clip(path, options={"color_trc": 16, "color_primaries": 9, "colorspace": 10}),
            "is HDR (PQ); expected colors of SDR. "
            "Convert it first, for instance with a player's export or FFmpeg's tonemap filter",
        ),
    ],
    ids=["missing", "folder", "text", "empty", "sound", "HDR of a matrix that is not mapped"],
)
def test_what_is_no_clip_is_told_in_a_line(make: Callable[[Path], None], found: str, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    make(path)
    with pytest.raises(VideoError) as caught:
        open_clip(path)
    assert str(caught.value) == f"{path}: {found}"


def write_frames(path: Path, pixels: np.ndarray, *, pix_fmt: str = "yuv420p", count: int = 3, **options: Any) -> None:
    """Write the same frame again and again, losslessly: uint8 or uint16 H x W x 3."""
    with contextlib.closing(av.open(str(path), "w")) as output:
        video = output.add_stream("libx264", rate=25, options={"qp": "0", "preset": "ultrafast"})
        video.height, video.width = pixels.shape[:2]
        video.pix_fmt = pix_fmt
        for name, value in options.items():
            setattr(video.codec_context, name, value)
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24" if pixels.dtype == np.uint8 else "rgb48le")
            frame = frame.reformat(format=pix_fmt, dst_colorspace=options.get("colorspace", 5), dst_color_range=1)
            frame.pts = number
            output.mux(video.encode(frame))
        output.mux(video.encode())


def test_a_clip_of_10_bits_is_painted_in_8(tmp_path: Path) -> None:
    pixels = scene(0).astype(np.uint16) * 257
    write_frames(tmp_path / "clip.mp4", pixels, pix_fmt="yuv420p10le")
    assert np.abs(images_of(tmp_path / "clip.mp4")[0].astype(int) - scene(0)).mean() < 2
    assert render(job(tmp_path / "clip.mp4", tmp_path / "result.mp4"), unchanged, no_progress) == (3, ())


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_is_mapped_to_sdr_with_its_highlights(transfer: int, name: str, tmp_path: Path) -> None:
    ramp = np.rint(np.linspace(0, 65535, WIDTH)).astype(np.uint16)
    gray = np.repeat(np.tile(ramp, (HEIGHT, 1))[..., None], 3, axis=2)
    hdr = {"color_trc": transfer, "color_primaries": 9, "colorspace": 9}
    write_frames(tmp_path / "clip.mp4", gray, pix_fmt="yuv420p10le", **hdr)
    assert open_clip(tmp_path / "clip.mp4").hdr == name
    row = images_of(tmp_path / "clip.mp4")[0][HEIGHT // 2].astype(int)
    assert np.ptp(row, axis=1).max() <= 4, "gray stays gray"
    assert (np.diff(row[:, 1]) >= 0).all()
    assert row[0, 1] < 5 and row[-1, 1] > 245
    assert 90 < row[WIDTH // 2, 1] < 160
    assert len(set(row[WIDTH * 3 // 4 :, 1])) > 8, "highlights are compressed, not clipped"


def test_hdr_of_a_turned_camera_becomes_an_upright_clip_of_sdr(tmp_path: Path) -> None:
    hdr = {"color_trc": 18, "color_primaries": 9, "colorspace": 9}
    write_clip(tmp_path / "clip.mp4", turn=90, options=hdr)
    clip = open_clip(tmp_path / "clip.mp4")
    assert (clip.hdr, clip.width, clip.height) == ("HLG", HEIGHT, WIDTH)
    assert np.array_equal(read_frame(clip, 3), images_of(tmp_path / "clip.mp4")[3])
    assert render(job(tmp_path / "clip.mp4", tmp_path / "result.mp4"), unchanged, no_progress) == (COUNT, ())
    result = open_clip(tmp_path / "result.mp4")
    assert (result.hdr, result.width, result.height) == (None, HEIGHT, WIDTH)
    assert (result.colors.matrix, result.colors.transfer, result.colors.primaries) == (1, 1, 1)


def test_a_clip_of_8k_is_read_where_there_is_memory_and_told_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "clip.mp4"
    write_frames(path, np.zeros((4320, 7680, 3), np.uint8), count=1)
    clip = open_clip(path)
    assert (clip.width, clip.height) == (7680, 4320)
    assert next(read_frames(clip)).image.shape == (4320, 7680, 3)
    monkeypatch.setattr("ppgan_lite.runtime.memory.free_memory", lambda: 10**9 - psutil.Process().memory_info().rss)
    with pytest.raises(UsageError, match="a clip of 7680 x 4320 pixels"):
        open_clip(path)


def write_subtitled(path: Path, folder: Path) -> None:
    """Write a clip with a subtitle."""
    (folder / "a.srt").write_text("1\n00:00:00,000 --> 00:00:00,500\nHello, 你好\n", encoding="utf-8")
    write_clip(folder / "plain.mkv", sound=False)
    with (
        contextlib.closing(av.open(str(folder / "plain.mkv"))) as film,
        contextlib.closing(av.open(str(folder / "a.srt"))) as text,
        contextlib.closing(av.open(str(path), "w")) as output,
    ):
        video = output.add_stream_from_template(film.streams.video[0], opaque=True)
        words = output.add_stream_from_template(text.streams.subtitles[0])
        for source, stream in ((text, words), (film, video)):
            for packet in source.demux():
                if packet.size:  # the first of a .mkv may have no time of decoding
                    packet.stream = stream
                    output.mux(packet)


def test_subtitles_are_copied_or_their_absence_is_told(tmp_path: Path) -> None:
    write_subtitled(tmp_path / "clip.mkv", tmp_path)
    assert render(job(tmp_path / "clip.mkv", tmp_path / "result.mkv"), unchanged, no_progress) == (COUNT, ())
    with contextlib.closing(av.open(str(tmp_path / "result.mkv"))) as container:
        packets = [bytes(packet) for packet in container.demux(container.streams.subtitles[0])]
    assert "Hello, 你好".encode() in b"".join(packets)
    assert render(job(tmp_path / "clip.mkv", tmp_path / "result.mp4"), unchanged, no_progress) == (COUNT, ("subtitle",))


def test_sound_that_a_format_does_not_hold_is_told_and_nothing_is_left(clip: Path, tmp_path: Path) -> None:
    rendering = Rendering(open_clip(clip), tmp_path / "result.webm", Encoding("vp9", 40), 0.0, {})
    with pytest.raises(UsageError, match=r"\.webm does not hold its sound \(aac\)"):
        render(rendering, unchanged, no_progress)
    assert not (tmp_path / "result.webm").exists()


def test_a_disk_without_room_is_told_before(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering_module, "estimate_bytes", lambda clip: 10**18)
    with pytest.raises(VideoError, match="MB, which the clip may take"):
        check_disk(job(clip, tmp_path / "result.mp4"))


def test_codecs_are_chosen_by_name_and_target() -> None:
    assert choose_codec("auto", Path("a.mp4")) == "h264"
    assert choose_codec("auto", Path("a.webm")) == "vp9"
    with pytest.raises(UsageError, match=r"h264 does not fit into \.webm"):
        choose_codec("h264", Path("a.webm"))


@pytest.mark.parametrize("codec", ["h264", "h265", "av1", "vp9"])
def test_every_codec_writes_a_clip(codec: str, clip: Path, tmp_path: Path) -> None:
    target = tmp_path / "result.mp4"
    render(Rendering(open_clip(clip), target, Encoding(codec, 20), 0.0, {}), unchanged, no_progress)
    assert len(images_of(target)) == COUNT


def test_targets_are_planned_before_any_work(clip: Path, tmp_path: Path) -> None:
    [plan] = plan_clips([clip], None, label="udnie", overwrite=False)
    assert plan.target == tmp_path / "clip_udnie.mp4"
    [plan] = plan_clips([tmp_path / "old.avi"], None, label="udnie", overwrite=False)
    assert plan.target.name == "old_udnie.mp4"
    with pytest.raises(VideoError, match="is the clip itself"):
        plan_clips([clip], str(clip), label="", overwrite=True)
    (tmp_path / "there.mp4").touch()
    with pytest.raises(VideoError, match=r"is there already. Use --overwrite"):
        plan_clips([clip], str(tmp_path / "there.mp4"), label="", overwrite=False)
    with pytest.raises(UsageError, match=r"clip.mp4 cannot become a .txt"):
        plan_clips([clip], str(tmp_path / "a.txt"), label="", overwrite=False)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with pytest.raises(VideoError, match="is that of"):
        plan_clips([tmp_path / "a/x.mp4", tmp_path / "b/x.mp4"], str(tmp_path), label="", overwrite=False)


# steadiness -----------------------------------------------------------------------------------------------------------


def flickering(number: int) -> np.ndarray:
    noise = np.random.default_rng(number).normal(0, 12, (96, 128, 3))
    return np.clip(scene(number, height=96, width=128) + noise, 0, 255).astype(np.uint8)


def flicker(frames: list[np.ndarray]) -> float:
    """The mean difference between a frame and the one before, moved along by the pixel that the scene moves."""
    pairs = zip(frames[5:], frames[4:], strict=False)
    return float(np.mean([np.abs(new[:, 1:].astype(int) - old[:, :-1]).mean() for new, old in pairs]))


def test_strokes_stay_on_what_moves() -> None:
    steadiness = Steadiness(0.6)
    sources = [scene(number, height=96, width=128) for number in range(16)]
    painted = [flickering(number) for number in range(16)]
    steadied = [steadiness(source, frame) for source, frame in zip(sources, painted, strict=True)]
    assert flicker(steadied) < 0.5 * flicker(painted)
    assert np.abs(steadied[-1].astype(int) - sources[-1]).mean() < np.abs(painted[-1].astype(int) - sources[-1]).mean()


def test_a_cut_starts_afresh_and_none_of_steadiness_changes_nothing() -> None:
    steadiness = Steadiness(0.9)
    first, second = scene(0, height=96, width=128), np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    steadiness(first, np.zeros_like(first))
    painted = np.full_like(first, 200)
    np.testing.assert_array_equal(steadiness(second, painted), painted)
    none = Steadiness(0.0)
    none(first, np.zeros_like(first))
    np.testing.assert_array_equal(none(first, painted), painted)


def test_a_map_of_faces_changes_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    found: Iterator[np.ndarray | None] = iter([np.full((4, 4), 0.5, np.float32), None, *[None] * 30])
    monkeypatch.setattr("ppgan_lite.video.faces.spare_faces", lambda image, share: next(found))
    strokes_of = SteadyFaces(0.6)
    image = np.zeros((8, 8, 3), np.uint8)
    maps = [strokes_of(image) for _ in range(60)]
    assert maps[0] is not None and maps[0].min() == 0.5
    values = [1.0 if strokes is None else float(strokes.min()) for strokes in maps]
    assert all(0 <= after - before <= 0.16 for before, after in itertools.pairwise(values))
    assert maps[-1] is None


# animated pictures ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_an_animated_picture_keeps_times_and_transparency(suffix: str, tmp_path: Path) -> None:
    frames = []
    for number in range(4):
        image = Image.fromarray(scene(number)).convert("RGBA")
        image.paste((0, 0, 0, 0), (0, 0, 10, HEIGHT))
        frames.append(image)
    path, target = tmp_path / f"clip{suffix}", tmp_path / f"result{suffix}"
    options = {"disposal": 2} if suffix != ".webp" else {}
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=[100, 200, 300, 400], loop=0, **options)
    assert render_pictures(path, target, inverted, no_progress, steady=0.0) == 4
    with Image.open(target) as result:
        assert result.n_frames == 4
        durations = []
        for number in range(4):
            result.seek(number)
            rgba = np.asarray(result.convert("RGBA")).astype(int)
            durations.append(int(result.info["duration"]))
            assert rgba[:, :9, 3].max() == 0 and rgba[:, 11:, 3].min() == 255
            assert np.abs(255 - rgba[:, 12:, :3] - scene(number)[:, 12:]).mean() < 12
        assert durations == [100, 200, 300, 400]


def test_a_single_picture_is_told(tmp_path: Path) -> None:
    Image.fromarray(scene(0)).save(tmp_path / "one.gif")
    with pytest.raises(VideoError, match=r"is a single picture; expected a clip. Use: paddlegan stylize"):
        render_pictures(tmp_path / "one.gif", tmp_path / "two.gif", inverted, no_progress, steady=0.0)


# the verb -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def painter(monkeypatch: pytest.MonkeyPatch) -> None:
    paints = Paints(lambda image: 255 - image)
    monkeypatch.setattr("ppgan_lite.cli.styling.StyleChoice.load", lambda *arguments: paints)


@pytest.mark.usefixtures("painter")
def test_the_verb_paints_clips_and_reports_one_that_fails(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.mp4").write_text("no clip")
    (tmp_path / "out").mkdir()
    clips = [str(clip), str(tmp_path / "bad.mp4")]
    assert main(["video", *clips, "--style", "udnie", "--faces", "1", "-o", str(tmp_path / "out"), "--json"]) == 1
    output = capsys.readouterr()
    told = json.loads(output.out)
    assert [result["frames"] for result in told["results"]] == [COUNT]
    assert "is no clip that FFmpeg reads" in told["failures"][0]["error"]
    assert np.abs(255 - images_of(tmp_path / "out" / "clip.mp4")[3].astype(int) - scene(3)).mean() < 8


@pytest.mark.usefixtures("painter")
def test_resuming_leaves_a_whole_result_as_it_is(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["video", str(clip), "--style", "udnie", "--faces", "1", "-o", str(tmp_path / "result.mp4")]
    assert main(command) == 0
    before = (tmp_path / "result.mp4").read_bytes()
    assert main([*command, "--resume", "--strength", "0.5"]) == 0
    assert "result.mp4: is done already" in capsys.readouterr().err
    assert (tmp_path / "result.mp4").read_bytes() == before


@pytest.mark.usefixtures("painter")
def test_a_clip_does_not_see_the_faces_of_the_one_before(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = itertools.chain([np.zeros((4, 4), np.float32)] * 9, itertools.repeat(None))
    monkeypatch.setattr("ppgan_lite.video.faces.spare_faces", lambda image, share: next(found))
    maps: list[Any] = []
    monkeypatch.setattr(Paints, "__call__", lambda self, image, **options: maps.append(options.get("strokes")) or image)
    other = tmp_path / "other.mp4"
    other.write_bytes(clip.read_bytes())
    (tmp_path / "out").mkdir()
    assert main(["video", str(clip), str(other), "--style", "udnie", "-o", str(tmp_path / "out")]) == 0
    assert len(maps) == 2 * COUNT
    assert maps[0] is not None and all(strokes is None for strokes in maps[COUNT:])


def test_style_and_checkpoint_exclude_each_other(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["video", str(clip)]) == 2
    assert "--style: is missing; expected one of --style, --checkpoint, --restore" in capsys.readouterr().err
    for ways in (["--style", "udnie", "--checkpoint", "x.ppgan"], ["--checkpoint", "x.ppgan", "--restore"]):
        assert main(["video", str(clip), *ways]) == 2
        assert "are both given; expected one of them" in capsys.readouterr().err


def test_a_clip_and_an_animation_are_restored_by_the_checkpoint_that_ships(clip: Path, tmp_path: Path) -> None:
    frames = [Image.fromarray(scene(number)) for number in range(2)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=80)
    frames[0].save(tmp_path / "b.webp", save_all=True, append_images=frames[1:], duration=80)
    clips = [str(clip), str(tmp_path / "a.gif"), str(tmp_path / "b.webp")]
    assert main(["video", *clips, "--restore", "--steady", "0"]) == 0
    restored = images_of(clip.with_name(f"{clip.stem}_restored.mp4"))
    assert len(restored) == COUNT and restored[0].shape == scene(0).shape
    assert 0 < np.abs(restored[0].astype(int) - images_of(clip)[0]).mean() < 60
    for name in ("a_restored.gif", "b_restored.webp"):
        with Image.open(tmp_path / name) as result:
            assert result.n_frames == 2 and result.size == frames[0].size


@pytest.mark.usefixtures("painter")
def test_a_mask_lies_over_every_frame(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(np.repeat(np.array([[0] * 50 + [255] * 50], np.uint8), 20, axis=0)).save(tmp_path / "mask.png")
    maps: list[Any] = []
    monkeypatch.setattr(Paints, "__call__", lambda self, image, **options: maps.append(options["strength"]) or image)
    mask = ["--mask", str(tmp_path / "mask.png"), "--feather", "0", "--strength-outside", "0.25", "--strength", "0.75"]
    assert main(["video", str(clip), "--style", "udnie", "--faces", "1", *mask]) == 0
    height, width = scene(0).shape[:2]
    assert len(maps) == COUNT and all(found.shape == (height, width) for found in maps)
    np.testing.assert_allclose(maps[0][:, : width // 2 - 2], 0.25, atol=0.01)
    np.testing.assert_allclose(maps[-1][:, width // 2 + 2 :], 0.75, atol=0.01)


@pytest.mark.parametrize(
    ("command", "way"),
    [
        (["stylize", "--style", "udnie"], "--style NAME"),
        (["translate", "--checkpoint", "x.ppgan"], "--checkpoint FILE"),
        (["restore"], "--restore"),
    ],
)
def test_verbs_of_photos_name_the_one_of_clips(
    command: list[str], way: str, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, str(clip)]) == 2
    line = f"{clip}: is a clip; expected photos. Use: paddlegan video {clip} {way}"
    assert capsys.readouterr().err == f"paddlegan: error: {line}\n"


def test_frames_that_a_photo_does_not_have_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames = [Image.fromarray(scene(number)) for number in range(2)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "single.gif")
    told = "its first frame, and no other; paddlegan video paints all of them"
    for name, count in (("a.gif", 1), ("single.gif", 0)):
        assert main(["restore", str(tmp_path / name)]) == 0
        assert capsys.readouterr().err.count(told) == count


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--checkpoint", "x.ppgan", "--strength", "0.5"], "--strength: does nothing without --style"),
        (["--style", "udnie", "--direction", "a_to_b"], "--direction: does nothing without --checkpoint"),
    ],
)
def test_an_option_that_does_nothing_is_told(
    options: list[str], found: str, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["video", str(clip), *options]) == 2
    assert found in capsys.readouterr().err


# One frame


@pytest.mark.parametrize("turn", [0, 90])
def test_any_frame_is_found_by_its_number(tmp_path: Path, turn: int) -> None:
    path = tmp_path / "clip.mp4"
    write_clip(path, turn=turn)
    clip = open_any_clip(path)
    all_of_them = [frame.image for frame in read_frames(open_clip(path))]
    for number in (0, 7, COUNT - 1, 12, 1):
        np.testing.assert_array_equal(frame_at(clip, number), all_of_them[number], err_msg=str(number))
    np.testing.assert_array_equal(frame_at(clip, COUNT + 50), all_of_them[-1])


def test_a_frame_of_a_clip_whose_rate_varies_is_the_one_of_its_time(tmp_path: Path) -> None:
    path = tmp_path / "varies.mkv"
    write_clip(path, times=[0, 1, 2, 10, 11, 30], sound=False)
    clip = open_any_clip(path)
    frames = list(read_frames(open_clip(path)))
    for number in range(clip.frames or 0):
        found = frame_at(clip, number)
        assert any((found == frame.image).all() for frame in frames)
    np.testing.assert_array_equal(frame_at(clip, 0), frames[0].image)


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_a_frame_of_an_animated_picture(tmp_path: Path, suffix: str) -> None:
    path, still = tmp_path / f"clip{suffix}", tmp_path / f"still{suffix}"
    frames = [Image.fromarray(np.full((8, 12, 3), 40 * number, np.uint8)) for number in range(4)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=50, lossless=True)
    frames[0].save(still)
    clip = open_any_clip(path)
    assert (clip.width, clip.height, clip.frames, clip.rate) == (12, 8, 4, 20)
    for number in (0, 3, 1, 9):
        assert abs(int(frame_at(clip, number)[4, 4, 1]) - 40 * min(number, 3)) <= 1
    assert is_animated(path) and not is_animated(still) and not is_animated(tmp_path / "none.gif")
    with pytest.raises(VideoError, match="is a single picture"):
        open_any_clip(still)


def test_a_frame_of_a_damaged_clip_is_told(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    write_clip(path)
    clip = open_any_clip(path)
    path.write_bytes(b"no clip any more")
    with pytest.raises(VideoError):
        frame_at(clip, 3)
