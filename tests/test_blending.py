"""Mixtures of styles, and the colors of another picture."""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from test_predictor import learned_checkpoint, picture, reading_checkpoint, tiny_checkpoint

from ppgan_lite.checkpoint import read_checkpoint, write_checkpoint
from ppgan_lite.cli import main
from ppgan_lite.errors import UsageError
from ppgan_lite.gui.again import read_again
from ppgan_lite.images import BlendPart, NamedFile, ResultSettings, read_image, read_settings, write_image
from ppgan_lite.images.settings import parse_settings, settings_text
from ppgan_lite.inference import loading
from ppgan_lite.inference.loading import load_blend, load_stylizer
from ppgan_lite.inference.shares import shares_of
from ppgan_lite.inference.stylization.blending import blend_styles
from ppgan_lite.nets.color_statistics import mean_and_covariance

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _here(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("PPGAN_LITE_DATA", str(tmp_path / "data"))
    write_image("photo.png", picture(60, 44))
    write_image("one.png", picture(60, 80, seed=2))
    write_image("two.png", picture(90, 70, seed=3))


def painter(name: str, *, away: float = 0.0, seed: int = 1, **options: int) -> str:
    """Write a painter of one style whose weights are somewhat away from those of the others."""
    path = learned_checkpoint(Path(name), **options)
    header, tensors = read_checkpoint(path)
    rng = np.random.default_rng(seed)
    moved = {
        key: value + np.float32(away * value.std()) * rng.standard_normal(value.shape, np.float32)
        if value.ndim == 4 and value.shape[-1] > 1
        else value
        for key, value in tensors.items()
    }
    write_checkpoint(path, header, moved)
    return name


@pytest.mark.parametrize(
    ("weights", "shares"),
    [
        ({"a": 2, "b": 2}, {"a": 0.5, "b": 0.5}),
        ({"a": 0.6, "b": 0.4}, {"a": 0.6, "b": 0.4}),
        ({"a": 60, "b": 20, "c": 20}, {"a": 0.6, "b": 0.2, "c": 0.2}),
        ({"a": 3, "b": 0}, {"a": 1.0}),
        ({"a": 1, "b": 1, "c": 1}, {"a": 0.333333, "b": 0.333333, "c": 0.333333}),
    ],
)
def test_weights_are_divided_by_their_sum(weights: dict[str, float], shares: dict[str, float]) -> None:
    assert shares_of(weights) == shares


def test_shares_that_were_stored_stay_what_they_are() -> None:
    rng = random.Random(0)
    for _ in range(300):
        shares = shares_of({str(number): rng.random() for number in range(rng.randint(2, 7))})
        assert shares_of(json.loads(json.dumps(shares))) == shares


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"a": -1, "b": 2}, "--style: a has the weight -1; expected a number of 0 or more"),
        ({"a": float("nan"), "b": 2}, "--style: a has the weight nan; expected a number of 0 or more"),
        ({"a": float("inf"), "b": 2}, "--style: a has the weight inf; expected a number of 0 or more"),
        ({"a": 0, "b": 0}, "--style: all weights are 0; expected one above 0"),
    ],
)
def test_weights_that_are_none_are_refused(weights: dict[str, float], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        shares_of(weights)
    assert str(caught.value) == message


def test_a_mixture_of_painters_is_a_painter_of_their_mean_weights() -> None:
    first, second = painter("first.ppgan", away=0.2), painter("second.ppgan", away=0.2, seed=2)
    header, weights = read_checkpoint(first)
    _, others = read_checkpoint(second)
    mean = {key: np.float32(0.25) * value + np.float32(0.75) * others[key] for key, value in weights.items()}
    write_checkpoint(Path("mean.ppgan"), header, mean)
    photo = picture(60, 44)
    blend = load_blend({first: 1, second: 3}, engine="paddle")
    difference = blend(photo).astype(int) - load_stylizer("mean.ppgan", engine="paddle")(photo)
    assert np.abs(difference).max() <= 1
    assert blend.name == "first 25 % + second 75 %"
    assert [(part.share, part.kind, part.file.name) for part in blend.blend] == [
        (0.25, "checkpoint", first),
        (0.75, "checkpoint", second),
    ]
    assert np.abs(blend(photo).astype(int) - load_stylizer(first, engine="paddle")(photo)).max() > 5


def test_a_style_with_all_of_the_weight_is_that_style() -> None:
    first, second = painter("first.ppgan"), painter("second.ppgan", away=0.2)
    photo = picture(60, 44)
    assert np.array_equal(load_blend({first: 0, second: 2})(photo), load_stylizer(second)(photo))


def test_the_colors_of_a_mixture_are_those_of_its_paintings_side_by_side() -> None:
    rng = np.random.default_rng(0)
    red, blue = (
        rng.random((3, 40, 60), np.float32) * 0.3 + np.reshape(c, (3, 1, 1)) for c in ([0.6, 0, 0], [0, 0, 0.6])
    )
    measured = [{"image": mean_and_covariance(picture.astype(np.float32))} for picture in (red, blue)]
    mean, covariance = blend_styles(measured, [0.5, 0.5])["image"]
    wanted = mean_and_covariance(np.concatenate([red, blue], axis=2).astype(np.float32))
    assert np.allclose(mean, wanted[0], atol=1e-6)
    assert np.allclose(covariance, wanted[1], atol=2e-3), "they differ by what keeps small pictures regular"


def test_pictures_mix_by_what_is_predicted_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    path = reading_checkpoint(Path("anything.ppgan"))
    monkeypatch.setattr(loading, "any_painting", lambda: path)
    write_image("copy.png", read_image("one.png")[0])
    photo = picture(60, 44)
    one, two = load_stylizer("one.png")(photo).astype(int), load_stylizer("two.png")(photo).astype(int)
    same = load_blend({"one.png": 1, "copy.png": 1})(photo)
    assert np.abs(one - same).max() <= 1
    near = load_blend({"one.png": 99, "two.png": 1})
    assert np.abs(near(photo) - one).mean() < np.abs(two - one).mean() / 10
    assert [(part.share, part.kind, part.file.name) for part in near.blend] == [
        (0.99, "painting", "one.png"),
        (0.01, "painting", "two.png"),
    ]
    assert all(part.file.sha256 for part in near.blend)


MIXES = "styles that ship, styles learned by `paddlegan learn`, or pictures, each among themselves"


def test_painters_that_have_nothing_in_common_are_refused() -> None:
    first, second = painter("first.ppgan"), painter("second.ppgan", away=20)
    with pytest.raises(UsageError) as caught:
        load_blend({first: 1, second: 1})
    assert str(caught.value) == (
        f"--style: {first} and {second} were not trained from each other, and do not mix; expected {MIXES}"
    )


def test_painters_of_two_kinds_are_refused() -> None:
    first, second = painter("first.ppgan"), painter("second.ppgan", revisions=2)
    tiny_checkpoint(Path("third.ppgan"), own_style=True)
    for other in (second, "third.ppgan"):
        with pytest.raises(UsageError) as caught:
            load_blend({first: 1, other: 1})
        assert str(caught.value) == (
            f"--style: {first} and {other} are painters of two kinds, which do not mix; expected {MIXES}"
        )


def test_a_file_of_an_earlier_version_mixes_though_it_leaves_out_arguments_that_came_later() -> None:
    first, second = painter("first.ppgan"), painter("second.ppgan", away=0.2)
    header, tensors = read_checkpoint(first)
    ((name, net),) = header.nets.items()
    arguments = {key: value for key, value in net.arguments.items() if key != "revision_size"}
    assert len(arguments) < len(net.arguments)
    write_checkpoint(
        Path(first), dataclasses.replace(header, nets={name: dataclasses.replace(net, arguments=arguments)}), tensors
    )
    assert load_blend({first: 1, second: 1}).blend


def test_a_picture_and_a_painter_are_refused() -> None:
    with pytest.raises(UsageError) as caught:
        load_blend({painter("first.ppgan"): 1, "one.png": 1})
    assert str(caught.value) == (
        "--style: a picture and a painter do not mix: first.ppgan and one.png; "
        "expected several pictures, or several painters such as the styles that ship"
    )


def test_a_mixture_is_made_again_with_the_same_bytes(run: Run) -> None:
    first, second = painter("first.ppgan", away=0.2), painter("second.ppgan", away=0.2, seed=2)
    code, _, err = run("stylize", "photo.png", "--style", f"{first}:2", "--style", f"{second}:1")
    assert code == 0 and err.splitlines()[0].startswith("first 67 % + second 33 % on cpu"), err
    result = Path("photo_first67+second33.png")
    settings = read_settings(result)
    assert settings is not None and settings.style is None and settings.checkpoint is None
    assert [(part.share, part.file.name) for part in settings.blend] == [(0.666667, first), (0.333333, second)]
    assert run("again", result, "-o", "again.png")[0] == 0
    assert Path("again.png").read_bytes() == result.read_bytes()
    code, _, err = run("again", result, "--checkpoint", first)
    assert code == 2 and err.endswith(f"mixes styles, of which {first} would be one; expected their files beside it\n")
    Path(second).unlink()
    code, _, err = run("again", result, "-o", "more.png")
    found = f"was made with the checkpoint {second}, which is not here; expected its file beside it"
    assert (code, err) == (2, f"paddlegan: error: {result}: {found}\n")


def test_mixed_pictures_and_colors_are_made_again_with_the_same_bytes(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = reading_checkpoint(Path("anything.ppgan"))
    monkeypatch.setattr(loading, "any_painting", lambda: path)
    arguments = ["--style", "one.png", "--style", "two.png", "--color-from", "two.png", "--json"]
    code, out, _ = run("stylize", "photo.png", "-o", "a.png", *arguments)
    assert code == 0 and json.loads(out)["style"] == {"one.png": 0.5, "two.png": 0.5}
    settings = read_settings("a.png")
    assert settings is not None and settings.colors is not None and settings.colors.name == "two.png"
    Path("two.png").rename("renamed.png")
    code, _, err = run("again", "a.png", "-o", "b.png")
    assert code == 0, err
    assert np.array_equal(read_image("a.png")[0], read_image("b.png")[0])
    Path("renamed.png").unlink()
    code, _, err = run("again", "a.png", "-o", "c.png")
    assert (code, err.splitlines()[0]) == (
        2,
        "paddlegan: error: a.png: was made with the painting two.png, which is not here; expected its file beside it",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("a:0.5",),
            "--style: a is the only style, so that its weight says nothing. Use --strength 0.5 for less of it",
        ),
        (("a:1", "b"), "--style: b has no weight, but others do; expected a weight for all styles, or for none"),
        (("a", "a"), "--style: a is given twice; expected each style once"),
        (("a:-1", "b:2"), "--style: a has the weight -1; expected a number of 0 or more"),
    ],
)
def test_styles_that_make_no_sense_are_told_in_a_line(run: Run, arguments: tuple[str, ...], message: str) -> None:
    styles = [part for style in arguments for part in ("--style", style)]
    assert run("stylize", "photo.png", *styles) == (2, "", f"paddlegan: error: {message}\n")


