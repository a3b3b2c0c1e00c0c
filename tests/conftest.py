"""Fixtures of all tests: a quiet environment, and synthetic pictures."""

from __future__ import annotations

import os
import tempfile

# Before Qt and Paddle are imported anywhere.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYTEST_QT_API", "pyqt5")
os.environ.setdefault("OMP_NUM_THREADS", str(min(2, os.cpu_count() or 1)))
os.environ.pop("PADDLEGAN_DEBUG", None)
# Messages are compared in English, whoever runs the tests.
os.environ.pop("LANGUAGE", None)
os.environ["LC_ALL"] = "C.UTF-8"
# Most tests are not about engines, and eager Paddle needs no graph.
os.environ["PPGAN_LITE_ENGINE"] = "paddle"
# Styles that the one who runs the tests has learned are none of theirs; a folder that nothing makes.
os.environ["PPGAN_LITE_DATA"] = os.path.join(tempfile.gettempdir(), f"ppgan_lite_tests_{os.getpid()}", "data")

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from browser import Chromium, Page, find_chromium
from inverter import LOADING, Inverter, replace_module

from ppgan_lite import cli
from ppgan_lite.errors import CheckpointError, MissingDependencyError, UsageError
from ppgan_lite.images import write_image
from ppgan_lite.runtime.startup import require_paddle

# Before a test imports Paddle itself: on AMD processors it sets up other kernels, with another rounding, as a
# process started by a test has.
with contextlib.suppress(MissingDependencyError):
    require_paddle()

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def photo() -> np.ndarray:
    """Return a picture without symmetry, uint8 (40, 60, 3): color gradients, with one white corner."""
    rows, columns = np.mgrid[0:40, 0:60]
    image = np.stack([rows * 6, columns * 4, (rows + columns) * 2], axis=-1).astype(np.uint8)
    image[:8, :8] = 255
    return image


@pytest.fixture
def photo_file(tmp_path: Path, photo: np.ndarray) -> Path:
    """Return the same picture as a PNG file."""
    path = tmp_path / "photo.png"
    write_image(path, photo)
    return path


@pytest.fixture
def inverter(monkeypatch: pytest.MonkeyPatch) -> Inverter:
    """Return the predictor that every verb loads in this test: one that inverts."""
    import ppgan_lite.inference  # noqa: F401 - so that it can be given another attribute

    predictor = Inverter()

    def load_predictor(source: str, *, device: str = "auto", engine: str = "auto") -> Inverter:
        if source == "wvae":
            raise UsageError(
                "style", "'wvae' is not known", "a name, a picture or a checkpoint", "Did you mean 'wave'?"
            )
        if source == "old.pdparams":
            raise CheckpointError(source, "is a pickle", "a .ppgan file")
        if device == "gpu:7":
            raise MissingDependencyError("device", "paddlepaddle is not installed", 'pip install "ppgan-lite[cpu]"')
        return predictor

    replace_module(monkeypatch, LOADING, load_predictor=load_predictor)
    return predictor


@pytest.fixture(scope="session")
def perceptual(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a checkpoint with a tiny encoder of random weights, for perceptual losses."""
    from style_recipes import write_perceptual

    return write_perceptual(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="session")
def tiny_vgg16(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a checkpoint with a tiny VGG-16 of random weights, which teaches painters."""
    from style_recipes import write_vgg16

    return write_vgg16(tmp_path_factory.mktemp("weights"))


@pytest.fixture
def seeded() -> None:
    """Seed Paddle equally in every test."""
    require_paddle().seed(0)


@pytest.fixture
def no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a user without a home and without a name, as `docker run --user 1234` has them."""
    pwd = pytest.importorskip("pwd")

    def getpwuid(number: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr(pwd, "getpwuid", getpwuid)
    for name in ("HOME", "PPGAN_LITE_CACHE", "XDG_CACHE_HOME", "PPGAN_LITE_DATA", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Return a function that runs the command line in the temporary folder and gives exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """Return a running browser, one for all tests of a process."""
    program = find_chromium()
    if program is None or os.name == "nt":  # it is spoken to through inherited file descriptors
        pytest.skip("needs Chromium or Chrome on the PATH, or its path in the variable CHROMIUM")
    with Chromium(program) as chromium:
        yield chromium


@pytest.fixture
def page(chromium: Chromium) -> Iterator[Page]:
    """Return a new tab of it, without cookies."""
    page = Page(chromium)
    yield page
    page.close()
