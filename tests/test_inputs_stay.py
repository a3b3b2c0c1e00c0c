"""No verb replaces a file that it reads, by whatever path it is reached, and no result replaces another one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import tiny
from inverter import Inverter

from ppgan_lite.checkpoint import Header, NetSpec, write_checkpoint
from ppgan_lite.data.degraded_folder import degrade_folder
from ppgan_lite.errors import UsageError
from ppgan_lite.images import read_image, write_image
from ppgan_lite.training import train

Run = Callable[..., tuple[int, str, str]]
CHAIN = [{"name": "salt_and_pepper", "amount": 0.1}]

links = pytest.mark.skipif(os.name == "nt", reason="links need rights there")


def pictures(*names: str) -> dict[Path, bytes]:
    """Write a picture of each name, all of them different; return their bytes."""
    for number, name in enumerate(names):
        write_image(Path(name), np.random.default_rng(number).integers(0, 256, (6, 9, 3), np.uint8))
    return {Path(name): Path(name).read_bytes() for name in names}


@contextmanager
def unchanged(files: dict[Path, bytes]) -> Iterator[None]:
    yield
    assert {path: path.read_bytes() for path in files} == files


@pytest.fixture
def painted(run: Run, inverter: Inverter) -> Callable[..., str]:
    """Return a function that paints, may replace files, and gives the errors."""

    def painted(*arguments: str) -> str:
        code, _, err = run("stylize", "--style", "painting.png", "--overwrite", "--faces", "1", *arguments)
        assert code == 1
        return err.replace("\\", "/")

    return painted


def test_a_photo_is_not_replaced_by_the_result_of_another_one(painted: Callable[..., str]) -> None:
    files = pictures("x.png", "more/x.png")
    with unchanged(files):
        err = painted("more/x.png", "x.png", "-o", ".")
    assert "x.png: is one of the photos; expected another name or folder for the result" in err
    assert "x.png: is the photo itself" in err
    files = pictures("a.png", "a_painting.png")
    with unchanged(files):
        assert "a_painting.png: is one of the photos" in painted("a.png", "a_painting.png")


def test_a_photo_in_a_folder_that_is_painted_is_not_replaced(painted: Callable[..., str]) -> None:
    with unchanged(pictures("photos/in/x.png", "photos/in/in/x.png")):
        assert painted("photos/in", "-o", "photos").count("is one of the photos") == 1
        assert painted("photos/in", "photos", "-o", "photos").count("is the photo itself") == 2
    assert Path("photos/x.png").exists()


def test_the_painting_is_not_replaced(painted: Callable[..., str]) -> None:
    with unchanged(pictures("a.png", "painting.png")):
        assert "painting.png: is the file of --style" in painted("a.png", "-o", "painting.png")


@links
@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_link_to_a_file_that_is_read_is_not_replaced(painted: Callable[..., str], link: Callable[..., None]) -> None:
    with unchanged(pictures("a.png", "painting.png")):
        link("painting.png", "result.png")
        assert "result.png: is the file of --style" in painted("a.png", "-o", "result.png")


@pytest.mark.skipif(os.name == "nt", reason="standard input has no number there")
def test_a_photo_from_standard_input_is_not_replaced(
    painted: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with unchanged(pictures("a.png")), open("a.png") as file:
        monkeypatch.setattr("sys.stdin", file)
        assert "a.png: is the photo itself" in painted("-", "-o", "a.png")


@links
def test_results_that_are_one_file_by_two_paths_are_told(painted: Callable[..., str]) -> None:
    pictures("p/x/a.png", "p/y/a.png")
    Path("out/y").mkdir(parents=True)
    os.symlink("y", "out/x")
    assert "p/y/a.png: its result out/y/a.png is that of another picture too" in painted("p", "-o", "out")
    assert np.array_equal(read_image("out/x/a.png")[0], 255 - read_image("p/x/a.png")[0])


def test_results_whose_names_are_one_to_the_file_system_are_told(
    painted: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of names that differ in case only have one identity there."""
    from ppgan_lite.inference import batch

    identity_of = batch.identity_of

    def of_other_system(path: str | Path, *, of_link: bool = False) -> tuple[int, int] | None:
        path = Path(path)
        return identity_of(path.with_name(path.name.lower()) if of_link else path, of_link=of_link)

    pictures("p/a.png", "q/A.png")
    monkeypatch.setattr(batch, "identity_of", of_other_system)
    assert "A.png is that of another picture too" in painted("p/a.png", "q/A.png", "-o", "out/")
    assert np.array_equal(read_image("out/a.png")[0], 255 - read_image("p/a.png")[0])


