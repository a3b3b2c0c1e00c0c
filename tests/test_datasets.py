"""Datasets of folders: where pictures are found, and how they become samples."""

from __future__ import annotations

import contextlib
import itertools
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml
from PIL import Image

from ppgan_lite.data import DATASETS, doctor, findings, pictures
from ppgan_lite.data.crops import policy
from ppgan_lite.data.degraded import Degraded
from ppgan_lite.data.folder import Folder
from ppgan_lite.data.loader import batches
from ppgan_lite.data.paired import Paired, UnmatchedError
from ppgan_lite.data.unpaired import Unpaired
from ppgan_lite.degradations import check_chain, degrade
from ppgan_lite.errors import DataError, PpganError, UsageError
from ppgan_lite.images import write_image
from ppgan_lite.signatures import argument_faults
from ppgan_lite.tables import resolve

RED, BLUE = (200, 0, 0), (0, 0, 200)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def ramp(height: int = 40, width: int = 60) -> np.ndarray:
    """A picture whose red says the column and whose green says the row, in steps of 4."""
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack([columns * 4, rows * 4, (rows + columns) % 7 * 30], axis=-1).astype(np.uint8)


def plain(color: tuple[int, int, int], height: int = 40, width: int = 50) -> np.ndarray:
    return np.broadcast_to(np.uint8(color), (height, width, 3)).copy()


def write(folder: Path, **images: np.ndarray) -> Path:
    """Write pictures by name, "__" for a folder; return the folder."""
    for name, image in images.items():
        write_image(folder / f"{name.replace('__', '/')}.png", image, overwrite=True)
    return folder


def place(crop: np.ndarray) -> tuple[int, int]:
    """Return top and left of a crop of `ramp`, which was not resized."""
    corner = np.rint(crop[:, 0, 0] * 255 / 4).astype(int)
    return int(corner[1]), int(corner[0])


# Layouts


@pytest.mark.parametrize(
    ("in_a", "in_b"),
    [("trainA", "trainB"), ("train/A", "train/B"), ("A/train", "B/train"), ("A", "B")],
)
@pytest.mark.parametrize("dataset", [Unpaired, Paired])
def test_two_domains_are_found_however_they_are_laid_out(tmp_path, in_a, in_b, dataset):
    write(tmp_path, **{f"{in_a}/1": plain(RED), f"{in_a}/2": plain(RED), f"{in_b}/1": plain(BLUE)})
    if dataset is Paired:
        write(tmp_path, **{f"{in_b}/2": plain(BLUE)})
    data = dataset(folder=str(tmp_path), size=16)
    assert len(data) == 2
    for index in range(2):
        sample = data.get(index, rng())
        assert sample["a"][0].min() > 0.7 and sample["b"][2].min() > 0.7


def test_each_split_has_its_own_pictures(tmp_path):
    write(tmp_path, trainA__1=plain(RED), trainB__1=plain(RED), testA__1=plain(BLUE), testB__1=plain(BLUE))
    for split, channel in (("train", 0), ("test", 2)):
        sample = Unpaired(folder=str(tmp_path), split=split, size=16).get(0, rng())
        assert all(array[channel].min() > 0.7 for array in sample.values())


@pytest.mark.parametrize("dataset", [Unpaired, Paired])
def test_a_split_that_is_not_there_is_told_with_those_that_are(tmp_path, dataset):
    write(tmp_path, trainA__1=plain(RED), trainB__1=plain(RED), testA__1=plain(BLUE), testB__1=plain(BLUE))
    with pytest.raises(DataError) as caught:
        dataset(folder=str(tmp_path), split="val")
    expected = f"{tmp_path}: has no split 'val'; expected one of train, test. Say which with data.split"
    assert str(caught.value) == expected


