"""`paddlegan evaluate`: what is measured of checkpoints and folders, what is said, and what is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import paddle
import pytest
from test_cli_translate import save

from ppgan_lite.checkpoint import Header, PredictorSpec, net_spec, net_tensors, write_checkpoint
from ppgan_lite.evaluation import features, measuring
from ppgan_lite.evaluation.features import resized_as_tensorflow
from ppgan_lite.evaluation.pictures import Picture, paired
from ppgan_lite.evaluation.sheets import chosen
from ppgan_lite.images import SAMPLE_PHOTO, read_image, write_image
from ppgan_lite.metrics.pairs import psnr, ssim
from ppgan_lite.nets.resnet_generator import ResnetGenerator

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def nothing_was_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PPGAN_LITE_CACHE", str(tmp_path / "cache"))
    for module in (features, measuring):
        monkeypatch.setattr(module, "MEASURED_PX", 64)  # in a sixteenth of the time


def pictures(folder: Path, *names: str, side: int = 40, noise: float = 0.0) -> Path:
    """Write parts of a photo, with noise on them."""
    image, _ = read_image(SAMPLE_PHOTO)
    rng = np.random.default_rng(len(names))
    for place, name in enumerate(names):
        part = image[20 * place : 20 * place + side, 100 : 100 + side] + rng.normal(0, noise, (side, side, 3))
        write_image(folder / f"{name}.png", np.clip(part, 0, 255).round().astype(np.uint8))
    return folder


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return pictures(tmp_path / "results", "one", "two", "three", noise=20)


@pytest.fixture
def targets(tmp_path: Path) -> Path:
    return pictures(tmp_path / "targets", "one", "two", "three")


def generator(seed: int = 5) -> ResnetGenerator:
    paddle.seed(seed)
    return ResnetGenerator(base_channels=2, blocks=1, initialization="kaiming")


@pytest.fixture
def zebra(tmp_path: Path) -> Path:
    return save(tmp_path / "zebra.ppgan", "translate", a_to_b=generator(), b_to_a=generator(6))


def outcome(found: tuple[int, str, str], code: int = 0) -> dict:
    assert found[0] == code, found[2]
    return json.loads(found[1])


# Two folders


def test_two_folders_are_compared_picture_by_picture(run: Run, results: Path, targets: Path) -> None:
    (found,) = outcome(run("evaluate", results, targets, "--json"))["evaluations"]
    assert (found["name"], found["pictures"], found["references"]) == ("results and targets", 3, 0)
    assert list(found["metrics"]) == ["psnr", "ssim", "perceptual_vgg16"]
    pairs = [[read_image(folder / f"{name}.png")[0] for folder in (results, targets)] for name in found["each"]]
    assert set(found["each"]) == {"one", "two", "three"}
    expected = [psnr(*pair) for pair in pairs]
    assert [numbers["psnr"] for numbers in found["each"].values()] == pytest.approx(expected)
    assert found["metrics"]["psnr"]["value"] == pytest.approx(np.mean(expected))
    assert found["metrics"]["ssim"]["value"] == pytest.approx(np.mean([ssim(*pair) for pair in pairs]))
    reach = 1.959964 * np.std(expected, ddof=1) / 3**0.5
    low, high = found["metrics"]["psnr"]["interval_95"]
    assert (low, high) == (pytest.approx(np.mean(expected) - reach), pytest.approx(np.mean(expected) + reach))
    assert [found["metrics"][name]["better"] for name in ("psnr", "perceptual_vgg16")] == ["higher", "lower"]
    assert found["notes"] == [
        "lpips: not measured without its published weights; run `paddlegan fetch lpips`",
        "ms_ssim: every picture has a side of less than 161 px",
    ]


def test_the_same_pictures_are_at_no_distance(run: Run, targets: Path) -> None:
    (found,) = outcome(run("evaluate", targets, targets, "--json"))["evaluations"]
    assert found["metrics"]["psnr"] == {"value": None, "interval_95": None, "better": "higher"}  # infinite
    assert found["metrics"]["ssim"]["value"] == 1
    assert found["metrics"]["perceptual_vgg16"]["value"] == pytest.approx(0, abs=1e-6)


def test_folders_without_common_names_are_compared_as_sets(run: Run, results: Path, tmp_path: Path) -> None:
    others = pictures(tmp_path / "others", *"abcd")
    (found,) = outcome(run("evaluate", results, others, "--json"))["evaluations"]
    assert (found["pictures"], found["references"]) == (3, 4)
    assert list(found["metrics"]) == ["kid_vgg16", "frechet_vgg16"]
    assert len(found["metrics"]["kid_vgg16"]["interval_95"]) == 2
    assert found["notes"] == [
        "kid, fid: not measured without its published weights; run `paddlegan fetch inception`",
        "frechet_vgg16 of 3 and 4 pictures is too large: compare it with numbers of as many pictures alone",
    ]


def test_a_set_is_nearer_to_itself_than_to_another(run: Run, tmp_path: Path) -> None:
    first, second, third = (
        pictures(tmp_path / name, *(f"{name}{k}" for k in range(5)), noise=noise)
        for name, noise in (("a", 1.0), ("b", 2.0), ("c", 90.0))
    )
    values = []
    for other in (second, third):
        (found,) = outcome(run("evaluate", first, other, "--json"))["evaluations"]
        values.append([found["metrics"][name]["value"] for name in ("kid_vgg16", "frechet_vgg16")])
    assert values[0][0] < values[1][0] and values[0][1] < values[1][1]


def test_too_few_pictures_are_told(run: Run, results: Path, tmp_path: Path) -> None:
    others = pictures(tmp_path / "others", "a", "b")
    (found,) = outcome(run("evaluate", results, others, "--json"))["evaluations"]
    assert found["metrics"] == {}
    few = "kid_vgg16, frechet_vgg16: 3 and 2 pictures are too few; at least 3 of each are needed"
    assert few in found["notes"]


def test_broken_and_unmatched_pictures_are_told_and_the_others_measured(run: Run, results: Path, targets: Path) -> None:
    (results / "two.png").write_bytes(b"no picture")
    pictures(results, "alone")
    write_image(results / "three.png", np.zeros((40, 41, 3), np.uint8), overwrite=True)
    code, out, err = run("evaluate", results, targets, "--metric", "psnr", "--json")
    found = outcome((code, out, err), code=1)
    assert list(found["evaluations"][0]["each"]) == ["one"]
    assert [failure["picture"] for failure in found["failures"]] == ["three", "two"]
    lines = [line for line in err.replace("\r", "\n").splitlines() if line.startswith("paddlegan: error: ")]
    assert lines[0].endswith("evaluate: a result of 41 x 40 pixels; expected 40 x 40, as its target has")
    assert "two.png" in lines[1] and len(lines) == 2
    assert err.splitlines()[-1] == "2 of 3 pictures failed"
    alone = f"1 of 7 pictures without a partner of the same name, such as {results / 'alone.png'}"
    assert found["evaluations"][0]["notes"] == [alone]


def test_a_table_says_what_the_numbers_mean(run: Run, results: Path, targets: Path) -> None:
    code, out, err = run("evaluate", results, targets, "--metric", "psnr", "--metric", "ssim")
    lines = err.replace("\r", "\n").splitlines()
    assert (code, out) == (0, "")
    start = lines.index("results and targets: 3 pictures")
    assert lines[start + 1].split("  ")[0] == "METRIC" and lines[start + 1].endswith("BETTER")
    assert lines[start + 2].startswith("psnr") and lines[start + 2].endswith("higher")


def test_sheets_show_best_median_and_worst(run: Run, results: Path, targets: Path, tmp_path: Path) -> None:
    arguments = ("evaluate", results, targets, "--metric", "psnr", "-o", tmp_path / "out")
    assert run(*arguments)[0] == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "results_and_targets_psnr.png",
        "evaluation.json",
    }
    sheet, _ = read_image(tmp_path / "out/results_and_targets_psnr.png")
    assert sheet.shape[0] > sheet.shape[1] / 2  # a row for each picture, two in a row
    code, _, err = run(*arguments)
    assert (code, "Choose another name, or allow it with --overwrite" in err) == (2, True)
    assert run(*arguments, "--overwrite")[0] == 0


def test_the_best_the_median_and_the_worst_are_chosen_in_the_order_of_the_metric() -> None:
    values = {str(k): float(k) for k in range(9)}
    ranks = [("best", "0"), ("best", "1"), ("median", "3"), ("median", "4"), ("worst", "7"), ("worst", "8")]
    assert chosen(values, best_is_most=False) == ranks
    assert chosen(values, best_is_most=True)[0] == ("best", "8")
    assert chosen({"a": 1.0, "b": 2.0}, best_is_most=True) == [("best", "b"), ("best", "a")]


def test_the_first_of_two_files_of_one_name_pairs() -> None:
    a, b = (
        [Picture(Path(f"{side}/{name}"), name[:1]) for name in names]
        for side, names in (("a", ["x.png", "x.jpg", "y.png"]), ("b", ["x.jpg", "z.png"]))
    )
    pairs = paired(a, b)
    assert [(one.path.name, other.path.name) for one, other in pairs.matched] == [("x.png", "x.jpg")]
    assert {picture.path.name for picture in pairs.alone} == {"x.jpg", "y.png", "z.png"}


# Checkpoints


def test_a_restorer_is_measured_on_pairs(run: Run, tmp_path: Path) -> None:
    checkpoint = save(tmp_path / "restorer.ppgan", "restore", restore=generator())
    pictures(tmp_path / "data/testA", "one", "two", noise=30)
    pictures(tmp_path / "data/testB", "one", "two")
    (found,) = outcome(run("evaluate", checkpoint, "--data", tmp_path / "data", "--json"))["evaluations"]
    assert (found["name"], found["pictures"]) == ("restore", 2)
    assert list(found["metrics"]) == ["psnr", "ssim", "perceptual_vgg16"]


def test_a_net_of_pairs_takes_files_side_by_side_from_the_side_that_it_was_trained_from(
    run: Run, tmp_path: Path
) -> None:
    net = generator()
    header = Header(
        {"generator": net_spec(net)},
        {"a_to_b": PredictorSpec("generator", "translate", value_range=net.value_range)},
        training={"config": {"data": {"direction": "b_to_a"}}},
    )
    write_checkpoint(tmp_path / "facades.ppgan", header, net_tensors("generator", net))
    for name, left, right in (("x", 0, 255), ("y", 255, 0)):
        sides = [np.full((32, 32, 3), value, np.uint8) for value in (left, right)]
        write_image(tmp_path / f"data/test/{name}.png", np.hstack(sides))
    arguments = ("evaluate", tmp_path / "facades.ppgan", "--data", tmp_path / "data", "--metric", "psnr", "--json")
    (trained,) = outcome(run(*arguments))["evaluations"]
    (swapped,) = outcome(run(*arguments, "--no-swap"))["evaluations"]
    # From white to black and the other way round: the halves change places.
    assert trained["each"]["x"]["psnr"] == pytest.approx(swapped["each"]["y"]["psnr"])
    assert trained["each"]["x"]["psnr"] != pytest.approx(trained["each"]["y"]["psnr"])


def test_two_domains_are_measured_as_sets_with_cycle_and_diversity(run: Run, zebra: Path, tmp_path: Path) -> None:
    pictures(tmp_path / "data/testA", *"abc")
    pictures(tmp_path / "data/testB", *"defg", noise=40)
    arguments = ("evaluate", zebra, "--data", tmp_path / "data", "--json")
    there, back = outcome(run(*arguments))["evaluations"]
    assert [(one["name"], one["pictures"], one["references"]) for one in (there, back)] == [
        ("a_to_b", 3, 4),
        ("b_to_a", 4, 3),
    ]
    assert list(there["metrics"]) == ["kid_vgg16", "frechet_vgg16", "cycle_l1", "diversity"]
    assert 0 < there["metrics"]["cycle_l1"]["value"] < 1
    code, _, err = both = run(*arguments, "--direction", "b_to_a", "--metric", "cycle_l1")
    (only,) = outcome(both)["evaluations"]
    assert code == 0 and err.count("zebra on cpu") == 1, "told once, though both directions are loaded"
    assert only["metrics"]["cycle_l1"]["value"] == pytest.approx(back["metrics"]["cycle_l1"]["value"])


def test_pairs_of_two_domains_are_measured_where_they_are_asked_for(run: Run, zebra: Path, tmp_path: Path) -> None:
    """The same names in both domains may be a coincidence."""
    pictures(tmp_path / "data/testA", *"abc")
    pictures(tmp_path / "data/testB", *"bcd")
    arguments = ("evaluate", zebra, "--data", tmp_path / "data", "--direction", "a_to_b", "--json")
    (found,) = outcome(run(*arguments))["evaluations"]
    assert "psnr" not in found["metrics"]
    (found,) = outcome(run(*arguments, "--metric", "psnr", "--metric", "content"))["evaluations"]
    assert [name for name, numbers in found["each"].items() if "psnr" in numbers] == ["b", "c"]
    assert found["notes"][0] == "content: needs a painter"


def test_a_style_is_measured_against_photo_and_painting(run: Run, tmp_path: Path) -> None:
    pictures(tmp_path / "photos", "one", "two", side=64)
    pictures(tmp_path, "painting", side=80, noise=60)
    arguments = ("evaluate", "udnie", "--data", tmp_path / "photos", "--json", "--samples", "1")
    (found,) = outcome(run(*arguments, "--painting", tmp_path / "painting.png"))["evaluations"]
    assert (found["name"], found["pictures"]) == ("painting", 1)
    assert {"style", "content", "art_vgg16"} <= set(found["metrics"])
    assert found["metrics"]["art_vgg16"]["value"] > 1
    (found,) = outcome(run(*arguments))["evaluations"]
    assert list(found["metrics"]) == ["content"]
    assert found["notes"] == ["style, art_vgg16: no painting to compare with; give it with --painting PICTURE"]


# What cannot be


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["zebra.ppgan"], "--data: is missing; expected the folder of the pictures to measure on"),
        (
            ["results"],
            "results: is a folder of pictures, and there is no other one. "
            "Name the folder to compare it with: paddlegan evaluate RESULTS/ TARGETS/",
        ),
        (["results", "targets", "--data", "x"], "--data: given with two folders; expected one or the other"),
        (
            ["zebra.ppgan", "--data", "results", "--painting", "p.png"],
            "--painting: zebra.ppgan paints nothing: its task is translate; expected no painting",
        ),
        (
            ["any", "--data", "results"],
            "any: paints in the style of a painting, and there is none; expected --painting PICTURE",
        ),
        (
            ["results", "targets", "--metric", "cycle_l1"],
            "--metric: cycle_l1: needs a net with both directions; expected metrics of what is there",
        ),
    ],
)
def test_what_cannot_be_measured_is_told_in_one_line(
    run: Run, zebra: Path, results: Path, targets: Path, arguments: list[str], message: str
) -> None:
    code, _, err = run("evaluate", *arguments)
    assert (code, err.splitlines()[-1]) == (2, f"paddlegan: error: {message}")


def test_an_unknown_metric_is_told_with_the_nearest(run: Run, results: Path, targets: Path) -> None:
    code, _, err = run("evaluate", results, targets, "--metric", "lpip")
    assert code == 2
    assert err.startswith(
        "paddlegan: error: --metric: 'lpip' is not known; expected one of psnr, ssim, ms_ssim, lpips,"
    )
    assert err.endswith("Did you mean 'lpips'?\n")


def test_a_metric_whose_weights_are_not_there_is_told_before_anything_is_measured(
    run: Run, results: Path, targets: Path
) -> None:
    code, _, err = run("evaluate", results, targets, "--metric", "lpips")
    assert code == 1
    assert (
        "the published VGG-16 of torchvision, for LPIPS is not there. Run `paddlegan fetch lpips`, or download" in err
    )


def test_weights_that_are_not_the_published_ones_give_no_number_of_their_name(
    run: Run, results: Path, targets: Path, tmp_path: Path
) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/vgg16-397923af.pth").write_bytes(b"others")
    code, out, err = run("evaluate", results, targets, "--json")
    assert (code, out) == (1, "")
    assert (
        "vgg16-397923af.pth: is not the published file: its SHA-256 is another one. Run `paddlegan fetch lpips`" in err
    )


def test_pictures_to_train_on_are_no_pictures_to_measure_on(run: Run, zebra: Path, tmp_path: Path) -> None:
    for side in "AB":
        pictures(tmp_path / f"data/train{side}", *"abc")
    code, _, err = run("evaluate", zebra, "--data", tmp_path / "data")
    assert (code, err.splitlines()[-1]) == (
        2,
        f"paddlegan: error: {tmp_path / 'data'}: holds train; expected pictures to measure on (testA/ and testB/, or "
        "test/). Choose one of these with --split",
    )
    assert run("evaluate", zebra, "--data", tmp_path / "data", "--split", "train", "--metric", "diversity")[0] == 0


# Sizes


def test_pictures_are_resized_for_inception_as_tensorflow_1_does() -> None:
    """By its formula: no antialiasing, and places counted from the corner of the first pixel."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (7, 5, 3), np.uint8)
    found = resized_as_tensorflow(image, 11)
    for row, column in ((0, 0), (3, 8), (10, 10)):
        y, x = row * 7 / 11, column * 5 / 11
        top, left = int(y), int(x)
        bottom, right = min(top + 1, 6), min(left + 1, 4)
        upper = image[top, left] + (image[top, right].astype(float) - image[top, left]) * (x - left)
        lower = image[bottom, left] + (image[bottom, right].astype(float) - image[bottom, left]) * (x - left)
        np.testing.assert_allclose(found[row, column], upper + (lower - upper) * (y - top), rtol=1e-5)
    np.testing.assert_array_equal(resized_as_tensorflow(image[:5, :5], 5), image[:5, :5].astype(np.float32))
