"""The command as a process: unexpected errors, Ctrl-C, standard streams that are closed or full, its end."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inverter import LOADING, Inverter

from ppgan_lite import cli, images
from ppgan_lite.images import write_image

Run = Callable[..., tuple[int, str, str]]


def test_an_unexpected_error_is_one_line_and_a_traceback_only_on_request(
    run: Run, inverter: Inverter, photo_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "check_writable", lambda *_, **__: 1 / 0)
    code, _, err = run("stylize", photo_file, "--style", "wave")
    assert code == 1
    assert err == (
        "paddlegan: error: unexpected ZeroDivisionError: division by zero. Please report it, with what --debug shows\n"
    )
    assert "Traceback" in run("--debug", "stylize", photo_file, "--style", "wave")[2]
    monkeypatch.setenv("PADDLEGAN_DEBUG", "1")
    assert "Traceback" in run("stylize", photo_file, "--style", "wave")[2]


def test_ctrl_c_exits_with_130(run: Run, inverter: Inverter, photo_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Inverter, "__call__", interrupt)
    code, _, err = run("stylize", photo_file, "--style", "wave")
    assert code == 130
    assert err.splitlines()[-1] == "paddlegan: interrupted"
    assert list(Path().iterdir()) == [Path("photo.png")]


class Refusing(io.StringIO):
    """A stream that takes nothing."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def write(self, text: str) -> int:
        raise OSError(self.number, os.strerror(self.number))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EPIPE, errno.EIO])
def test_nothing_ends_because_stderr_takes_no_messages(
    run: Run, inverter: Inverter, photo: np.ndarray, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    for name in "ab":
        write_image(f"p/{name}.png", photo)
    stderr = Refusing(number)
    monkeypatch.setattr(sys, "stderr", stderr)
    assert cli.main(["stylize", "p", "-o", "o", "--style", "wave"]) == 0
    assert cli.main(["degrade", "p", "d", "--workers", "1"]) == 0
    assert cli.main(["stylize"]) == 2
    assert len(list(Path().glob("[od]/*.png"))) == 4 and sys.stderr is stderr


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("styles", "--json"), ("styles", "--help")])
def test_a_full_disk_for_stdout_is_told(run: Run, monkeypatch: pytest.MonkeyPatch, arguments: Sequence[str]) -> None:
    monkeypatch.setattr(sys, "stdout", Refusing(errno.ENOSPC))
    told = f"paddlegan: error: cannot print the outcome ({os.strerror(errno.ENOSPC)}). Free some space\n"
    assert run(*arguments) == (1, "", told)