@pytest.mark.parametrize("dataset", [Unpaired, Paired])
def test_one_domain_without_the_other_is_told_and_not_cut_in_two(tmp_path, dataset):
    write(tmp_path, trainA__1=plain(RED))
    with pytest.raises(DataError, match=r"holds trainA/; expected A/ and B/, or trainA/, trainB/"):
        dataset(folder=str(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, "data: neither `folder` nor both of `a` and `b`; expected either `folder`, or `a` and `b`"),
        ({"folder": ".", "a": ["."]}, "data: `folder` and `a` or `b` at once; expected either"),
        ({"folder": "nowhere"}, "nowhere: there is no such folder; expected a folder of pictures"),
        (
            {"a": ["nowhere"], "b": ["."]},
            "nowhere: there is no such file or folder; expected pictures to use as domain A",
        ),
    ],
)
def test_folders_that_cannot_be_meant_are_told(arguments, told):
    with pytest.raises(DataError) as caught:
        Unpaired(**arguments)
    assert told in str(caught.value)


def test_domains_may_lie_anywhere(tmp_path):
    write(tmp_path, photos__1=plain(RED), more__2=plain(RED), monet__1=plain(BLUE))
    data = Unpaired(a=[str(tmp_path / "photos"), str(tmp_path / "more/2.png")], b=[str(tmp_path / "monet")], size=16)
    assert len(data) == 2
    assert data.get(1, rng())["b"][2].min() > 0.7


# Files that are pictures


def test_pictures_are_found_by_content_and_in_folders_below(tmp_path):
    write(tmp_path, deep__er__1=plain(RED))
    (tmp_path / "deep/er/1.png").rename(tmp_path / "deep/er/picture")  # no suffix
    (tmp_path / "notes.txt").write_text("no picture")
    write(tmp_path, hidden=plain(BLUE))
    (tmp_path / "hidden.png").rename(tmp_path / ".hidden.png")
    data = Folder(folders=[str(tmp_path)], size=16)
    assert [file.name for file in data.files] == ["picture"]
    assert data.get(0, rng())["photo"][0].min() > 0.7


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".bmp", ".gif", ".ppm", ".avif"])
def test_every_kind_of_picture_is_known_by_its_first_bytes(tmp_path, suffix):
    path = tmp_path / f"1{suffix}"
    try:
        Image.fromarray(ramp()).save(path)
    except (KeyError, ValueError):
        pytest.skip("this Pillow cannot write it")
    path.rename(tmp_path / "1.data")
    assert len(Folder(folders=[str(tmp_path)], size=16)) == 1


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "cannot be|empty|not a picture"),
        (b"no picture at all", "is not a picture of a known kind"),
    ],
)
def test_a_broken_file_among_others_is_named_with_the_remedy(tmp_path, content, found):
    write(tmp_path, one=plain(RED), two=plain(RED))
    (tmp_path / "broken.jpg").write_bytes(content)
    data = Folder(folders=[str(tmp_path)], size=16)
    assert len(data) == 3  # told, not passed over
    with contextlib.closing(batches(data, 1, seed=0, workers=2)) as source, pytest.raises(DataError) as caught:
        list(itertools.islice(source, 3))
    assert str(caught.value).startswith(str(tmp_path / "broken.jpg"))
    assert caught.value.remedy == "Replace it or take it out of the folder; `paddlegan doctor` finds all such files"
    with pytest.raises(DataError, match=found):
        data.get(0, rng())


