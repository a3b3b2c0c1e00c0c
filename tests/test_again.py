"""`paddlegan again`: the same picture from the settings of a result, or others like it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import pytest
from test_cli_translate import restoring, save
from test_predictor import learned_checkpoint, picture, tiny_checkpoint

from ppgan_lite import restoration
from ppgan_lite.cli import again as again_module
from ppgan_lite.cli.video import video
from ppgan_lite.images import NamedFile, ResultSettings, read_image, read_settings, to_depth, write_image
from ppgan_lite.inference.engines.selection import engine_of_caption
from ppgan_lite.inference.stored_settings import find_file
from ppgan_lite.nets.resnet_generator import ResnetGenerator
from ppgan_lite.styles.users import styles_folder

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _photos(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("PPGAN_LITE_DATA", str(tmp_path / "data"))
    write_image("photo.png", picture(60, 44))
    write_image("other.png", picture(50, 40, seed=1))


def made(run: Run, *arguments: object) -> str:
    code, _, err = run(*arguments)
    assert code == 0, err
    return err


def same(first: str, second: str) -> bool:
    return Path(first).read_bytes() == Path(second).read_bytes()


@pytest.mark.parametrize(
    "options",
    [(), ("--strength", 0.5, "--keep-colors"), ("--brush", 20, "--faces", 1), ("--depth", 16), ("--no-gps",)],
    ids=str,
)
@pytest.mark.parametrize("engine", ["paddle", "auto"])
def test_again_gives_the_same_bytes(run: Run, options: tuple[object, ...], engine: str) -> None:
    learned_checkpoint(Path("wave.ppgan"), noise_std=0.05)
    made(run, "stylize", "photo.png", "-o", "a.png", "--style", "wave.ppgan", "--engine", engine, *options)
    err = made(run, "again", "a.png")
    assert err.splitlines()[1:] == ["a_again.png"], "nothing has changed that is to be told"
    assert same("a.png", "a_again.png")


def test_a_style_is_found_by_its_name(run: Run) -> None:
    styles_folder().mkdir(parents=True)
    learned_checkpoint(styles_folder() / "my_wave.ppgan")
    made(run, "stylize", "photo.png", "-o", "a.png", "--style", "my_wave")
    made(run, "again", "a.png", "-o", "b.png")
    assert same("a.png", "b.png")
    learned_checkpoint(styles_folder() / "my_wave.ppgan", revisions=2)
    err = made(run, "again", "a.png", "-o", "c.png")
    assert err.splitlines()[0] == (
        "a.png: my_wave is another file now than it was made with, so the picture will differ"
    )
    (styles_folder() / "my_wave.ppgan").unlink()
    code, _, err = run("again", "a.png", "-o", "d.png")
    expected = "was made with the style my_wave, which is not here; expected --checkpoint with the file of its weights"
    assert (code, err) == (2, f"paddlegan: error: a.png: {expected}\n")
    learned_checkpoint(Path("backup.ppgan"))
    made(run, "again", "a.png", "-o", "d.png", "--checkpoint", "backup.ppgan")
    assert np.array_equal(read_image("a.png")[0], read_image("d.png")[0])


def test_a_painting_is_found_by_its_bytes_wherever_it_went(run: Run, tmp_path: Path) -> None:
    tiny_checkpoint(Path("any.ppgan"))
    write_image("painting.png", picture(64, 70, seed=5))
    arguments = ("--style", "any.ppgan", "--painting", "painting.png")
    made(run, "stylize", "photo.png", "-o", "out/a.png", *arguments)
    settings = read_settings("out/a.png")
    assert settings is not None and settings.checkpoint is not None and settings.painting is not None
    assert (settings.checkpoint.name, settings.painting.name) == ("any.ppgan", "painting.png")
    made(run, "again", "out/a.png")
    assert same("out/a.png", "out/a_again.png")
    Path("painting.png").rename("renamed.png")
    made(run, "again", "out/a.png", "-o", "b.png")
    assert np.array_equal(read_image("out/a.png")[0], read_image("b.png")[0])
    Path("renamed.png").rename(tmp_path / "data.png")
    shutil.move("out/a.png", "a.png")
    (tmp_path / "data.png").rename(tmp_path / "elsewhere")
    code, _, err = run("again", "a.png", "-o", "c.png")
    expected = "was made with the painting painting.png, which is not beside it; expected --painting with its file"
    assert (code, err) == (2, f"paddlegan: error: a.png: {expected}\n")
    err = made(run, "again", "a.png", "-o", "c.png", "--painting", "other.png")
    assert "painting.png is another file now than it was made with" in err
    code, _, err = run("stylize", "photo.png", "-o", "d.png", "--style", "any.ppgan")
    assert code == 2 and "expected --painting with that picture's file" in err


def test_a_mask_is_found_too(run: Run) -> None:
    learned_checkpoint(Path("wave.ppgan"))
    write_image("mask.png", picture(30, 20, seed=3))
    options = ("--mask", "mask.png", "--strength-outside", 0.25, "--feather", 3)
    made(run, "stylize", "photo.png", "-o", "a.png", "--style", "wave.ppgan", *options)
    made(run, "again", "a.png")
    assert same("a.png", "a_again.png")
    Path("mask.png").unlink()
    code, _, err = run("again", "a.png", "-o", "b.png")
    expected = "was made with the mask mask.png, which is not beside it; expected --mask with its file"
    assert (code, err) == (2, f"paddlegan: error: a.png: {expected}\n")
    made(run, "again", "a.png", "-o", "b.png", "--mask", "other.png")


def test_the_settings_are_repeated_on_other_photos(run: Run) -> None:
    learned_checkpoint(Path("wave.ppgan"))
    made(run, "stylize", "photo.png", "-o", "a.png", "--style", "wave.ppgan", "--strength", 0.25)
    made(run, "again", "a.png", "other.png", "photo.png", "-o", "more")
    made(run, "stylize", "other.png", "-o", "expected.png", "--style", "wave.ppgan", "--strength", 0.25)
    assert same("more/other.png", "expected.png") and same("more/photo.png", "a.png")
    made(run, "again", "a.png", "other.png")
    assert same("other_wave.png", "expected.png"), "next to the photo, named after the style"
    code, out, _ = run("again", "a.png", "other.png", "-o", "j.png", "--json")
    assert code == 0 and json.loads(out)["strength"] == 0.25


def test_translations_and_restorations_are_made_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    nets = {name: ResnetGenerator(base_channels=2, blocks=1, initialization="kaiming") for name in ("a_to_b", "b_to_a")}
    save(Path("zebra.ppgan"), "translate", **nets)
    made(run, "translate", "photo.png", "-o", "a.png", "--checkpoint", "zebra.ppgan", "--direction", "b_to_a")
    made(run, "again", "a.png")
    assert same("a.png", "a_again.png")
    (own := Path("own")).mkdir()
    monkeypatch.setattr(restoration, "FILE", restoring(own / "photos.ppgan"))
    made(run, "restore", "photo.png", "-o", "r.png")
    made(run, "again", "r.png")
    assert same("r.png", "r_again.png")


def test_16_bits_are_made_again(run: Run) -> None:
    learned_checkpoint(Path("wave.ppgan"))
    write_image("deep.tif", to_depth(picture(40, 50), 16))
    made(run, "stylize", "deep.tif", "-o", "a.tif", "--style", "wave.ppgan")
    made(run, "again", "a.tif")
    assert same("a.tif", "a_again.tif") and read_image("a.tif", keeps_16_bits=True)[0].dtype == np.uint16


def test_the_place_stays_left_out(run: Run) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x8825] = {1: "N"}
    Image.fromarray(picture(40, 50)).save("where.jpg", exif=exif)
    learned_checkpoint(Path("wave.ppgan"))
    made(run, "stylize", "where.jpg", "-o", "a.jpg", "--style", "wave.ppgan", "--no-gps")
    made(run, "again", "a.jpg")
    with Image.open("a_again.jpg") as picture_file:
        assert picture_file.getexif().get_ifd(0x8825) == {}
    made(run, "again", "a.jpg", "-o", "b.jpg", "--strip-metadata")
    assert read_settings("b.jpg") is None


def test_a_photo_that_moved_or_changed_is_told(run: Run) -> None:
    learned_checkpoint(Path("wave.ppgan"))
    made(run, "stylize", "photo.png", "-o", "a.png", "--style", "wave.ppgan")
    Path("photo.png").rename("renamed.png")
    made(run, "again", "a.png", "-o", "b.png")
    assert np.array_equal(read_image("a.png")[0], read_image("b.png")[0])
    Path("renamed.png").unlink()
    code, _, err = run("again", "a.png", "-o", "c.png")
    expected = "was made of photo.png, which is not beside it; expected paddlegan again RESULT PHOTO"
    assert (code, err) == (2, f"paddlegan: error: a.png: {expected}\n")
    write_image("photo.png", picture(20, 20))
    assert "a.png: photo.png is another file now" in made(run, "again", "a.png", "-o", "c.png")


def test_a_result_is_never_replaced_by_itself(run: Run) -> None:
    learned_checkpoint(Path("wave.ppgan"))
    made(run, "stylize", "photo.png", "-o", "a.png", "--style", "wave.ppgan")
    before = Path("a.png").read_bytes()
    code, _, err = run("again", "a.png", "-o", "a.png", "--overwrite")
    assert code == 1 and "a.png: is the file of RESULT" in err and Path("a.png").read_bytes() == before
    made(run, "again", "a.png")
    code, _, err = run("again", "a.png")
    assert code == 1 and "a_again.png: exists already" in err
    made(run, "again", "a.png", "--overwrite")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (ResultSettings("stylize"), "a.png: names no weights; expected --checkpoint with the file of its weights"),
        (
            ResultSettings("stylize", {"strength": 7}, style=NamedFile("any")),
            "a.png: holds settings that `paddlegan stylize` refuses: Invalid value for '--strength': 7",
        ),
        (ResultSettings("restore", {"strength": 1}, checkpoint=NamedFile("x.ppgan")), "with the checkpoint x.ppgan"),
    ],
)
def test_settings_that_make_no_picture_are_told(run: Run, settings: ResultSettings, message: str) -> None:
    write_image("a.png", picture(20, 20), settings=settings)
    code, _, err = run("again", "a.png", "photo.png", "-o", "b.png")
    assert code == 2 and message in err and err.count("\n") == 1


def test_what_is_no_result_is_told(run: Run) -> None:
    code, _, err = run("again", "photo.png")
    expected = "photo.png: holds no settings; expected a picture that paddlegan has made, in a format other than BMP"
    assert (code, err) == (2, f"paddlegan: error: {expected}\n")
    assert run("again", "missing.png")[2] == "paddlegan: error: missing.png: does not exist\n"


def test_an_option_of_another_version_and_an_engine_that_is_gone_are_told(run: Run) -> None:
    learned_checkpoint(Path("wave.ppgan"))
    weights = NamedFile("wave.ppgan")
    settings = ResultSettings("stylize", {"glaze": 2}, checkpoint=weights, engine="abacus, float8", device="cpu")
    write_image("a.png", picture(20, 20), settings=settings)
    lines = made(run, "again", "a.png", "photo.png", "-o", "b.png").splitlines()
    assert lines[:2] == [
        "a.png: its option 'glaze' is not known here and left out",
        "it was made with abacus, float8, which is not here; the picture may differ a little",
    ]


@pytest.mark.parametrize("verb", ["stylize", "translate", "restore"])
def test_every_option_of_a_verb_is_repeated_or_says_nothing_of_the_picture(verb: str) -> None:
    names = {option.name for option in again_module._VERBS[verb].params if isinstance(option, click.Option)}
    sources = {"styles", "checkpoint", "painting", "mask", "color_from"}
    about_the_run = {"output", "device", "engine", "overwrite", "as_json", "skip_existing", "shard", "as_jsonl"}
    about_the_run |= {"suffix", "workers", "cluster", "watches"}
    assert names - again_module._REPEATED - sources - about_the_run == {"strip_metadata"}, "which leaves no settings"


def test_every_option_of_clips_is_repeated_or_says_nothing_of_the_clip() -> None:
    names = {option.name for option in video.params if isinstance(option, click.Option)}
    sources = {"styles", "checkpoint", "painting", "mask", "color_from", "restores"}
    assert names - again_module._REPEATED - sources == {"output", "resume", "device", "engine", "overwrite", "as_json"}


def test_a_file_does_not_say_where_to_write_and_what_to_replace(run: Run) -> None:
    learned_checkpoint(Path("wave.ppgan"))
    options = {"output": "other.png", "overwrite": True, "style": "any", "engine": "no", "keep_colors": True}
    settings = ResultSettings("stylize", options, checkpoint=NamedFile("wave.ppgan"), photo=NamedFile("photo.png"))
    write_image("a.png", picture(20, 20), settings=settings)
    before = Path("other.png").read_bytes()
    err = made(run, "again", "a.png")
    assert Path("other.png").read_bytes() == before and Path("a_again.png").exists()
    for name in ("output", "overwrite", "style", "engine"):
        assert f"a.png: its option {name!r} is not known here and left out" in err


def test_an_engine_is_known_by_its_caption() -> None:
    assert engine_of_caption("paddle", "cpu") == "paddle:float32"
    assert engine_of_caption("abacus", "cpu") is None and engine_of_caption("", "cpu") is None


def test_a_file_is_found_by_bytes_first(tmp_path: Path) -> None:
    for name, text in (("a/x.png", "1"), ("b/x.png", "2"), ("b/y.png", "3"), ("b/z.txt", "4")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    folders = [tmp_path / "a", tmp_path / "b", tmp_path / "gone"]

    def found(name: str, text: str | None) -> tuple[str, bool] | None:
        import hashlib

        digest = None if text is None else hashlib.sha256(text.encode()).hexdigest()
        file = find_file(NamedFile(name, digest), folders)
        return file and (file.path.relative_to(tmp_path).as_posix(), file.is_same)

    assert found("x.png", None) == ("a/x.png", True)
    assert found("x.png", "2") == ("b/x.png", True)
    assert found("x.png", "3") == ("b/y.png", True)
    assert found("x.png", "4") == ("a/x.png", False), "of other kinds of files none is looked into"
    assert found("gone.png", "9") is None