@pytest.mark.parametrize("closed", ["stderr", "stdout"])
def test_a_batch_needs_no_standard_streams(
    run: Run, inverter: Inverter, photo: np.ndarray, monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    for name in ("a.png", "b.png"):
        write_image(f"photos/{name}", photo)
    monkeypatch.setattr(sys, closed, None)  # as Python has it in a service, under pythonw, after 2>&-
    assert cli.main(["stylize", "photos", "-o", "out", "--style", "wave", "--json"]) == 0
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.png", "b.png"]


@pytest.fixture
def _ctrl_c_raises() -> Iterator[None]:
    """Have Ctrl-C raise KeyboardInterrupt, also where the tests run in the background and ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_ctrl_c_raises")
@pytest.mark.parametrize("place", ["__call__", "load"])
def test_ctrl_c_that_a_library_turns_into_an_error_is_ctrl_c(
    run: Run, inverter: Inverter, photo: np.ndarray, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def import_interrupted(*_: object, **__: object) -> None:
        """Fail as the initialization of a C++ module does."""
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ImportError("initialization failed") from None

    for name in ("a.png", "b.png"):
        write_image(f"photos/{name}", photo)
    if place == "load":
        monkeypatch.setattr(sys.modules[LOADING], "load_predictor", import_interrupted)
    else:
        monkeypatch.setattr(Inverter, "__call__", import_interrupted)
    code, _, err = run("stylize", "photos", "-o", "out", "--style", "wave")
    assert code == 130
    assert err.splitlines()[-1] == "paddlegan: interrupted"
    assert not Path("out").exists()


@pytest.mark.usefixtures("_ctrl_c_raises")
def test_ctrl_c_that_python_loses_ends_a_batch_all_the_same_and_json_tells_what_was_done(
    run: Run, inverter: Inverter, photo: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = Inverter.__call__

    def lose(self: Inverter, image: np.ndarray, **settings: Any) -> np.ndarray:
        if self.calls:
            with contextlib.suppress(KeyboardInterrupt):  # as in a finalizer, or a callback of an import
                signal.raise_signal(signal.SIGINT)
        return right(self, image, **settings)

    for name in ("a.png", "b.png", "c.png"):
        write_image(f"photos/{name}", photo)
    monkeypatch.setattr(Inverter, "__call__", lose)
    code, out, err = run("stylize", "photos", "-o", "out", "--style", "wave", "--json")
    assert code == 130
    assert err.splitlines()[-1] == "paddlegan: interrupted"
    told = json.loads(out)
    assert [result["output"] for result in told["results"]] == [str(Path("out", "a.png"))] and told["errors"] == []
    assert [path.name for path in Path("out").iterdir()] == ["a.png"]


@pytest.mark.usefixtures("_ctrl_c_raises")
def test_an_error_without_ctrl_c_is_not_taken_for_one(
    run: Run, inverter: Inverter, photo_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KeyboardInterrupt), cli.interrupts.recording_interrupts():
        signal.raise_signal(signal.SIGINT)
    monkeypatch.setattr(Inverter, "__call__", lambda *_, **__: 1 / 0)
    code, _, err = run("stylize", photo_file, "--style", "wave")
    assert code == 1 and "unexpected ZeroDivisionError" in err


@pytest.mark.usefixtures("no_home", "inverter")
def test_a_user_without_a_home_paints_and_examines(run: Run, photo_file: Path) -> None:
    assert run("stylize", photo_file, "-o", "a.png", "--style", "wave")[0] == 0
    code, _, err = run("doctor", ".")
    assert code == 0, err
    code, _, err = run("fetch", "vgg19", "--from", "~/vgg19.pdparams")
    assert code == 1 and "RuntimeError" not in err


def run_without(streams: Sequence[int], *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own, in which some of stdin (0), stdout (1) and stderr (2) are closed."""
    script = f"import os, sys\nfor stream in {streams!r}: os.close(stream)\n" + (
        "os.execv(sys.executable, [sys.executable, '-m', 'ppgan_lite', *sys.argv[1:]])"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, capture_output=True, check=False, env=environment)


@pytest.mark.parametrize("streams", [(2,), (1,), (0, 1, 2)])
def test_the_command_works_in_a_process_without_standard_streams(
    tmp_path: Path, photo: np.ndarray, monkeypatch: pytest.MonkeyPatch, streams: tuple[int, ...]
) -> None:
    pytest.importorskip("cv2", exc_type=ImportError)
    monkeypatch.chdir(tmp_path)
    write_image("clean/a.png", photo)
    for target, closed in (("with", ()), ("without", streams)):
        done = run_without(closed, "degrade", "clean", target, "--workers", "1", "--json")
        assert done.returncode == 0, done.stderr
    assert done.stdout == b"" or 1 not in streams
    made = [sorted((path.name, path.read_bytes()) for path in Path(name).iterdir()) for name in ("with", "without")]
    assert made[0][0][0] == "a.png" and made[0][0] == made[1][0]


def test_a_reader_that_is_gone_ends_the_command_without_a_word() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-m", "ppgan_lite", "styles", "--json"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False, env=environment)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


def test_the_command_ends_with_its_exit_code_after_what_others_have_to_do_at_the_end() -> None:
    script = (
        "import atexit, sys\nfrom ppgan_lite import cli\n"
        "cli.main = lambda: atexit.register(print, 'registered') and print('worked') or 3\n"
        "cli.run()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "worked\nregistered\n", "")