def test_a_truncated_file_is_named(tmp_path):
    write(tmp_path, one=ramp())
    whole = (tmp_path / "one.png").read_bytes()
    (tmp_path / "one.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"one\.png: cannot be decoded"):
        Folder(folders=[str(tmp_path)], size=16).get(0, rng())


def test_excluded_files_are_left_out(tmp_path):
    write(tmp_path, A__1=plain(RED), A__2=plain(RED), B__1=plain(BLUE), B__2=plain(BLUE))
    for data in (
        Unpaired(folder=str(tmp_path), exclude=["2.png"]),
        Paired(folder=str(tmp_path), exclude=["2.png"]),
        Folder(folders=[str(tmp_path / "A")], exclude=["2.png"]),
        Degraded(clean=[str(tmp_path / "A")], chain=[], exclude=["2.png"]),
    ):
        assert len(data) == 1


# Unpaired


def test_the_second_domain_is_drawn_at_random_and_in_turn_for_validation(tmp_path):
    write(tmp_path, A__1=plain(RED), A__2=plain(RED), **{f"B__{i}": plain((0, 0, i * 50)) for i in range(5)})

    def drawn(augment: bool) -> list[int]:
        data = Unpaired(folder=str(tmp_path), size=16, augment=augment)
        return [round(float(data.get(i % 2, rng(i))["b"][2, 0, 0]) * 255 / 50) for i in range(40)]

    assert set(drawn(True)) == {0, 1, 2, 3, 4}
    assert drawn(False) == [0, 1] * 20


def test_the_two_domains_are_cropped_independently(tmp_path):
    write(tmp_path, A__1=ramp(), B__1=ramp())
    data = Unpaired(folder=str(tmp_path), size=16, resize="none", flip=False)
    samples = [data.get(0, rng(seed)) for seed in range(20)]
    assert sum(place(sample["a"]) != place(sample["b"]) for sample in samples) > 15


# Paired


@pytest.mark.parametrize("resize", ["short_side", "width", "square", "none"])
def test_both_pictures_of_a_pair_are_cropped_and_flipped_alike(tmp_path, resize):
    write(tmp_path, A__1=ramp(), B__1=255 - ramp())
    data = Paired(folder=str(tmp_path), size=16, resize=resize, resize_to=(20, 36))
    crops = set()
    for seed in range(20):
        sample = data.get(0, rng(seed))
        np.testing.assert_allclose(sample["a"] + sample["b"], 1, atol=2.5 / 255)  # both are rounded twice
        crops.add(sample["a"].tobytes())
    assert len(crops) > 15


@pytest.mark.parametrize("resize", ["none", "short_side"])
def test_the_target_may_be_a_whole_number_of_times_larger(tmp_path, resize):
    small = ramp(21, 33)  # odd, so that crops begin anywhere
    write(tmp_path, A__1=small, B__1=small.repeat(3, axis=0).repeat(3, axis=1))
    data = Paired(folder=str(tmp_path), size=24, scale=3, resize=resize, resize_to=None if resize == "none" else 63)
    for seed in range(10):
        sample = data.get(0, rng(seed))
        assert sample["a"].shape == (3, 8, 8) and sample["b"].shape == (3, 24, 24)
        assert np.array_equal(sample["a"].repeat(3, axis=1).repeat(3, axis=2), sample["b"])


@pytest.mark.parametrize(("direction", "first"), [("a_to_b", 0), ("b_to_a", 2)])
def test_pairs_side_by_side_are_cut_in_two_in_either_order(tmp_path, direction, first):
    write(tmp_path, train__1=np.hstack([plain(RED), plain(BLUE)]), val__1=plain(BLUE))
    data = Paired(folder=str(tmp_path), direction=direction, size=16, resize_to=(16, 70))
    for seed in range(5):
        sample = data.get(0, rng(seed))
        assert sample["a"][first].min() > 0.75 and sample["b"][2 - first].min() > 0.75
        assert sample["a"][2 - first].max() < 0.02  # the seam does not shine through


def test_halves_are_cropped_alike_and_the_split_is_followed(tmp_path):
    write(tmp_path, train__1=plain(RED), test__1=np.hstack([ramp(), 255 - ramp()]))
    data = Paired(folder=str(tmp_path), split="test", size=16)
    for seed in range(5):
        sample = data.get(0, rng(seed))
        np.testing.assert_allclose(sample["a"] + sample["b"], 1, atol=1.5 / 255)


def test_an_odd_width_cannot_be_cut_in_two(tmp_path):
    write(tmp_path, one=plain(RED, 20, 41))
    with pytest.raises(DataError, match=r"one\.png: is 41 px wide; expected an even width: A and B side by side"):
        Paired(folder=str(tmp_path), size=16).get(0, rng())


def test_the_direction_turns_folders_round(tmp_path):
    write(tmp_path, A__1=plain(RED), B__1=plain(BLUE))
    sample = Paired(folder=str(tmp_path), direction="b_to_a", size=16).get(0, rng())
    assert sample["a"][2].min() > 0.7 and sample["b"][0].min() > 0.7


def test_pairs_are_matched_by_name_below_their_folders_whatever_the_suffix(tmp_path):
    write(tmp_path, A__x__1=plain((10, 0, 0)), A__y__1=plain((20, 0, 0)), B__y__1=plain((20, 0, 0)))
    Image.fromarray(plain((10, 0, 0))).save(tmp_path / "1.bmp")
    (tmp_path / "B/x").mkdir()
    (tmp_path / "1.bmp").rename(tmp_path / "B/x/1.bmp")
    data = Paired(folder=str(tmp_path), size=16)
    for index in range(2):
        sample = data.get(index, rng())
        assert np.array_equal(sample["a"], sample["b"])


def test_files_without_a_partner_are_named(tmp_path):
    write(tmp_path, A__1=ramp(), A__2=ramp(), A__3=ramp(), B__1=ramp(), B__4=ramp(), B__5=ramp())
    with pytest.raises(UnmatchedError) as caught:
        Paired(folder=str(tmp_path))
    assert [(path.name, text) for path, text in caught.value.files] == [
        ("2.png", "has no partner in B"),
        ("3.png", "has no partner in B"),
        ("4.png", "has no partner in A"),
        ("5.png", "has no partner in A"),
    ]
    assert "data: 4 files do not pair: " in str(caught.value)
    assert "and 1 more; expected the same names in A and B, whatever their suffixes" in str(caught.value)


def test_two_files_of_one_name_are_told(tmp_path):
    write(tmp_path, A__1=ramp(), B__1=ramp())
    Image.fromarray(ramp()).save(tmp_path / "A/1.jpg")
    with pytest.raises(UnmatchedError, match=r"1\.png has the name of 1\.jpg, but for the suffix"):
        Paired(folder=str(tmp_path))


# Degraded


def test_a_blur_sees_what_lies_around_the_crop(tmp_path):
    noisy = ramp(60, 60)
    noisy[..., 2] = rng().integers(0, 256, (60, 60))
    write(tmp_path, one=noisy)
    chain = [{"name": "mean_blur", "size": 9}]
    whole = degrade(noisy, chain, rng=rng())
    data = Degraded(clean=[str(tmp_path)], chain=chain, size=16, resize="none", flip=False)
    for seed in range(10):
        sample = data.get(0, rng(seed))
        top, left = place(sample["b"])
        np.testing.assert_array_equal(
            np.rint(sample["b"] * 255), noisy[top : top + 16, left : left + 16].transpose(2, 0, 1)
        )
        np.testing.assert_array_equal(
            np.rint(sample["a"] * 255), whole[top : top + 16, left : left + 16].transpose(2, 0, 1)
        )


@pytest.mark.parametrize("flip", [False, True])
def test_a_downscaled_input_shows_the_same_part(tmp_path, flip):
    write(tmp_path, one=ramp(50, 63))
    data = Degraded(
        clean=[str(tmp_path)], chain=[{"name": "downscale", "factor": 4}], size=16, resize="none", flip=flip
    )
    for seed in range(10):
        sample = data.get(0, rng(seed))
        assert sample["a"].shape == (3, 4, 4)
        means = sample["b"].reshape(3, 4, 4, 4, 4).mean(axis=(2, 4))
        np.testing.assert_allclose(sample["a"], means, atol=0.6 / 255)


def test_a_size_that_the_chain_does_not_divide_is_told(tmp_path):
    write(tmp_path, one=ramp())
    with pytest.raises(DataError, match="size: 30, of which the chain makes 8; expected a multiple of what the chain"):
        Degraded(clean=[str(tmp_path)], chain=[{"name": "downscale", "factor": 4}], size=30)


def test_a_factor_that_varies_is_refused_for_training(tmp_path):
    write(tmp_path, one=ramp())
    with pytest.raises(DataError, match="expected one factor: the net enlarges by it"):
        Degraded(clean=[str(tmp_path)], chain=[{"name": "downscale", "factor": {"between": [2, 4]}}], size=32)


def test_colorization_gives_the_luma_as_one_channel(tmp_path):
    write(tmp_path, one=ramp())
    data = Degraded(clean=[str(tmp_path)], chain=[{"name": "grayscale"}], size=16, channels_a=1)
    sample = data.get(0, rng())
    assert sample["a"].shape == (1, 16, 16) and sample["b"].shape == (3, 16, 16)
    luma = np.einsum("c,chw->hw", [0.299, 0.587, 0.114], sample["b"])
    np.testing.assert_allclose(sample["a"][0], luma, atol=1 / 255)


def test_every_epoch_draws_other_noise(tmp_path):
    write(tmp_path, one=plain((100, 100, 100)))
    data = Degraded(clean=[str(tmp_path)], chain=[{"name": "salt_and_pepper", "amount": 0.2}], size=16)
    first, again, other = (data.get(0, rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first["a"], again["a"])
    assert not np.array_equal(first["a"], other["a"])
    assert np.array_equal(first["b"], other["b"])
    assert 0.25 < np.mean(first["a"] != first["b"]) < 0.55


def test_chains_are_checked_before_any_picture_is_read(tmp_path):
    with pytest.raises(UsageError, match="chain: step 1: name: 'salt_and_peper' is not known"):
        Degraded(clean=[str(tmp_path)], chain=[{"name": "salt_and_peper"}])


# Crops


def shapes(**arguments: Any) -> list[tuple[int, ...]]:
    """Return height, width, top, left, flip that a policy chooses for a picture of 40 x 60."""
    found = []
    for seed in range(30):
        where = policy(**arguments).choose(ramp(), rng(seed))
        assert 0 <= where.top <= where.height - where.size and 0 <= where.left <= where.width - where.size
        found.append((where.height, where.width, where.top, where.left, where.flip))
    return found


def test_pictures_are_resized_as_the_policy_says():
    assert {shape[:2] for shape in shapes(size=16, resize="short_side", resize_to=20)} == {(20, 30)}
    assert {shape[:2] for shape in shapes(size=16, resize="width", resize_to=30)} == {(20, 30)}
    assert {shape[:2] for shape in shapes(size=16, resize="square", resize_to=20)} == {(20, 20)}
    assert {shape[:2] for shape in shapes(size=16, resize="none")} == {(40, 60)}
    assert {shape[0] for shape in shapes(size=16, resize_to=(18, 20))} == {18, 19, 20}
    assert {shape[:2] for shape in shapes(size=16)} == {(18, 27)}  # 16 * 286 / 256


def test_a_picture_smaller_than_the_crop_is_enlarged_until_it_holds_one():
    assert {shape[:2] for shape in shapes(size=80, resize="none")} == {(80, 120)}
    assert {shape[:2] for shape in shapes(size=30, resize="width", resize_to=30)} == {(30, 45)}


def test_crops_and_flips_are_drawn():
    found = shapes(size=16, resize="none")
    assert len({shape[2] for shape in found}) > 10 and len({shape[3] for shape in found}) > 10
    assert 5 < sum(shape[4] for shape in found) < 25
    assert not any(shape[4] for shape in shapes(size=16, resize="none", flip=False))


def test_without_augmentation_the_crop_is_the_middle():
    assert set(shapes(size=20, resize="none", augment=False)) == {(40, 60, 10, 20, False)}
    assert set(shapes(size=20, augment=False)) == {(20, 30, 0, 5, False)}
    assert {shape[0] for shape in shapes(size=20, resize_to=(20, 30), augment=False)} == {25}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"size": 0}, "size: 0; expected 1 pixel or more"),
        (
            {"size": 32, "resize_to": 31},
            "resize_to: 31; expected a side, or two rising ones, of at least the crop's 32 px",
        ),
        ({"size": 32, "resize_to": (40, 36)}, "resize_to: [40, 36]; expected a side, or two rising ones"),
    ],
)
def test_impossible_sizes_are_told(tmp_path, arguments, told):
    write(tmp_path, one=ramp())
    with pytest.raises(DataError) as caught:
        Folder(folders=[str(tmp_path)], **arguments)
    assert told in str(caught.value)


