"""The command line, with a predictor that inverts: parsing, output, files, and error messages."""

from __future__ import annotations

import contextlib
import errno
import gc
import hashlib
import io
import json
import os
import signal
import struct
import subprocess
import sys
import threading
import types
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ppgan_lite import cli, config, images
from ppgan_lite import styles as shipped_styles
from ppgan_lite.errors import CheckpointError, MissingDependencyError, UsageError
from ppgan_lite.images import SAMPLE_PHOTO, NamedFile, ResultSettings, read_image, read_settings, write_image

LOADING = "ppgan_lite.inference.loading"


class Inverter:
    """A predictor that inverts the photo."""

    name = "wave"
    device = "cpu"
    device_note = "no GPU was found"
    engine = "paddle"
    checkpoint = NamedFile("wave.ppgan", "0" * 64)
    painting = None
    blend = ()
    colors = None

    def __init__(self, inputs: tuple[str, ...] = ("photo",)) -> None:
        self.spec = types.SimpleNamespace(task="stylize", inputs=inputs)
        self.calls: list[dict[str, Any]] = []

    def __call__(self, image: np.ndarray, **settings: Any) -> np.ndarray:
        progress = settings.pop("progress", None)
        if progress:
            progress(0.5)
        self.calls.append(settings)
        return 255 - image


def replace_module(monkeypatch: pytest.MonkeyPatch, name: str, **content: Any) -> None:
    """Replace a module that would load Paddle."""
    module = types.ModuleType(name)
    vars(module).update(content)
    monkeypatch.setitem(sys.modules, name, module)
    package, _, attribute = name.rpartition(".")
    monkeypatch.setattr(sys.modules[package], attribute, module, raising=False)


@pytest.fixture
def inverter(monkeypatch: pytest.MonkeyPatch) -> Inverter:
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


Run = Callable[..., tuple[int, str, str]]


def stored_in(path: str | Path) -> ResultSettings:
    settings = read_settings(path)
    assert settings is not None
    return settings


def painted_with(photo: Path, **options: Any) -> ResultSettings:
    """Return the settings of a photo painted by an `Inverter`."""
    return ResultSettings(
        "stylize",
        {"strength": 1.0, "keep_colors": False, "brush": None, "faces": 0.6, "depth": None, **options},
        checkpoint=Inverter.checkpoint,
        photo=NamedFile(photo.name, hashlib.sha256(photo.read_bytes()).hexdigest()),
        engine="paddle",
        device="cpu",
    )


