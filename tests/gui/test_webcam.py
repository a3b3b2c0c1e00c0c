"""`paddlegan webcam`: a clip in place of the camera."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PyQt5.QtCore import Qt
from pytestqt.qtbot import QtBot

from ppgan_lite.cli import main
from ppgan_lite.errors import UsageError, VideoError
from ppgan_lite.gui.webcam import WebcamWindow
from ppgan_lite.runtime.opencv import opencv
from ppgan_lite.video.camera import Camera
from ppgan_lite.video.live import Live, Painted, check_recording, fitted

HEIGHT, WIDTH = 96, 128


def write_clip(path: Path, *, frames: int = 60, rate: float = 30.0) -> Path:
    """Write a clip whose frames get lighter from left to right, and lighter one by one."""
    cv2 = opencv()
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), rate, (WIDTH, HEIGHT))
    for number in range(frames):
        row = np.linspace(0, 120, WIDTH) + 2 * number
        writer.write(np.repeat(np.rint(np.tile(row, (HEIGHT, 1)))[..., None], 3, 2).astype(np.uint8))
    writer.release()
    return path


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.avi")


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    assert not [thread for thread in threading.enumerate() if thread.name in ("camera", "webcam")]


def unchanged(image: np.ndarray) -> np.ndarray:
    return image


def painted(live: Live) -> list[Painted]:
    frames: list[Painted] = []
    live.run(frames.append)
    return frames


def test_a_slow_painter_gets_the_newest_frames_and_the_others_are_dropped(clip: Path) -> None:
    def slowly(image: np.ndarray) -> np.ndarray:
        time.sleep(0.2)
        return image

    began = time.monotonic()
    frames = painted(Live(Camera(clip), slowly, size_px=360))
    assert time.monotonic() - began < 20
    assert 2 <= len(frames) < 40
    assert frames[-1].dropped + len(frames) == 60
    brightness = [frame.image.mean() for frame in frames]
    assert brightness == sorted(brightness), "frames come in their order"
    assert brightness[-1] > 110, "the last one is one of the clip's last"
    assert 0 < frames[-1].rate < 7


@pytest.mark.parametrize("mirrored", [True, False])
def test_frames_are_those_of_the_clip_as_in_a_mirror(clip: Path, mirrored: bool) -> None:
    first = painted(Live(Camera(clip), unchanged, size_px=48, mirrored=mirrored))[0].image
    assert first.shape == (48, 64, 3)
    assert (first[:, 0].mean() > first[:, -1].mean()) == mirrored


def test_frames_have_even_sides_and_are_never_enlarged() -> None:
    assert fitted(np.zeros((111, 201, 3), np.uint8), 90, mirrored=False).shape == (90, 162, 3)
    assert fitted(np.zeros((51, 31, 3), np.uint8), 90, mirrored=True).shape == (50, 30, 3)


def test_closing_the_camera_ends_waiting(clip: Path) -> None:
    camera = Camera(clip)
    assert camera.newest() is not None
    camera.close()
    while camera.newest() is not None:  # the last one that was read
        pass
    assert camera.newest() is None


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda path: None, "there is no such file; expected a camera or a clip"),
        (lambda path: path.mkdir(), "is no file; expected a camera or a clip"),
        (lambda path: path.write_text("no clip"), "is no clip that OpenCV reads; expected a camera or a clip"),
    ],
    ids=["missing", "folder", "text"],
)
def test_what_is_no_clip_is_told_in_a_line(
    make: Callable[[Path], None], found: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "clip.mp4"
    make(path)
    with pytest.raises(VideoError) as caught:
        Camera(path)
    assert str(caught.value) == f"{path}: {found}"
    assert capfd.readouterr().err == ""


def test_a_camera_that_is_not_there_is_told_in_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(VideoError) as caught:
        Camera(97)
    assert str(caught.value) == (
        "camera 97: cannot be opened; expected a camera; 0 is the first. "
        "Look whether it is plugged in, allowed for this program and not in use by another"
    )
    assert capfd.readouterr().err == ""


def test_a_recording_plays_with_the_frames_that_were_painted(clip: Path, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    target = tmp_path / "recorded.mp4"
    frames = painted(Live(Camera(clip), unchanged, size_px=360, record=target))
    with contextlib.closing(av.open(str(target))) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert len(times) == len(frames) == frames[-1].recorded
    assert times == sorted(times) and 1 < times[-1] < 20


def test_a_recording_that_cannot_be_is_refused_before(tmp_path: Path) -> None:
    pytest.importorskip("av")
    (tmp_path / "a.mp4").touch()
    with pytest.raises(UsageError, match=r"a\.mp4: is there already\. Use --overwrite to replace it"):
        check_recording(tmp_path / "a.mp4", overwrite=False)
    check_recording(tmp_path / "a.mp4", overwrite=True)
    with pytest.raises(UsageError, match=r"a\.png: cannot become a \.png; expected \.mp4"):
        check_recording(tmp_path / "a.png", overwrite=False)
    with pytest.raises(UsageError, match="there is no such folder"):
        check_recording(tmp_path / "no" / "a.mp4", overwrite=False)


def opened(qtbot: QtBot, live: Live, **changes: Any) -> WebcamWindow:
    options = {"prepare": lambda: None, "save": lambda image: Path("saved.png"), **changes}
    window = WebcamWindow("udnie", live, options["prepare"], options["save"], "en")
    qtbot.addWidget(window)
    window.show()
    return window


def test_the_window_shows_what_is_painted_and_how_fast(qtbot: QtBot, clip: Path) -> None:
    window = opened(qtbot, Live(Camera(clip), lambda image: 255 - image, size_px=48))
    assert window.windowTitle() == "Webcam: udnie"
    qtbot.waitUntil(lambda: "frames per second" in window.status, timeout=10000)
    assert window.image is not None and window.image.shape == (48, 64, 3)
    qtbot.waitUntil(lambda: window.status == "The camera gives no more frames", timeout=20000)
    shown = window.grab().toImage()
    assert shown.pixelColor(shown.width() // 2, shown.height() // 3).lightness() > 40
    window.close()


def test_keys_save_mirror_and_close(qtbot: QtBot, clip: Path) -> None:
    saved: list[np.ndarray] = []
    live = Live(Camera(clip), unchanged, size_px=48)
    window = opened(qtbot, live, save=lambda image: saved.append(image) or Path("folder/a.png"))
    qtbot.waitUntil(lambda: window.image is not None, timeout=10000)
    qtbot.keyClick(window, Qt.Key_Space)
    assert len(saved) == 1 and saved[0].shape == (48, 64, 3)
    qtbot.keyClick(window, Qt.Key_M)
    assert not live.mirrored
    qtbot.keyClick(window, Qt.Key_Escape)
    assert not window.isVisible()


def test_an_error_closes_the_window_and_is_told(qtbot: QtBot, clip: Path) -> None:
    def fail() -> None:
        raise UsageError("--style", "is none")

    window = opened(qtbot, Live(Camera(clip), unchanged, size_px=48), prepare=fail)
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=10000)
    assert str(window.error) == "--style: is none"


def test_the_verb_tells_a_camera_that_is_not_there(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    missing = tmp_path / "no.mp4"
    assert main(["webcam", "--style", "udnie", "--camera", str(missing)]) == 1
    expected = f"paddlegan: error: {missing}: there is no such file; expected a camera or a clip\n"
    assert capfd.readouterr().err == expected