def test_a_scale_must_divide_the_crop(tmp_path):
    with pytest.raises(DataError, match="scale: 3; expected 1 or more, and a divisor of the crop's 16 px"):
        Paired(folder=str(tmp_path), size=16, scale=3)


# Channels and depth


def test_channels_are_what_was_asked_for_whatever_the_file_holds(tmp_path):
    Image.fromarray(ramp()[..., 0]).save(tmp_path / "gray.png")
    write(tmp_path, rgb=ramp())
    for channels in (1, 3):
        data = Folder(folders=[str(tmp_path)], size=40, resize="none", augment=False, channels=channels)
        gray, rgb = (data.get(index, rng())["photo"] for index in range(2))
        assert gray.shape == rgb.shape == (channels, 40, 40)
        np.testing.assert_array_equal(np.rint(gray * 255), np.broadcast_to(ramp()[:, 10:50, 0], gray.shape))
    luma = ramp()[:, 10:50] @ np.array([0.299, 0.587, 0.114])
    data = Folder(folders=[str(tmp_path / "rgb.png")], size=40, resize="none", augment=False, channels=1)
    np.testing.assert_allclose(data.get(0, rng())["photo"][0] * 255, luma, atol=0.51)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_16_bits_are_not_cut_to_8(tmp_path, suffix, channels):
    deep = rng().integers(0, 65_536, (24, 24, channels), dtype=np.uint16)
    cv2.imwrite(str(tmp_path / f"deep{suffix}"), deep[..., ::-1])
    data = Folder(folders=[str(tmp_path)], size=24, resize="none", augment=False, channels=channels)
    photo = data.get(0, rng())["photo"]
    assert photo.dtype == np.float32
    np.testing.assert_allclose(photo, deep.transpose(2, 0, 1) / 65_535, atol=1e-7)


