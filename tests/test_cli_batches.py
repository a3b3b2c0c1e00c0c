"""The command line on folders and odd files: what is made, skipped, refused and told."""

from __future__ import annotations

import errno
import json
import os
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inverter import Inverter, stdin_of
from PIL import Image

from ppgan_lite.cli.batch import Batch
from ppgan_lite.images import read_image, write_image

Run = Callable[..., tuple[int, str, str]]


def test_a_folder_is_mirrored_and_bad_files_do_not_end_the_batch(
    run: Run, inverter: Inverter, photo: np.ndarray, tmp_path: Path
) -> None:
    for name in ("a.png", "deep/er/b.jpg", "deep/空 格.png", "c.gif"):
        path = Path("photos", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo).save(path)
    Path("photos/text.jpg").write_bytes(b"a letter")
    Path("photos/empty.png").touch()
    code, out, err = run("stylize", "photos", "-o", "out", "--style", "wave")
    made = sorted(path.relative_to("out").as_posix() for path in Path("out").rglob("*.*"))
    assert made == ["a.png", "c.png", "deep/er/b.jpg", "deep/空 格.png"]
    assert (code, out) == (1, "")
    lines = err.splitlines()
    assert "6/6" in err  # the bar
    assert "4 pictures written to out" in lines
    assert "paddlegan: error: photos/empty.png: the file is empty; expected a picture" in lines
    assert any(line.startswith("paddlegan: error: photos/text.jpg: is not a picture of a known kind") for line in lines)
    assert lines[-1] == "2 of 6 pictures failed"


def test_the_bar_never_shows_more_than_all(photo: np.ndarray, tmp_path: Path) -> None:
    for number in range(3):
        write_image(tmp_path / f"photos/{number}.png", photo)
    batch = Batch([str(tmp_path / "photos")], str(tmp_path / "out"), overwrite=False)
    shown: list[float] = []
    batch._show = lambda done, label: shown.append(done)
    for item in batch.items:
        batch.started(item)
        for step in range(1, 11):  # whose shares add up to more than 1 in floating point, one after the other
            batch.progressed(item, step / 10)
        batch.written(item, {}, 0.0)
    assert shown == sorted(shown) and shown[-1] == 3


@pytest.mark.parametrize(
    ("long_s", "is_terminal", "shows"), [(0.0, True, True), (60.0, True, False), (0.0, False, False)]
)
def test_a_single_photo_has_a_bar_in_a_terminal_if_it_takes_long(
    run: Run,
    inverter: Inverter,
    photo_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    long_s: float,
    is_terminal: bool,
    shows: bool,
) -> None:
    monkeypatch.setattr("ppgan_lite.cli.batch._LONG_S", long_s)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    code, _, err = run("stylize", photo_file, "--style", "wave")
    assert (code, err.splitlines()[-1]) == (0, str(photo_file.with_name("photo_wave.png")))
    assert (f"1/1 {photo_file.name}" in err) == shows


def test_existing_results_are_skipped_and_counted(run: Run, inverter: Inverter, photo: np.ndarray) -> None:
    for name in ("a.png", "b.png", "c.png"):
        write_image(f"photos/{name}", photo)
    assert run("stylize", "photos/b.png", "-o", "out/b.png", "--style", "wave")[0] == 0
    before = Path("out/b.png").stat().st_mtime_ns
    code, out, err = run("stylize", "photos", "-o", "out", "--style", "wave", "--skip-existing", "--json")
    assert code == 0
    assert [result["photo"] for result in json.loads(out)["results"]] == ["photos/a.png", "photos/c.png"]
    assert json.loads(out)["skipped"] == ["photos/b.png"]
    assert "1 skipped: their results are there" in err.splitlines()
    assert Path("out/b.png").stat().st_mtime_ns == before
    code, _, err = run("stylize", "photos", "-o", "out", "--style", "wave", "--skip-existing")
    assert (code, err.splitlines()) == (0, ["3 skipped: their results are there"])


def test_shards_make_each_photo_once(run: Run, inverter: Inverter, photo: np.ndarray) -> None:
    for number in range(7):
        write_image(f"photos/{number}.png", photo)
    made: list[str] = []
    for shard in ("1/3", "2/3", "3/3"):
        code, out, _ = run("stylize", "photos", "-o", "out", "--style", "wave", "--shard", shard, "--json")
        assert code == 0
        made += [result["photo"] for result in json.loads(out)["results"]]
    assert sorted(made) == [f"photos/{number}.png" for number in range(7)]


