"""Real starts: on an X server, without one, without a library, and with a style that ships."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from window_bench import Bench

from ppgan_lite import styles
from ppgan_lite.checkpoint import Header, PredictorSpec, net_spec, net_tensors, write_checkpoint
from ppgan_lite.errors import MissingDependencyError
from ppgan_lite.gui import app, display
from ppgan_lite.gui.choices import style_choice

ROOT = Path(__file__).parents[2]

# Opens the window, paints a photo with a fake predictor, presses Ctrl+C, and prints its observations as JSON.
SCRIPT = """
import json, os, signal, sys, time
import cv2  # which points Qt to plugins of its own
from pathlib import Path
from PyQt5.QtCore import QSettings, QTimer
from ppgan_lite import styles
from ppgan_lite.checkpoint import Header, PredictorSpec, net_spec, net_tensors, write_checkpoint
from ppgan_lite.gui import app
from window_bench import FakePredictor, fake_styles

photo, folder = sys.argv[1:]
QSettings.setPath(QSettings.NativeFormat, QSettings.UserScope, folder)
styles.catalogue = lambda: fake_styles(Path(folder))
app._load = lambda source, direction, is_deep, cancelled: FakePredictor()
observed, really_wait = {"plugins": "cv2" in os.environ["QT_QPA_PLATFORM_PLUGIN_PATH"]}, app.wait

def wait(application, window):
    def look():
        if window.windowHandle().isExposed() and "exposed" not in observed:
            observed.update(exposed=True, platform=application.platformName(), paddle="paddle" in sys.modules)
        if window.session.state.photo is not None and window.session.state.result is None:
            window.session.run()
        if window.session.state.result is not None:
            observed["result"] = window.session.state.result.image.shape
            os.kill(os.getpid(), signal.SIGINT)
    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(20)
    return really_wait(application, window)

app.wait = wait
observed["code"] = app.main(["night", photo])
print(json.dumps(observed))
"""


def bare_environment(**changes: str) -> dict[str, str]:
    """Return the environment without variables that name a display or a platform."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "QT_QPA_PLATFORM_PLUGIN_PATH", "XDG_SESSION_TYPE")
    return {key: value for key, value in os.environ.items() if key not in names} | changes


on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 is Linux's")


@on_linux
def test_the_window_opens_on_an_x_server_with_opencv_imported_and_ctrl_c_closes_it(
    tmp_path: Path, photo_file: Path
) -> None:
    if shutil.which("xvfb-run") is None:
        pytest.skip("xvfb-run is not installed (apt install xvfb)")
    try:
        from PyQt5.QtCore import QLibraryInfo

        display.check_plugin(Path(QLibraryInfo.location(QLibraryInfo.PluginsPath)) / "platforms" / "libqxcb.so")
    except MissingDependencyError as error:
        pytest.skip(str(error))
    script = tmp_path / "start.py"
    script.write_text(SCRIPT)
    # `timeout` ends the server and the window too, which outlive xvfb-run.
    done = subprocess.run(
        ["timeout", "-s", "KILL", "90", "xvfb-run", "-a", sys.executable, str(script), str(photo_file), str(tmp_path)],
        env=bare_environment(PYTHONPATH=os.pathsep.join([str(ROOT), str(Path(__file__).parent)])),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    observed = json.loads(done.stdout)
    expected = {"plugins": True, "exposed": True, "platform": "xcb", "paddle": False, "result": [40, 60, 3]}
    assert observed == expected | {"code": 130}


@on_linux
def test_without_a_display_one_line_names_the_command_to_use_instead() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "ui.py")], env=bare_environment(), capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: window: there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set). "
        "Without a window, use: paddlegan stylize PHOTO --style NAME\n"
    )


@on_linux
@pytest.mark.parametrize(
    ("language", "start"),
    [
        ("en", "paddlegan: error: window: there is no"),
        (
            "zh",
            "paddlegan: 错误：window：没有显示器（未设置 DISPLAY 或 WAYLAND_DISPLAY）。不用窗口时请运行：paddlegan",
        ),
    ],
)
def test_the_verb_tells_it_as_all_errors_are_told(language: str, start: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ppgan_lite", "--lang", language, "gui"],
        env=bare_environment(PYTHONPATH=str(ROOT), PYTHONIOENCODING="utf-8"),
        capture_output=True,
        encoding="utf-8",
        timeout=30,
    )
    (line,) = done.stderr.splitlines()
    assert line.startswith(start)
    assert (done.returncode, done.stdout) == (2, "")