def test_16_bits_stay_16_when_pictures_are_resized(tmp_path):
    deep = np.full((40, 40, 3), 12_345, np.uint16)  # no multiple of 257: 8 bits could not hold it
    cv2.imwrite(str(tmp_path / "deep.png"), deep)
    for side in (24, 60):
        photo = Folder(folders=[str(tmp_path)], size=20, resize_to=side).get(0, rng())["photo"]
        np.testing.assert_allclose(photo, 12_345 / 65_535, atol=1e-6)


# Memory, and the order of everything


def datasets(folder: Path) -> list[Any]:
    write(folder, **{f"{half}__{i}": ramp(40, 60 + i) for half in "AB" for i in range(4)})
    return [
        Unpaired(folder=str(folder), size=16),
        Paired(folder=str(folder), size=16),
        Degraded(clean=[str(folder / "A")], chain=[{"name": "gaussian_noise"}], size=16),
        Folder(folders=[str(folder / "A")], size=16, resize_to=(16, 30)),
    ]


def test_the_number_of_workers_changes_nothing(tmp_path):
    for data in datasets(tmp_path):
        with (
            contextlib.closing(batches(data, 3, seed=5)) as one,
            contextlib.closing(batches(data, 3, seed=5, workers=3)) as many,
        ):
            for first, second in itertools.islice(zip(one, many, strict=True), 6):
                assert all(first[name].tobytes() == second[name].tobytes() for name in data.gives)