@pytest.mark.parametrize("shard", ["0/3", "4/3", "1", "1/0", "-1/3", "a/b", "1/3/5"])
def test_what_is_no_shard_is_refused(run: Run, inverter: Inverter, photo_file: Path, shard: str) -> None:
    code, _, err = run("stylize", photo_file, "--style", "wave", "--shard", shard)
    assert code == 2
    assert f"'{shard}' is no share, such as 3/8" in err


def test_a_line_of_json_tells_each_photo_as_it_is_done(run: Run, inverter: Inverter, photo: np.ndarray) -> None:
    for name in ("a.png", "b.png"):
        write_image(f"photos/{name}", photo)
    Path("photos/bad.png").write_bytes(b"a letter")
    Path("photos/empty.png").touch()
    code, out, _ = run("stylize", "photos", "-o", "out", "--style", "wave", "--jsonl")
    assert code == 1
    told = [json.loads(line) for line in out.splitlines()]
    assert sorted((Path(line["photo"]).name, "error" in line) for line in told) == [
        ("a.png", False),
        ("b.png", False),
        ("bad.png", True),
        ("empty.png", True),
    ]
    assert run("stylize", "photos", "-o", "other", "--style", "wave", "--jsonl", "--json")[0] == 2


def test_results_of_a_folder_are_not_painted_again(run: Run, inverter: Inverter, photo: np.ndarray) -> None:
    write_image("photos/a.png", photo)
    for _ in range(2):
        assert run("stylize", "photos", "-o", "photos/painted", "--style", "wave", "--overwrite")[0] == 0
    assert sorted(path.as_posix() for path in Path("photos").rglob("*.png")) == ["photos/a.png", "photos/painted/a.png"]
    assert run("stylize", "photos", "--style", "wave")[0] == 0
    assert Path("photos_wave/a.png").exists()


@pytest.mark.parametrize(
    ("output", "result"),
    [
        ("photos/", "photos/a.png"),
        (".", "a.png"),
        ("photos/raw/../..", "a.png"),
        ("photos/raw/done", "photos/raw/done/a.png"),
    ],
)
def test_a_folder_is_painted_wherever_its_results_go(
    run: Run, inverter: Inverter, photo: np.ndarray, output: str, result: str
) -> None:
    write_image("photos/raw/a.png", photo)
    for _ in range(2):
        code, _, err = run("stylize", "photos/raw", "-o", output, "--style", "wave", "--overwrite")
        assert code == 0, err
        assert err.splitlines()[-1] == str(Path(output, "a.png"))
    assert np.array_equal(read_image(result)[0], 255 - photo)
    assert len(inverter.calls) == 2


def test_what_is_left_out_of_a_folder_is_told(run: Run, inverter: Inverter, photo: np.ndarray) -> None:
    for name in ("p/a.png", "p/.b.png", "p/@eaDir/c.png"):
        write_image(name, photo)
    told = "left out: folders of the system or a disk station (1), hidden pictures (1)\n"
    for verb in (("stylize", "p", "-o", "o", "--style", "wave"), ("degrade", "p", "d")):
        code, out, err = run(*verb, "--json")
        assert (code, err.endswith(told)) == (0, True)
        assert json.loads(out)["left_out"] == {"folders of the system or a disk station": 1, "hidden pictures": 1}
    code, _, err = run("doctor", "p")
    assert code == 0 and "left out (1)\n  p: has files and folders that are left out: " in err