@on_linux
def test_a_display_that_does_not_answer_is_told_in_one_line() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "ui.py")],
        env=bare_environment(DISPLAY=":4711"),
        capture_output=True,
        text=True,
        timeout=30,
    )
    (line,) = done.stderr.splitlines()
    assert "':4711' does not answer" in line or "a system library is missing" in line
    assert done.returncode == (2 if "does not answer" in line else 1)
    assert "paddlegan stylize PHOTO --style NAME" in line


@on_linux
def test_a_missing_system_library_is_told_with_the_packages_to_install(tmp_path: Path) -> None:
    with pytest.raises(MissingDependencyError, match=r"sudo apt install .*libxcb-icccm4.* paddlegan stylize") as caught:
        display.check_plugin(tmp_path / "libqxcb.so")
    assert caught.value.exit_code == 1 and "\n" not in str(caught.value)


def test_missing_pyqt_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "PyQt5", None)
    monkeypatch.setenv("LC_ALL", "C")
    assert app.main([]) == 1
    assert capsys.readouterr().err == (
        'error: window: PyQt5 is not installed. Install it with: pip install "ppgan-lite[gui]". '
        "Without a window, use: paddlegan stylize PHOTO --style NAME\n"
    )
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert app.main([]) == 1
    assert capsys.readouterr().err == '错误：未安装 PyQt5。请运行：pip install "ppgan-lite[gui]"\n'


def test_wayland_alone_is_enough_for_the_first_check(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.setattr(sys, "platform", "linux")
    checked: list[str] = []
    monkeypatch.setattr(display, "check_plugin", lambda path, _packages: checked.append(path.name))
    display.prepare()
    assert checked == ["libqwayland-generic.so"] and os.environ["QT_QPA_PLATFORM"] == "wayland"


def test_a_users_own_plugin_path_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM_PLUGIN_PATH", "/opt/qt/plugins")
    display.prepare()
    assert os.environ["QT_QPA_PLATFORM_PLUGIN_PATH"] == "/opt/qt/plugins"


def test_the_command_line_tells_a_checkpoint_from_a_photo() -> None:
    def parsed(*words: str) -> tuple[str | None, str | None]:
        arguments = app._parse(words)
        return arguments.checkpoint, arguments.photo

    assert parsed() == (None, None)
    assert parsed("照片.JPG") == (None, "照片.JPG")
    assert parsed("mine.ppgan") == ("mine.ppgan", None)
    assert parsed("mine.ppgan", "a.jpg") == ("mine.ppgan", "a.jpg")


def test_a_style_that_ships_paints_a_photo_in_the_window(bench: Bench, photo_file: Path) -> None:
    pytest.importorskip("paddle")
    if not styles.catalogue():
        pytest.skip("no style ships yet")
    bench.session.predictors._load = app._load
    bench.session.state.choice = style_choice(styles.catalogue()[0])
    bench.open_photo(photo_file)
    bench.session.run()
    bench.qtbot.waitUntil(
        lambda: bench.session.state.result is not None or bench.window.dialog.isVisible(), timeout=60_000
    )
    assert bench.session.state.result is not None, bench.window.dialog.informativeText()
    result = bench.session.state.result.image
    assert result.shape == (40, 60, 3) and result.dtype == np.uint8
    assert result.std() > 5, "the picture is not one flat color"
    assert bench.window.status.device_label.text() in ("Device: CPU", "Device: GPU 0")


def test_a_cyclegan_checkpoint_translates_a_photo_both_ways_in_the_window(bench: Bench, photo_file: Path) -> None:
    paddle = pytest.importorskip("paddle")
    from ppgan_lite.nets.resnet_generator import ResnetGenerator

    paddle.seed(5)
    nets = {name: ResnetGenerator(base_channels=2, blocks=1, initialization="kaiming") for name in ("a_to_b", "b_to_a")}
    header = Header(
        {name: net_spec(net) for name, net in nets.items()},
        {name: PredictorSpec(name, "translate", value_range=(-1, 1)) for name in nets},
    )
    tensors = {key: value for name, net in nets.items() for key, value in net_tensors(name, net).items()}
    write_checkpoint(bench.folder / "zebra.ppgan", header, tensors)
    bench.session.predictors._load = app._load
    bench.session.load_checkpoint(bench.folder / "zebra.ppgan")
    bench.qtbot.waitUntil(lambda: bench.session.state.choice.directions == ("a_to_b", "b_to_a"), timeout=60_000)
    bench.open_photo(photo_file)
    made = []
    for index in (0, 1):
        bench.window.controls.direction.setCurrentIndex(index)
        bench.window.controls.direction.activated.emit(index)
        bench.paint()
        made.append(bench.session.state.result.image)
    assert made[0].shape == made[1].shape == (40, 60, 3)
    assert not np.array_equal(made[0], made[1])
