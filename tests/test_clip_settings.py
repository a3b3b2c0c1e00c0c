"""Clips hold how they were made, `again` makes them once more, and the bytes are the same."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_video import clip, images_of, inverted, job, no_progress, scene, unchanged, write_clip  # noqa: F401 - a fixture

from ppgan_lite.cli import main
from ppgan_lite.images import NamedFile, ResultSettings
from ppgan_lite.video.clip_settings import is_clip, read_clip_settings
from ppgan_lite.video.pictures import render_pictures
from ppgan_lite.video.reading import open_clip
from ppgan_lite.video.rendering import Rendering, render
from ppgan_lite.video.writing import Encoding

av = pytest.importorskip("av")


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv"])
def test_the_same_clip_gives_the_same_bytes(name: str, tmp_path: Path) -> None:
    source = tmp_path / name
    rng = np.random.default_rng(0)
    with contextlib.closing(av.open(str(source), "w")) as output:
        stream = output.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for number in range(12):  # what moves over noise: the encoder has to choose
            pixels = np.roll(rng.integers(0, 256, (30, 40, 3), np.uint8).repeat(4, 0).repeat(4, 1), 4 * number, 1)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = number
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    made = set()
    for _ in range(12):
        render(
            Rendering(open_clip(source), tmp_path / f"result{source.suffix}", Encoding(), 0.5, {}),
            inverted,
            no_progress,
        )
        made.add((tmp_path / f"result{source.suffix}").read_bytes())
    assert len(made) == 1


def test_settings_are_read_back_from_every_kind_of_clip(clip: Path, tmp_path: Path) -> None:  # noqa: F811
    stored = ResultSettings(
        "stylize", {"strength": 0.5, "steady": 0.6}, style=NamedFile("udnie"), photo=NamedFile("喵.mp4")
    )
    for suffix in (".mp4", ".mov", ".mkv"):
        target = tmp_path / f"result{suffix}"
        render(dataclasses.replace(job(clip, target), stored=stored), unchanged, no_progress)
        assert is_clip(target) and read_clip_settings(target) == stored
    frames = [Image.fromarray(scene(number)) for number in range(3)]
    for suffix in (".gif", ".webp", ".png"):
        source, target = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
        frames[0].save(source, save_all=True, append_images=frames[1:], duration=80)
        render_pictures(source, target, unchanged, no_progress, steady=0.0, stored=stored)
        assert is_clip(target) and read_clip_settings(target) == stored
        assert read_clip_settings(source) is None
    assert read_clip_settings(clip) is None
    frames[0].save(tmp_path / "single.gif", comment="by hand")
    assert not is_clip(tmp_path / "single.gif") and read_clip_settings(tmp_path / "single.gif") is None


def made(*arguments: object) -> None:
    assert main([str(argument) for argument in arguments]) == 0


@pytest.mark.parametrize(
    "options",
    [
        ("--style", "udnie", "--faces", 1, "--brush", 40, "--steady", 0.3, "--crf", 25),
        (
            *("--style", "udnie:3", "--style", "starry_night:1", "--brush", 40, "--faces", 1),
            *("--mask", "mask.png", "--strength-outside", 0.2, "--color-from", "colors.png"),
        ),
        ("--style", "painting.png", "--brush", 40, "--faces", 1, "--codec", "h265"),
        ("--restore",),
    ],
    ids=["style", "mixture", "painting", "restore"],
)
def test_again_gives_the_same_clip(
    options: tuple[object, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_clip(Path("clip.mp4"), times=[0, 1, 2, 3])
    for number, name in enumerate(("mask.png", "colors.png", "painting.png")):
        Image.fromarray(scene(30 * number)).save(name)
    made("video", "clip.mp4", "-o", "result.mp4", *options)
    Path("clip.mp4").rename("renamed.mp4")
    made("again", "result.mp4")
    assert Path("result.mp4").read_bytes() != Path("renamed.mp4").read_bytes()
    assert images_equal(images_of(Path("result.mp4")), images_of(Path("result_again.mp4")))
    Path("renamed.mp4").rename("clip.mp4")
    made("again", "result.mp4", "--overwrite")
    assert Path("result_again.mp4").read_bytes() == Path("result.mp4").read_bytes()
    capsys.readouterr()
    made("inspect", "result.mp4", "--json")
    assert json.loads(capsys.readouterr().out)["settings"]["photo"]["name"] == "clip.mp4"


def images_equal(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    return len(first) == len(second) and all(np.array_equal(*pair) for pair in zip(first, second))


def test_again_makes_an_animation_and_other_clips_and_tells_what_holds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    frames = [Image.fromarray(scene(number)) for number in range(3)]
    frames[0].save("a.gif", save_all=True, append_images=frames[1:], duration=80)
    write_clip(Path("other.mp4"), times=[0, 1])
    made("video", "a.gif", "--style", "udnie", "--brush", 40, "--faces", 1)
    made("again", "a_udnie.gif")
    assert Path("a_udnie_again.gif").read_bytes() == Path("a_udnie.gif").read_bytes()
    made("again", "a_udnie.gif", "other.mp4")
    settings = read_clip_settings(Path("other_udnie.mp4"))
    assert settings is not None and (settings.options["brush"], settings.options["faces"]) == (40.0, 1.0)
    capsys.readouterr()
    for arguments, line in (
        (["other.mp4"], "other.mp4: holds no settings; expected a clip that paddlegan has made"),
        (["a_udnie.gif", "--no-gps"], "--no-gps: is for pictures, and not for clips"),
        (
            ["a_udnie.gif", "-o", "a_udnie.gif", "--overwrite"],
            "a_udnie.gif: is the file of RESULT; expected another name",
        ),
    ):
        assert main(["again", *arguments]) in (1, 2)
        assert capsys.readouterr().err.splitlines()[-1].startswith(f"paddlegan: error: {line}")