def test_pictures_are_read_once_while_there_is_memory_and_samples_are_the_same_without(tmp_path, monkeypatch):
    reads = []
    decode = pictures.decode_stored
    monkeypatch.setattr(pictures, "decode_stored", lambda data, where: reads.append(where) or decode(data, where))
    for roomy, plenty in zip(datasets(tmp_path), datasets(tmp_path), strict=True):
        reads.clear()
        monkeypatch.setattr(pictures, "share_of_memory_free", lambda: 0.5)
        samples = [plenty.get(0, rng(i % 3)) for i in range(6)]
        assert len(reads) == len(set(reads))
        monkeypatch.setattr(pictures, "share_of_memory_free", lambda: 0.2)
        again = [roomy.get(0, rng(i % 3)) for i in range(6)]
        assert len(reads) >= len(set(reads)) + 5
        for first, second in zip(samples, again, strict=True):
            assert all(first[name].tobytes() == second[name].tobytes() for name in plenty.gives)


def test_pictures_in_memory_are_no_larger_than_a_crop_can_need():
    largest = policy(16, "short_side", (16, 32)).largest
    assert largest(100, 300) == (32, 96)
    assert largest(20, 300) == (20, 300)
    assert policy(16, "square", (16, 32)).largest(100, 20) == (32, 20)
    assert policy(16, "width", (16, 32)).largest(100, 64) == (50, 32)
    assert policy(16, "none").largest(100, 300) == (100, 300)