def test_a_folder_inside_that_cannot_be_listed_fails_and_the_rest_is_painted(
    run: Run, inverter: Inverter, photo: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_image("photos/a.png", photo)
    write_image("photos/private/b.png", photo)
    private, scandir = Path("photos/private"), os.scandir

    def refusing(path: Any) -> Any:
        if Path(path) == private:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    code, _, err = run("stylize", "photos", "-o", "out", "--style", "wave")
    assert code == 1 and Path("out/a.png").exists()
    assert err.splitlines()[-2:] == [
        f"paddlegan: error: {private}: cannot be listed ({os.strerror(errno.EACCES)})",
        "1 of 2 pictures failed",
    ]
    code, out, _ = run("degrade", "photos", "worse", "--json")
    assert code == 1 and Path("worse/a.png").exists()
    assert [error["picture"] for error in json.loads(out)["errors"]] == ["private"]


@pytest.mark.parametrize(("output", "result"), [("out.jpg", "out.jpg"), ("out/", "out/stdin.png")])
def test_a_photo_from_standard_input_is_painted(
    run: Run, inverter: Inverter, photo: np.ndarray, monkeypatch: pytest.MonkeyPatch, output: str, result: str
) -> None:
    write_image("photo.png", photo)
    monkeypatch.setattr(sys, "stdin", stdin_of(Path("photo.png").read_bytes()))
    code, out, err = run("stylize", "-", "-o", output, "--style", "wave", "--json")
    assert code == 0, err
    assert [(made["photo"], made["output"]) for made in json.loads(out)["results"]] == [("-", str(Path(result)))]
    assert read_image(result)[0].shape == photo.shape


def test_standard_input_has_no_place_for_a_result(
    run: Run, inverter: Inverter, photo_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, err = run("stylize", "-", "--style", "wave")
    expected = "--output: is missing; expected a place for the result of the photo from standard input"
    assert (code, err) == (2, f"paddlegan: error: {expected}\n")
    for stdin, found in ((None, "is closed"), (stdin_of(b""), "the file is empty")):
        monkeypatch.setattr(sys, "stdin", stdin)
        code, _, err = run("stylize", "-", "-o", "a.png", "--style", "wave")
        assert code == 1
        assert err.splitlines()[-1] == f"paddlegan: error: standard input: {found}; expected a picture"
    assert list(Path().iterdir()) == [Path("photo.png")]


def test_results_into_the_folder_of_the_photos_are_refused_for_each_photo(
    run: Run, inverter: Inverter, photo: np.ndarray
) -> None:
    write_image("raw/a.png", photo)
    code, _, err = run("stylize", "raw", "-o", "raw/", "--style", "wave", "--overwrite")
    target = Path("raw/a.png")
    assert code == 1
    assert err == f"paddlegan: error: {target}: is the photo itself; expected another name or folder for the result\n"


def test_a_photo_that_is_a_link_into_the_folder_of_results_is_painted(
    run: Run, inverter: Inverter, photo: np.ndarray
) -> None:
    write_image("photos/done/kept.png", photo)
    Path("photos/b.png").symlink_to("done/kept.png")
    write_image("more/c.png", photo)
    assert run("stylize", "photos", "more", "-o", "photos/done", "--style", "wave")[0] == 0
    assert sorted(path.as_posix() for path in Path("photos/done").rglob("*.png")) == [
        *("photos/done/kept.png", "photos/done/more/c.png", "photos/done/photos/b.png")
    ]
    assert run("stylize", "photos", "more", "-o", "photos/done", "--style", "wave", "--overwrite")[0] == 0
    assert len(inverter.calls) == 4, "results are no photos of the next run"


@pytest.mark.parametrize("options", [(), ("-o", "out/")])
def test_a_path_that_the_system_refuses_costs_that_picture_only(
    run: Run, inverter: Inverter, photo_file: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    denied, real_stat = Path("denied/a.png"), os.stat

    def stat(path: Any, **keywords: Any) -> os.stat_result:
        if path == denied:  # as root every folder may be entered
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return real_stat(path, **keywords)

    monkeypatch.setattr(os, "stat", stat)
    Path("loop.png").symlink_to("loop.png")
    too_long = f"{'n' * 300}.png"
    code, out, err = run("stylize", denied, "loop.png", too_long, photo_file, *options, "--style", "wave", "--json")
    messages = {
        str(denied): f"{denied}: cannot be read ({os.strerror(errno.EACCES)})",
        "loop.png": f"loop.png: cannot be read ({os.strerror(errno.ELOOP)})",
        too_long: f"{too_long}: cannot be read ({os.strerror(errno.ENAMETOOLONG)})",
    }
    assert code == 1
    answer = json.loads(out)
    assert {failure["photo"]: failure["error"] for failure in answer["errors"]} == messages
    assert [result["photo"] for result in answer["results"]] == [str(photo_file)]
    assert err.splitlines()[-1] == "3 of 4 pictures failed"


def test_a_result_that_the_system_refuses_is_told_before_the_work(
    run: Run, inverter: Inverter, photo_file: Path
) -> None:
    name = f"{'n' * 248}.png"
    Path(name).write_bytes(photo_file.read_bytes())
    code, _, err = run("stylize", name, photo_file, "--style", "wave")
    target = f"{'n' * 248}_wave.png"
    assert code == 1 and len(inverter.calls) == 1
    assert f"paddlegan: error: {target}: cannot be written ({os.strerror(errno.ENAMETOOLONG)})" in err.splitlines()
    Path("loop.png").symlink_to("loop.png")
    code, _, err = run("stylize", photo_file, "-o", "loop.png", "--style", "wave")
    assert code == 1
    assert err == ("paddlegan: error: loop.png: exists already. Choose another name, or allow it with --overwrite\n")
    assert run("stylize", photo_file, "-o", "loop.png", "--style", "wave", "--overwrite")[0] == 0


@pytest.mark.parametrize(
    "arguments",
    ["inspect {}", "convert {} -o a.pth", "restore photo.png --checkpoint {}", "export {} -o a", "doctor {}"],
)
@pytest.mark.usefixtures("photo_file")
def test_a_path_that_the_system_refuses_is_no_unexpected_error(run: Run, arguments: str) -> None:
    name = "n" * 300
    code, _, err = run(*arguments.format(name).split())
    assert code != 0
    assert err == f"paddlegan: error: {name}: {os.strerror(errno.ENAMETOOLONG)}\n"


def test_an_existing_result_is_kept_without_overwrite(run: Run, inverter: Inverter, photo_file: Path) -> None:
    arguments = ("stylize", photo_file, "-o", "a.png", "--style", "wave")
    assert run(*arguments)[0] == 0
    before = Path("a.png").read_bytes()
    code, _, err = run(*arguments, "--strength", "0.1")
    assert code == 1
    assert err == (
        "paddlegan: error: a.png: exists already. Choose another name, or allow it with --overwrite\n"
    )  # and no word of a predictor: nothing was loaded for it
    assert Path("a.png").read_bytes() == before
    assert run(*arguments, "--overwrite")[0] == 0


def test_the_photo_itself_is_never_replaced(run: Run, inverter: Inverter, photo_file: Path) -> None:
    before = photo_file.read_bytes()
    code, _, err = run("stylize", photo_file, "-o", photo_file.parent, "--style", "wave", "--overwrite")
    assert code == 1
    assert "is the photo itself" in err
    assert photo_file.read_bytes() == before


def test_two_photos_with_one_result_are_told_apart(run: Run, inverter: Inverter, photo: np.ndarray) -> None:
    write_image("a/x.png", photo)
    write_image("b/x.png", photo)
    code, _, err = run("stylize", "a/x.png", "b/x.png", "-o", "out", "--style", "wave", "--overwrite")
    assert code == 1
    assert "b/x.png: its result out/x.png is that of another picture too" in err.replace("\\", "/")
    assert run("stylize", "a", "b", "-o", "out", "--style", "wave", "--overwrite")[0] == 0
    assert Path("out/a/x.png").exists()
    assert Path("out/b/x.png").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["stylize", "photo.png"], 2, "Missing option '--style'. (see `paddlegan stylize --help`)"),
        (["stylize", "photo.png", "--style", "wvae"], 2, "Did you mean 'wave'?"),
        (["stylize", "photo.png", "--style", "old.pdparams"], 1, "old.pdparams: is a pickle; expected a .ppgan file"),
        (["stylize", "photo.png", "--style", "wave", "--strength", "2"], 2, "2.0 is not in the range 0<=x<=1"),
        (["stylize", "photo.png", "--style", "wave", "--strength", "nan"], 2, "nan is not a finite number"),
        (["stylize", "photo.png", "--style", "wave", "--brush", "0"], 2, "0.0 is not in the range x>0"),
        (["stylize", "photo.png", "--style", "wave", "--device", "gpu:7"], 1, 'pip install "ppgan-lite[cpu]"'),
        (["stylize", "photo.png", "--style", "wave", "-o", "a.xyz"], 1, "a.xyz: cannot write .xyz; expected one of"),
        (["stylize", "photo.png", "photo.png", "--style", "wave", "-o", "a.png"], 2, "a folder, for more than one"),
        (["stylize", "missing.png", "--style", "wave"], 1, "missing.png: does not exist"),
        (["stylize", "empty", "--style", "wave"], 1, "empty: holds no pictures"),
        (["sheet", "missing.png", "-o", "sheet.png"], 1, "missing.png: does not exist"),
        (["sheet", "photo.png", "-o", "photo.png"], 1, "photo.png: exists already"),
        (["sheet", "photo.png"], 2, "Missing option '-o' / '--output'."),
        (["inspect", "missing.ppgan"], 1, "missing.ppgan"),
        (["train", "-c", "missing.yaml"], 2, "missing.yaml"),
        (["degrade", "missing", "out"], 2, "missing: is not a folder; expected a folder of clean pictures"),
        (["degrade", "empty", "out", "--blur", "0"], 2, "0 is not in the range 1<=x<=999"),
        (["styliz"], 2, "No such command 'styliz'. Did you mean 'stylize'?"),
    ],
)
def test_errors_are_one_line_with_the_right_exit_code(
    run: Run, inverter: Inverter, photo_file: Path, arguments: list[str], code: int, message: str
) -> None:
    Path("empty").mkdir()
    before = sorted(Path().rglob("*"))
    got, out, err = run(*arguments)
    errors = [line for line in err.splitlines() if line.startswith("paddlegan: error: ")]
    assert (got, out) == (code, "")
    assert len(errors) == 1
    assert message in errors[0]
    assert err.splitlines()[-1] == errors[0]
    assert sorted(Path().rglob("*")) == before