def test_contradictions_are_told_in_a_line(run: Run) -> None:
    both = ["--style", "a", "--style", "b"]
    expected = "is for one checkpoint that takes any picture; expected the pictures as --style"
    assert (
        run("stylize", "photo.png", *both, "--painting", "one.png")[2] == f"paddlegan: error: --painting: {expected}\n"
    )
    expected = "and --keep-colors are both given; expected one of them"
    code, _, err = run("stylize", "photo.png", "--style", "a", "--color-from", "one.png", "--keep-colors")
    assert (code, err) == (2, f"paddlegan: error: --color-from: {expected}\n")


def test_a_picture_is_never_replaced_by_a_result_that_takes_its_colors(run: Run) -> None:
    name = painter("first.ppgan")
    code, _, err = run(
        "stylize", "photo.png", "--style", name, "--color-from", "one.png", "-o", "one.png", "--overwrite"
    )
    assert code == 1 and "one.png" in err and "--color-from" in err, err


def test_the_colors_are_the_pictures_and_the_strokes_the_painters() -> None:
    photo = np.asarray(np.clip(picture(200, 160) * 0.4 + 60, 0, 255), np.uint8)
    colors = np.full((90, 80, 3), (180, 90, 60), np.uint8) + picture(90, 80, seed=5) // 16
    stylizer = load_stylizer(painter("first.ppgan"), engine="paddle")
    recolored = stylizer.with_colors(colors, file=NamedFile("c.png"))
    result = recolored(photo, brush=8)  # unrevised
    assert np.abs(result.mean((0, 1)) - colors.mean((0, 1))).max() < 6
    assert np.abs(stylizer(photo, brush=8).mean((0, 1)) - colors.mean((0, 1))).max() > 20
    assert recolored.colors == NamedFile("c.png") and stylizer.colors is None
    assert np.array_equal(stylizer.with_colors(colors)(photo, strength=0.0), stylizer(photo, strength=0.0))


