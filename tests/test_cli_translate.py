"""`paddlegan translate` and `paddlegan restore`, with tiny checkpoints made by the tests."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import paddle
import pytest
from PIL import Image, ImageCms

from ppgan_lite import restoration
from ppgan_lite.checkpoint import Header, PredictorSpec, net_spec, net_tensors, sha256_of, write_checkpoint
from ppgan_lite.images import NamedFile, read_image, read_settings
from ppgan_lite.inference.loading import load_predictor
from ppgan_lite.nets.resnet_generator import ResnetGenerator
from ppgan_lite.nets.sr_resnet import SRResNet

Run = Callable[..., tuple[int, str, str]]


def save(path: Path, task: str, **nets: paddle.nn.Layer) -> Path:
    """Write a checkpoint with a predictor of the same name for each net."""
    predictors = {
        name: PredictorSpec(name, task, value_range=net.value_range, scale=net.arguments.get("scale", 1))
        for name, net in nets.items()
    }
    tensors = {key: value for name, net in nets.items() for key, value in net_tensors(name, net).items()}
    write_checkpoint(path, Header({name: net_spec(net) for name, net in nets.items()}, predictors), tensors)
    return path


@pytest.fixture
def zebra(tmp_path: Path) -> Path:
    """Return a checkpoint with two directions."""
    paddle.seed(5)
    nets = {
        direction: ResnetGenerator(base_channels=2, blocks=1, initialization="kaiming")
        for direction in ("a_to_b", "b_to_a")
    }
    return save(tmp_path / "zebra.ppgan", "translate", **nets)


def restoring(path: Path, scale: int = 1) -> Path:
    paddle.seed(5)
    return save(path, "restore", restore=SRResNet(base_channels=2, blocks=1, scale=scale))


@pytest.fixture
def nothing_ships(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(restoration, "FILE", tmp_path / "missing" / "photos.ppgan")


def test_a_photo_is_translated_beside_itself(run: Run, zebra: Path, photo: np.ndarray, photo_file: Path) -> None:
    code, out, err = run("translate", photo_file, "--checkpoint", zebra, "--device", "cpu")
    target = photo_file.with_name("photo_zebra.png")
    assert (code, out, err.splitlines()) == (0, "", ["zebra on cpu, paddle", str(target)])
    assert np.array_equal(read_image(target)[0], load_predictor(zebra, device="cpu")(photo))
    settings = read_settings(target)
    assert settings is not None and settings.checkpoint == NamedFile("zebra.ppgan", sha256_of(zebra))
    assert (settings.verb, settings.options) == ("translate", {"direction": "a_to_b", "depth": None})
    assert settings.photo == NamedFile(photo_file.name, sha256_of(photo_file))


def test_a_net_that_is_prepared_for_its_first_use_is_announced(
    run: Run, zebra: Path, photo_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("openvino", "paddle2onnx"):
        pytest.importorskip(package)
    monkeypatch.setenv("PPGAN_LITE_CACHE", str(tmp_path / "cache"))
    command = ("translate", photo_file, "--checkpoint", zebra, "--device", "cpu", "--engine", "openvino", "--overwrite")
    first, second = (run(*command) for _ in range(2))
    assert (first[0], first[2].splitlines()[0]) == (0, "preparing zebra.ppgan; only its first use takes this long")
    assert (second[0], "preparing" in second[2]) == (0, False)


def test_the_direction_chooses_the_net(run: Run, zebra: Path, photo: np.ndarray, photo_file: Path) -> None:
    arguments = ("translate", photo_file, "--checkpoint", zebra, "--direction", "b_to_a", "--json")
    code, out, _ = run(*arguments)
    target = photo_file.with_name("photo_zebra_b_to_a.png")
    assert code == 0
    assert np.array_equal(read_image(target)[0], load_predictor(zebra, predictor="b_to_a")(photo))
    answer = json.loads(out)
    assert (answer["checkpoint"], answer["direction"]) == (str(zebra), "b_to_a")
    assert [(result["output"], result["width"], result["height"]) for result in answer["results"]] == [
        (str(target), 60, 40)
    ]
    code, _, err = run(*arguments)
    assert code == 1 and "exists already" in err, "nothing is replaced unasked"


def test_a_folder_is_translated_whole(run: Run, zebra: Path, photo: np.ndarray) -> None:
    for name in ("a.png", "深/b.jpg"):
        Path("photos", name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo).save(Path("photos", name))
    Path("photos/text.jpg").write_bytes(b"a letter")
    code, _, err = run("translate", "photos", "-o", "out", "--checkpoint", zebra)
    assert code == 1
    assert sorted(path.relative_to("out").as_posix() for path in Path("out").rglob("*.*")) == ["a.png", "深/b.jpg"]
    assert err.splitlines()[-1] == "1 of 3 pictures failed"


def test_profile_resolution_and_opacity_come_along_in_the_size_of_the_result(run: Run, photo: np.ndarray) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    alpha = np.repeat(np.arange(40, dtype=np.uint8)[:, None] * 6, 60, axis=1)
    Image.fromarray(np.dstack([photo, alpha])).save("photo.png", icc_profile=profile, dpi=(300, 300))
    code, _, err = run("restore", "photo.png", "--checkpoint", restoring(Path("twice.ppgan"), scale=2))
    assert code == 0, err
    image, metadata = read_image("photo_restored.png")
    assert image.shape == (80, 120, 3)
    assert metadata.icc_profile == profile and metadata.dpi == pytest.approx((300, 300), abs=0.1)
    assert metadata.alpha is not None and metadata.alpha.shape == (80, 120)
    assert np.abs(metadata.alpha[1::2, 1::2].astype(int) - alpha).max() <= 6
    settings = read_settings("photo_restored.png")
    assert settings is not None and settings.checkpoint == NamedFile("twice.ppgan", sha256_of("twice.ppgan"))


def test_the_checkpoint_that_ships_restores_unless_another_is_named(
    run: Run, photo: np.ndarray, photo_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoration, "FILE", restoring(tmp_path / "photos.ppgan"))
    assert run("restore", photo_file, "-o", "out.png")[0] == 0
    assert np.array_equal(read_image("out.png")[0], load_predictor(restoration.FILE)(photo))
    settings = read_settings("out.png")
    assert settings is not None and (settings.verb, settings.options) == ("restore", {"depth": None})
    assert settings.checkpoint == NamedFile("photos.ppgan", sha256_of(restoration.FILE))


def test_what_ships_restores_photos_at_their_size(photo: np.ndarray) -> None:
    if not restoration.FILE.exists():
        pytest.skip("no restoring checkpoint ships yet")
    predictor = load_predictor(restoration.restorer(), device="cpu")
    assert predictor.spec.task == "restore"
    assert predictor(photo).shape == photo.shape


@pytest.mark.parametrize(("script", "direction"), [("translate", ["b_to_a"]), ("restore", [])])
def test_the_scripts_do_what_the_command_line_does(
    run: Run, zebra: Path, photo_file: Path, script: str, direction: list[str]
) -> None:
    checkpoint = zebra if script == "translate" else restoring(Path("twice.ppgan"), scale=2)
    places = [checkpoint, "script.png"] if script == "translate" else ["script.png", checkpoint]
    main = runpy.run_path(str(Path(__file__).parents[1] / "applications" / f"{script}.py"))["main"]
    main(str(photo_file), *map(str, places), *direction)
    chosen = ["--direction", *direction] if direction else []
    assert run(script, photo_file, "-o", "verb.png", "--checkpoint", checkpoint, *chosen)[0] == 0
    assert np.array_equal(read_image("script.png")[0], read_image("verb.png")[0])


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("translate photo.png", 2, "Missing option '--checkpoint'. (see `paddlegan translate --help`)"),
        ("translate photo.png --checkpoint no.ppgan", 2, "--checkpoint: there is no file no.ppgan; expected a .ppgan"),
        ("translate photo.png --checkpoint photo.png", 2, "Use: paddlegan stylize PHOTO --style photo.png"),
        (
            "translate photo.png --checkpoint zebra.ppgan --direction a_to_c",
            2,
            "zebra.ppgan: has no predictor 'a_to_c'; expected a_to_b or b_to_a. Did you mean 'a_to_b'?",
        ),
        (
            "translate photo.png --checkpoint clean.ppgan",
            2,
            "clean.ppgan: its task is restore; expected a checkpoint whose task is translate. "
            "Use: paddlegan restore PHOTO --checkpoint clean.ppgan",
        ),
        (
            "restore photo.png --checkpoint zebra.ppgan",
            2,
            "Use: paddlegan translate PHOTO --checkpoint zebra.ppgan",
        ),
        ("stylize photo.png --style zebra.ppgan", 2, "Use: paddlegan translate PHOTO --checkpoint zebra.ppgan"),
        (
            "restore photo.png",
            2,
            "is missing. Give one with --checkpoint, or install ppgan-lite again",
        ),
        ("restore missing.png", 1, "missing.png: does not exist"),
        ("translate photo.png --checkpoint zebra.ppgan --device gpu:7", 2, "device: 'gpu:7' is not there"),
    ],
)
@pytest.mark.usefixtures("nothing_ships", "zebra", "photo_file")
def test_errors_are_one_line_with_the_right_exit_code(run: Run, arguments: str, code: int, message: str) -> None:
    restoring(Path("clean.ppgan"))
    before = sorted(Path().rglob("*"))
    got, out, err = run(*arguments.split())
    assert (got, out) == (code, "")
    [line] = err.splitlines()
    assert line.startswith("paddlegan: error: ") and message in line
    assert sorted(Path().rglob("*")) == before