GRAY_RAMP = np.linspace(0, 65_535, 60 * 40).astype(np.uint16).reshape(40, 60)
ODD_PICTURES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "gray.png": lambda picture: picture.convert("L"),
    "palette.png": lambda picture: picture.quantize(16),
    "alpha.png": lambda picture: picture.convert("RGBA"),
    "16 bit.png": lambda picture: Image.fromarray(GRAY_RAMP),
    "16 bit.tif": lambda picture: Image.fromarray(GRAY_RAMP),
    "cmyk.jpg": lambda picture: picture.convert("CMYK"),
    "one pixel.png": lambda picture: picture.crop((0, 0, 1, 1)),
    "照片 🎨 été.webp": lambda picture: picture,
}


@pytest.mark.parametrize("name", ODD_PICTURES)
def test_odd_pictures_are_painted_like_any_other(run: Run, inverter: Inverter, photo: np.ndarray, name: str) -> None:
    picture = ODD_PICTURES[name](Image.fromarray(photo))
    picture.save(name)
    code, _, err = run("stylize", name, "-o", f"文件 夹/{name}", "--style", "wave")
    assert code == 0, err
    with Image.open(f"文件 夹/{name}") as painted:
        assert painted.size == picture.size
        assert painted.mode == ("RGBA" if name == "alpha.png" else "RGB")