def test_a_painter_whose_net_chooses_the_colors_takes_no_others() -> None:
    tiny_checkpoint(Path("lap.ppgan"), own_style=True)
    with pytest.raises(UsageError) as caught:
        load_stylizer("lap.ppgan").with_colors(picture(40, 40))
    assert str(caught.value) == (
        "colors: lap chooses colors in its net, which knows no others; "
        "expected a style that ships, or one that was learned by `paddlegan learn`, or a picture"
    )


@pytest.mark.parametrize("change", [{"share": 2.0}, {"share": "1"}, {"painting": 3}, {"share": None}])
def test_a_mixture_that_makes_no_sense_is_none(change: dict[str, object]) -> None:
    parts = (BlendPart(0.75, "painting", NamedFile("a.png", "1" * 64)), BlendPart(0.25, "painting", NamedFile("b.png")))
    settings = ResultSettings("stylize", {}, style=NamedFile("any"), blend=parts)
    assert parse_settings(settings_text(settings), "x") == settings
    values = json.loads(settings_text(settings))
    values["blend"][1].update(change)
    assert parse_settings(json.dumps(values), "x") == dataclasses.replace(settings, blend=())


def test_the_window_names_the_command_that_repeats_a_mixture_of_three() -> None:
    parts = tuple(BlendPart(1 / 3, "style", NamedFile(name)) for name in ("udnie", "great_wave", "the_dance"))
    write_image("a.png", picture(20, 20), settings=ResultSettings("stylize", {}, blend=parts))
    with pytest.raises(UsageError) as caught:
        read_again(Path("a.png"))
    assert caught.value.code == "needs_command"


def test_styles_that_ship_mix(tmp_path: Path) -> None:
    photo = picture(64, 64)
    blend = load_blend({"starry_night": 1, "wheat_field": 1})(photo)  # the two that are farthest from each other
    for name in ("starry_night", "wheat_field"):
        assert 2 < np.abs(blend.astype(int) - load_stylizer(name)(photo)).mean() < 80


def test_help_tells_how_styles_mix(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stylize", "--help"]) == 0
    assert "--style udnie:0.6 --style the_dance:0.4" in " ".join(capsys.readouterr().out.split())