def test_help_imports_nothing_that_takes_long() -> None:
    script = (
        "import sys\nfrom ppgan_lite.cli import main\ncode = main(['--help'])\n"
        "slow = {'paddle', 'numpy', 'PIL', 'cv2', 'yaml', 'tqdm', 'PyQt5', 'skimage'} & set(sys.modules)\n"
        "sys.exit(f'imported: {slow}' if slow else code)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "stylize" in done.stdout


def test_every_verb_has_help(run: Run) -> None:
    for verb in ("stylize", "translate", "restore", "styles", "sheet", "inspect", "train", "gui", "degrade"):
        code, out, _ = run(verb, "--help")
        assert code == 0
        assert f"Usage: paddlegan {verb}" in out
    assert run()[0] == 0
    assert run("--version")[0] == 0


def test_a_photo_is_painted_beside_itself(run: Run, inverter: Inverter, photo_file: Path, photo: np.ndarray) -> None:
    code, out, err = run("stylize", photo_file, "--style", "wave")
    assert (code, out) == (0, "")
    assert err.splitlines() == ["wave on cpu, paddle (no GPU was found)", str(photo_file.with_name("photo_wave.png"))]
    painted, _ = read_image(photo_file.with_name("photo_wave.png"))
    assert np.array_equal(painted, 255 - photo)
    assert inverter.calls == [{"strength": 1.0, "keep_colors": False, "brush": None}]


def test_the_first_photo_is_read_while_the_predictor_is_loaded(
    run: Run, inverter: Inverter, photo_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_read = threading.Event()

    def read(path: Path, **options: Any) -> Any:
        is_read.set()
        return read_image(path, **options)

    def load(source: str, **options: str) -> Inverter:
        assert is_read.wait(timeout=30)
        return inverter

    monkeypatch.setattr(images, "read_image", read)
    monkeypatch.setattr(sys.modules[LOADING], "load_predictor", load)
    assert run("stylize", photo_file, "--style", "wave")[0] == 0
    assert len(inverter.calls) == 1 and gc.isenabled()


def test_a_face_gets_fewer_strokes_and_the_file_says_so(run: Run, inverter: Inverter, photo_file: Path) -> None:
    portrait = SAMPLE_PHOTO
    code, out, _ = run("stylize", portrait, photo_file, "-o", "painted", "--style", "wave", "--json")
    assert code == 0
    [strokes] = [call.pop("strokes") for call in inverter.calls if "strokes" in call]
    assert strokes.min() == np.float32(0.6) and strokes.max() == 1
    assert inverter.calls == [{"strength": 1.0, "keep_colors": False, "brush": None}] * 2
    for photo in (portrait, photo_file):
        assert stored_in(Path("painted", photo.name)) == painted_with(photo, faces=0.6)
    assert [result.get("faces") for result in json.loads(out)["results"]] == [0.6, None]


def test_a_share_of_one_paints_faces_as_all_else(run: Run, inverter: Inverter) -> None:
    assert run("stylize", SAMPLE_PHOTO, "-o", "a.png", "--style", "wave", "--faces", "1")[0] == 0
    assert "strokes" not in inverter.calls[0] and stored_in("a.png").options["faces"] == 1
    for value in ("1.1", "-1", "nan", "x"):
        assert run("stylize", SAMPLE_PHOTO, "-o", "b.png", "--style", "wave", "--faces", value)[0] == 2


def test_faces_get_the_same_share_everywhere(run: Run) -> None:
    from ppgan_lite.inference.faces.sparing import FACES

    for verb in ("stylize", "sheet"):
        assert f"[default: {FACES};" in " ".join(run(verb, "--help")[1].split())


def test_settings_reach_the_predictor_and_the_file(run: Run, inverter: Inverter, photo_file: Path) -> None:
    options = ("--strength", "0.5", "--keep-colors", "--brush", "12")
    assert run("stylize", photo_file, "-o", "new/folder/a.jpg", "--style", "wave", *options)[0] == 0
    assert inverter.calls == [{"strength": 0.5, "keep_colors": True, "brush": 12.0}]
    assert stored_in("new/folder/a.jpg") == painted_with(photo_file, strength=0.5, keep_colors=True, brush=12.0)


@pytest.mark.parametrize(
    ("options", "has_camera", "has_place"),
    [
        ((), True, True),
        (("--no-gps",), True, False),
        (("--strip-metadata",), False, False),
        (("--strip-metadata", "--no-gps"), False, False),
    ],
)
def test_metadata_is_left_out_as_asked(
    run: Run, inverter: Inverter, photo: np.ndarray, options: tuple[str, ...], has_camera: bool, has_place: bool
) -> None:
    exif = Image.Exif()
    exif[271], exif[0x8825] = "Camera", {1: "N"}
    Image.fromarray(photo).save("photo.jpg", exif=exif, dpi=(300, 300))
    code, _, err = run("stylize", "photo.jpg", "-o", "a.jpg", "--style", "wave", *options)
    assert code == 0, err
    with Image.open("a.jpg") as picture:
        found = picture.getexif()
        assert (found.get(271) == "Camera", found.get_ifd(0x8825) == {1: "N"}) == (has_camera, has_place)
        assert picture.info["dpi"] == (300, 300)
    assert (read_settings("a.jpg") is None) == ("--strip-metadata" in options)


def test_the_verbs_for_pictures_leave_out_metadata(run: Run) -> None:
    for verb in ("stylize", "translate", "restore", "degrade"):
        text = " ".join(run(verb, "--help")[1].split())
        assert "--strip-metadata Write neither the photo's EXIF and XMP nor the settings." in text
        assert "--no-gps Leave out where the photo was taken." in text


def test_inspect_shows_the_settings_of_a_picture(run: Run, inverter: Inverter, photo_file: Path) -> None:
    assert run("stylize", photo_file, "-o", "a.jpg", "--style", "wave")[0] == 0
    code, out, _ = run("inspect", "a.jpg", "--json")
    assert (code, json.loads(out)) == (0, {"settings": painted_with(photo_file).to_json()})
    code, out, err = run("inspect", "a.jpg")
    assert (code, out) == (0, "")
    assert "  strength: 1.0" in err.splitlines() and f"  name: {photo_file.name}" in err.splitlines()
    code, _, err = run("inspect", photo_file)
    assert (code, err.count("\n")) == (0, 1)
    assert err.startswith(f"{photo_file}: holds no settings")
    assert run("inspect", "missing.jpg")[2] == "paddlegan: error: missing.jpg: does not exist\n"


def test_json_goes_to_stdout_and_the_rest_to_stderr(run: Run, inverter: Inverter, photo_file: Path) -> None:
    code, out, err = run("stylize", photo_file, "missing.jpg", "-o", "out", "--style", "wave", "--json")
    answer = json.loads(out)
    assert code == 1
    assert answer["device"] == "cpu"
    assert answer["style"] == "wave"
    [result] = answer["results"]
    assert result["seconds"] >= 0
    assert {**result, "seconds": 0} == {
        "photo": str(photo_file),
        "output": str(Path("out/photo.png")),
        "width": 60,
        "height": 40,
        "seconds": 0,
    }
    assert answer["errors"] == [{"photo": "missing.jpg", "error": "missing.jpg: does not exist"}]
    assert "paddlegan: error: missing.jpg: does not exist" in err


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


def stdin_of(data: bytes) -> types.SimpleNamespace:
    return types.SimpleNamespace(buffer=io.BytesIO(data), isatty=lambda: False)


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


def a_catalogue() -> tuple[types.SimpleNamespace, ...]:
    common = {"year": "1831", "sha256": "0" * 64, "training": {"steps": 500}}
    title, artist = {"en": "The Great Wave", "zh": "神奈川冲浪里"}, {"en": "Hokusai", "zh": "葛饰北斋"}
    return tuple(types.SimpleNamespace(name=name, title=title, artist=artist, **common) for name in ("wave", "storm"))


def test_styles_are_listed_as_a_table_and_as_json(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped_styles, "catalogue", a_catalogue)
    code, out, err = run("styles")
    assert (code, out) == (0, "")
    assert err.splitlines() == [
        "NAME   PAINTING        ARTIST   YEAR",
        "wave   The Great Wave  Hokusai  1831",
        "storm  The Great Wave  Hokusai  1831",
    ]
    styles = json.loads(run("styles", "--json")[1])
    assert [style["name"] for style in styles] == ["wave", "storm"]
    assert styles[0]["title"]["zh"] == "神奈川冲浪里"


def test_a_sheet_shows_the_photo_and_every_style(
    run: Run, inverter: Inverter, photo_file: Path, photo: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped_styles, "catalogue", a_catalogue)
    code, _, err = run("sheet", photo_file, "-o", "sheet.png")
    assert code == 0
    assert err.splitlines()[-1] == "sheet.png"
    drawn, _ = read_image("sheet.png")
    windows = np.lib.stride_tricks.sliding_window_view(drawn, photo.shape).reshape(-1, *photo.shape)
    assert sum(np.array_equal(window, photo) for window in windows[(windows[:, 20, 20] == photo[20, 20]).all(1)]) == 1
    inverted = 255 - photo
    assert sum(np.array_equal(w, inverted) for w in windows[(windows[:, 20, 20] == inverted[20, 20]).all(1)]) == 2


def test_inspect_prints_what_describe_says(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import ppgan_lite.foreign.loading

    description = {"file": "a.ppgan", "nets": {"painter": {"kind": "LapStyleNet", "parameters": 7}}, "about": {}}
    monkeypatch.setattr(ppgan_lite.foreign.loading, "describe_file", lambda path: description)
    code, out, err = run("inspect", "a.ppgan")
    assert (code, out) == (0, "")
    assert err.splitlines() == [
        "file: a.ppgan",
        "nets:",
        "  painter:",
        "    kind: LapStyleNet",
        "    parameters: 7",
        "about: {}",
    ]
    assert json.loads(run("inspect", "a.ppgan", "--json")[1]) == description


def test_train_hands_its_options_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def train(experiment: object, **options: Any) -> Path:
        seen.update(options, experiment=experiment)
        return Path("runs/a/final.ppgan")

    monkeypatch.setattr(config, "load_config", lambda path, overrides: (path, list(overrides)))
    replace_module(monkeypatch, "ppgan_lite.training", train=train)
    monkeypatch.setattr("ppgan_lite.cli.training._config_of_run", lambda config, run_dir: config)
    options = ("-o", "train.iterations=5", "-o", "loader.workers=0", "--run-dir", "r", "--resume", "--seed", "0")
    code, out, err = run("train", "-c", "a.yaml", *options)
    assert (code, out, err) == (0, "", f"{Path('runs/a/final.ppgan')}\n")
    assert seen == {
        "experiment": ("a.yaml", ["train.iterations=5", "loader.workers=0"]),
        "run_dir": "r",
        "resume": True,
        "device": None,
        "seed": 0,
        "quiet": False,
        "verbose": False,
        "report": None,
        "bar": True,
    }


def test_gui_hands_its_files_on_and_returns_its_exit_code(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import ppgan_lite.gui  # noqa: F401 - so that it can be given another attribute

    seen: list[list[str]] = []
    replace_module(monkeypatch, "ppgan_lite.gui.app", main=lambda files: seen.append(files) or 2)
    assert run("gui", "a.ppgan", "照片.png")[0] == 2
    assert seen == [["a.ppgan", "照片.png"]]


def test_degrade_mirrors_a_folder_and_depends_on_names_only(run: Run, photo: np.ndarray) -> None:
    pytest.importorskip("cv2", exc_type=ImportError)
    gray = np.full((64, 64, 3), 100, np.uint8)
    for name in ("a.png", "深/b.png", "c.bmp"):
        write_image(Path("clean", name), gray)
    Path("clean/text.jpg").write_bytes(b"a letter")
    code, out, err = run("degrade", "clean", "worse")
    assert (code, out) == (1, "")
    assert "3 pictures written to worse" in err
    assert "paddlegan: error: clean/text.jpg: is not a picture" in err.replace("\\", "/")
    made = {path.relative_to("worse").as_posix(): read_image(path)[0] for path in images.find_images("worse")}
    assert sorted(made) == ["a.png", "c.bmp", "深/b.png"]
    assert not np.array_equal(made["a.png"], made["深/b.png"])
    Path("clean/a.png").unlink()
    run("degrade", "clean", "again", "--noise", "0.1", "--blur", "20")
    assert np.array_equal(read_image("again/深/b.png")[0], made["深/b.png"])


def test_demo_is_the_same_as_degrade(photo: np.ndarray, tmp_path: Path) -> None:
    pytest.importorskip("cv2", exc_type=ImportError)
    write_image(tmp_path / "clean" / "a.png", photo)
    script = Path(__file__).parents[1] / "demo.py"
    for program, target in (([script], "one"), (["-m", "ppgan_lite", "degrade"], "two")):
        options = ["--noise", "0.05", "--blur", "3"]
        command = [sys.executable, *map(str, program), "clean", target, *options]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "one" / "a.png").read_bytes() == (tmp_path / "two" / "a.png").read_bytes()


def test_the_command_ends_with_its_exit_code_after_what_others_have_to_do_at_the_end() -> None:
    script = (
        "import atexit, sys\nfrom ppgan_lite import cli\n"
        "cli.main = lambda: atexit.register(print, 'registered') and print('worked') or 3\n"
        "cli.run()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "worked\nregistered\n", "")
