"""The command line, with a predictor that inverts: parsing, output and settings."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inverter import LOADING, Inverter, painted_with, replace_module, stored_in
from PIL import Image

from ppgan_lite import config, images
from ppgan_lite import styles as shipped_styles
from ppgan_lite.images import SAMPLE_PHOTO, read_image, read_settings, write_image

Run = Callable[..., tuple[int, str, str]]


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


def test_inspect_and_convert_take_the_name_of_a_style(run: Run) -> None:
    code, out, _ = run("inspect", "udnie", "--json")
    described = json.loads(out)
    assert code == 0 and described["file"].endswith("udnie.ppgan")
    assert run("convert", "udnie", "-o", "mine.ppgan")[0] == 0
    copied = json.loads(run("inspect", "mine.ppgan", "--json")[1])
    assert copied["nets"] == described["nets"]


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
    replace_module(monkeypatch, "ppgan_lite.gui.app", run=lambda files: seen.append(files) or 2)
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