def test_bad_files_are_told_in_one_line_and_leave_nothing(run: Run, inverter: Inverter, photo: np.ndarray) -> None:
    write_image("photo.jpg", photo)
    whole = Path("photo.jpg").read_bytes()
    Path("photo.jpg").unlink()
    header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    bomb = header + struct.pack(">I", zlib.crc32(header[12:])) + b"\0\0\0\0IDAT\x35\xaf\x06\x1e"
    Path("half.jpg").write_bytes(whole[: len(whole) // 2])
    Path("text.jpg").write_text("a letter")
    Path("empty.jpg").touch()
    Path("bomb.png").write_bytes(bomb)
    for name in ("half.jpg", "text.jpg", "empty.jpg", "bomb.png", "missing.jpg"):
        code, out, err = run("stylize", name, "-o", "out/a.png", "--style", "wave")
        assert (code, out) == (1, "")
        assert err.splitlines()[-1].startswith(f"paddlegan: error: {name}: ")
        assert not Path("out").exists()
    assert "30000 x 30000 pixels (900 megapixels)" in run("stylize", "bomb.png", "--style", "wave")[2]


def test_an_output_that_cannot_be_written_is_told(run: Run, inverter: Inverter, photo_file: Path) -> None:
    Path("wall").touch()
    code, _, err = run("stylize", photo_file, "-o", "wall/a.png", "--style", "wave")
    assert code == 1
    assert err.splitlines()[-1].startswith(f"paddlegan: error: {Path('wall/a.png')}: cannot be written (")
    assert run("stylize", photo_file, "-o", "folder.png/", "--style", "wave")[0] == 0
    assert Path("folder.png/photo.png").exists()


def test_a_painter_of_any_style_asks_for_the_painting(run: Run, inverter: Inverter, photo_file: Path) -> None:
    inverter.spec.inputs = ("photo", "style")
    code, _, err = run("stylize", photo_file, "--style", "any")
    assert code == 2
    assert err == ("paddlegan: error: --style: any paints in the style of any picture; expected that picture's file\n")