@pytest.mark.parametrize(
    "section",
    [
        {
            "name": "Unpaired",
            "folder": "x",
            "split": "test",
            "resize": "width",
            "resize_to": [256, 300],
            "channels_a": 1,
        },
        {"name": "Paired", "folder": "x", "direction": "b_to_a", "scale": 4, "resize_to": 286, "augment": False},
        {"name": "Degraded", "clean": ["x"], "chain": [{"name": "jpeg", "quality": 30}], "flip": False},
        {"name": "Folder", "folders": ["x"], "exclude": ["y.jpg"], "channels": 1},
    ],
)
def test_what_a_yaml_says_fits_the_constructors(section):
    cls = resolve(DATASETS, section["name"], "dataset")
    arguments = {key: value for key, value in section.items() if key != "name"}
    assert argument_faults(cls, arguments) == []
    assert [fault.key for fault in argument_faults(cls, {**arguments, "resize": "tall"})] == ["resize"]
    with pytest.raises(PpganError, match="x: there is no such"):
        cls(**arguments)


def sections_of_the_guide() -> list[dict[str, Any]]:
    text = (Path(__file__).parents[1] / "docs/data.md").read_text("utf-8")
    return [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)]


@pytest.mark.parametrize("section", sections_of_the_guide())
def test_every_section_that_the_guide_shows_is_one(section):
    data = section["data"]
    for settings in (data, {**data, **section.get("validation", {}).get("data", {})}):
        arguments = {key: value for key, value in settings.items() if key != "name"}
        assert argument_faults(resolve(DATASETS, settings["name"], "dataset"), arguments) == []
        check_chain(settings.get("chain", []))


def test_the_guide_names_every_dataset_and_every_kind_of_finding():
    text = (Path(__file__).parents[1] / "docs/data.md").read_text("utf-8")
    assert all(f"| `{name}` |" in text for name in DATASETS)
    source = (Path(findings.__file__)).read_text("utf-8") + Path(doctor.__file__).read_text("utf-8")
    kinds = set(re.findall(r'Finding\(\s*"(?:error|warning)", "([a-z -]+)"', source)) | {
        "unreadable",
        "truncated",
        "gray",
    }
    assert len(kinds) >= 9
    assert all(kind in text.partition("| finding |")[2] for kind in kinds)