def test_a_clip_is_not_replaced_and_its_painting_neither(run: Run) -> None:
    files = pictures("clip.png", "more/clip.png", "painting.png")
    for arguments, found in (
        (("more/clip.png", "clip.png", "-o", "."), "clip.png: is one of the clips; expected another name"),
        (("clip.png", "-o", "painting.png"), "painting.png: is the file of --style; expected another name"),
        (("clip.png", "-o", "clip.png"), "clip.png: is the clip itself; expected another name"),
    ):
        with unchanged(files):
            code, _, err = run("video", "--style", "painting.png", "--overwrite", *arguments)
        assert (code, found in err) == (1, True), err


def test_the_photo_of_a_sheet_is_not_replaced(run: Run) -> None:
    with unchanged(pictures("a.png")):
        code, _, err = run("sheet", "a.png", "-o", "a.png", "--overwrite")
    assert (code, err) == (2, "paddlegan: error: a.png: is the photo itself; expected another name for the result\n")


def test_what_is_converted_is_not_replaced(run: Run) -> None:
    pictures("painting.png")
    write_checkpoint("a.ppgan", Header({"net": NetSpec("ResnetGenerator", {})}), {"net/net/a": np.zeros(3)})
    for output, kind in (("a.ppgan", "file to convert"), ("painting.png", "painting")):
        with unchanged({path: path.read_bytes() for path in (Path("a.ppgan"), Path("painting.png"))}):
            code, _, err = run("convert", "a.ppgan", "-o", output, "--painting", "painting.png", "--overwrite")
        assert (code, f"{output}: is the {kind} itself" in err) == (2, True)


@links
def test_a_clean_picture_is_not_degraded_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with unchanged(pictures("clean/in/a.png", "clean/b.png")):
        Path("worse").mkdir()
        os.symlink("../clean/in", "worse/in")
        report = degrade_folder("clean", "worse", CHAIN, overwrite=True)
    assert str(report.errors["in/a.png"]).startswith(f"{Path('worse/in/a.png')}: is one of the clean pictures")
    assert [*report.made] == ["b.png"]


@links
def test_degraded_pictures_that_are_one_file_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pictures("clean/x/a.png", "clean/y/a.png", "clean/caf\u00e9.png", "clean/cafe\u0301.png")
    Path("worse/y").mkdir(parents=True)
    os.symlink("y", "worse/x")
    report = degrade_folder("clean", "worse", CHAIN)
    assert len(report.made) == 2
    assert sorted(map(str, report.errors.values()))[1] == (
        "clean/y/a.png: its result y/a.png is that of x/a.png too. Rename one of them"
    )


def test_a_run_does_not_replace_the_config_that_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    tiny.register(monkeypatch)
    path = tmp_path / "config.yaml"
    path.write_text("# mine\n")
    config = replace(tiny.experiment(1), source=str(path))
    with unchanged({path: b"# mine\n"}), pytest.raises(UsageError) as caught:
        train(config, run_dir=tmp_path)
    assert str(caught.value) == (
        f"{path}: is the config itself, where the run writes the resolved one; expected another folder."
        " Give another --run-dir"
    )
    path.write_text(config.dump())
    train(config, run_dir=tmp_path)
