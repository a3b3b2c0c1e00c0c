"""Photos and paintings: random crops that follow their generator alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ppgan_lite.data.content_and_style import ContentAndStyle
from ppgan_lite.errors import DataError
from ppgan_lite.images import write_image

RED, GREEN, BLUE = (200, 0, 0), (0, 200, 0), (0, 0, 200)


def ramp(height: int, width: int) -> np.ndarray:
    """A picture in which every pixel is told from its neighbors: red grows to the right, green downwards."""
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack([columns * 255 // (width - 1), rows * 255 // (height - 1), rows * 0], axis=-1).astype(np.uint8)


def plain(color: tuple[int, int, int], height: int = 40, width: int = 50) -> np.ndarray:
    return np.broadcast_to(np.uint8(color), (height, width, 3)).copy()


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """photos/: three of different shapes, one deeper down; styles/: one red and two green paintings."""
    for name, image in (
        ("photos/wide.png", ramp(60, 90)),
        ("photos/tall.png", ramp(120, 48)),
        ("photos/more/square.jpg", ramp(48, 48)),
        ("styles/red.png", plain(RED)),
        ("styles/green_1.png", plain(GREEN)),
        ("styles/green_2.png", plain(GREEN)),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        write_image(tmp_path / name, image)
    return tmp_path


def dataset(folders: Path, **arguments) -> ContentAndStyle:
    settings = {"size": 16, "content_short_side": (16, 40), "style_short_side": (20, 30), **arguments}
    content = settings.pop("content", [str(folders / "photos")])
    style = settings.pop("style", [str(folders / "styles")])
    return ContentAndStyle(content=content, style=style, **settings)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_samples_have_one_shape_type_and_range(folders):
    data = dataset(folders, style_size=20)
    assert len(data) == 3
    for index in range(len(data)):
        for seed in range(5):
            sample = data.get(index, rng(seed))
            assert tuple(sample) == data.gives
            assert sample["photo"].shape == (3, 16, 16)
            assert sample["style"].shape == (3, 20, 20)
            assert sample["photo_sample"].shape == (3, 64, 64)
            for array in sample.values():
                assert array.dtype == np.float32
                assert array.flags.c_contiguous
                assert array.min() >= 0 and array.max() <= 1
            assert sample["photo"].max() > 0.1


def test_a_sample_is_a_function_of_its_index_and_generator(folders):
    data, other = dataset(folders, recolor=0.5), dataset(folders, recolor=0.5)
    other.get(2, rng(9))  # earlier reads do not matter
    for index in range(3):
        first, second = data.get(index, rng(3)), other.get(index, rng(3))
        assert all(first[name].tobytes() == second[name].tobytes() for name in data.gives)
        assert data.get(index, rng(4))["photo"].tobytes() != first["photo"].tobytes()


def test_threads_get_what_one_would_get(folders):
    alone = dataset(folders)
    wanted = [alone.get(index % 3, rng(index)) for index in range(24)]
    shared = dataset(folders)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda index: shared.get(index % 3, rng(index)), range(24)))
    for first, second in zip(found, wanted, strict=True):
        assert first["photo"].tobytes() == second["photo"].tobytes()


def test_channels_are_red_green_blue(folders):
    sample = dataset(folders, style=[str(folders / "styles/red.png")]).get(0, rng())
    np.testing.assert_allclose(sample["style"].mean(axis=(1, 2)), np.array(RED) / 255, atol=0.01)


def test_crops_lie_everywhere_and_are_turned_left_to_right(folders):
    data = dataset(folders, content=[str(folders / "photos/wide.png")], content_short_side=(40, 40))
    photos = [data.get(0, rng(seed))["photo"] for seed in range(60)]
    rising = [photo[0, 0, -1] > photo[0, 0, 0] for photo in photos]
    assert 15 < sum(rising) < 45
    assert all(photo[1, -1, 0] > photo[1, 0, 0] for photo in photos)  # never upside down
    tops = [photo[1, 0, 0] for photo in photos]
    lefts = [photo[0].min() for photo in photos]
    assert min(tops) < 0.1 and max(tops) > 0.5
    assert min(lefts) < 0.1 and max(lefts) > 0.5


def test_the_short_side_is_drawn_from_its_range(folders):
    data = dataset(folders, content=[str(folders / "photos/wide.png")], content_short_side=(16, 40))
    # The smaller the photo was made, the more of its height a crop of 16 pixels spans.
    spans = [float(np.ptp(data.get(0, rng(seed))["photo"][1])) for seed in range(60)]
    assert max(spans) > 0.85
    assert min(spans) < 0.45


def test_a_small_picture_is_enlarged_to_the_crop(folders):
    write_image(folders / "tiny.png", ramp(4, 7))
    sample = dataset(folders, content=[str(folders / "tiny.png")], content_short_side=(16, 16)).get(0, rng())
    assert sample["photo"].shape == (3, 16, 16)


def test_every_entry_of_the_paintings_is_drawn_equally_often(folders):
    styles = folders / "styles"
    entries = [str(styles / "red.png"), str(styles)]  # one file, and a folder of three that holds it too

    def reds(style: list[str]) -> int:
        data = dataset(folders, style=style)
        return sum(data.get(0, rng(seed))["style"][0].mean() > 0.5 for seed in range(200))

    assert 110 < reds(entries) < 160  # 1/2 + 1/2 * 1/3
    assert 45 < reds(entries[1:]) < 90  # 1/3


def test_excluded_files_are_never_drawn(folders):
    data = dataset(folders, exclude=["red.png", "tall.png"])
    assert len(data) == 2
    assert all(data.get(0, rng(seed))["style"][0].max() < 0.1 for seed in range(40))


def test_recoloring_makes_other_palettes_and_leaves_photos_alone(folders):
    styles = [str(folders / "styles/red.png")]

    def palettes(recolor: float) -> set[tuple[float, ...]]:
        data = dataset(folders, style=styles, recolor=recolor)
        samples = [data.get(0, rng(seed))["style"] for seed in range(60)]
        return {tuple(round(float(mean), 1) for mean in sample.mean(axis=(1, 2))) for sample in samples}

    assert palettes(0.0) == {(0.8, 0.0, 0.0)}
    always = palettes(1.0)
    assert {(0.8, 0.0, 0.0), (0.0, 0.8, 0.0), (0.0, 0.0, 0.8)} <= always  # channels change places
    assert {(0.8, 1.0, 0.0), (0.2, 0.0, 0.0)} & always  # and some are inverted
    assert palettes(0.5) > {(0.8, 0.0, 0.0)}
    photos = [dataset(folders, recolor=recolor).get(0, rng(3))["photo"].max() for recolor in (0.0, 1.0)]
    assert min(photos) > 0.1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            {"content_short_side": (15, 40)},
            "content_short_side: [15, 40]; expected two rising numbers of at least the crop's 16 px",
        ),
        ({"content_short_side": (40, 30)}, "content_short_side: [40, 30]; expected two rising numbers"),
        ({"style_size": 32}, "style_short_side: [20, 30]; expected two rising numbers of at least the crop's 32 px"),
    ],
)
def test_sizes_that_cannot_be_cropped_are_told_before_the_training(folders, arguments, told):
    with pytest.raises(DataError) as caught:
        dataset(folders, **arguments)
    assert told in str(caught.value)


def test_folders_without_pictures_are_told(folders, tmp_path):
    (tmp_path / "empty").mkdir()
    for arguments, told in (
        ({"content": [str(tmp_path / "none")]}, "there is no such file or folder; expected pictures to use as content"),
        ({"style": [str(tmp_path / "empty")]}, "holds no picture; expected at least one to use as style"),
        ({"style": [str(folders / "styles/red.png")], "exclude": ["red.png"]}, "holds no picture"),
    ):
        with pytest.raises(DataError) as caught:
            dataset(folders, **arguments)
        assert told in str(caught.value)


def test_a_whole_painting_is_always_the_same_at_one_size(folders):
    write_image(folders / "painting.png", ramp(60, 90))
    data = dataset(folders, style=[str(folders / "painting.png")], whole=True, style_short_side=(20, 30))
    first = data.get(0, rng(1))["style"]
    assert first.shape == (3, 25, 38) and first.dtype == np.float32 and first.flags.c_contiguous
    assert first[0, 0, 0] < 0.1 and first[0, -1, -1] > 0.9  # all of it, not turned left to right
    for index in range(3):
        for seed in range(5):
            sample = data.get(index, rng(seed))
            np.testing.assert_array_equal(sample["style"], first)
            assert sample["photo"].shape == (3, 16, 16)
    other = dataset(folders, style=[str(folders / "painting.png")], whole=False)
    assert any(not np.array_equal(other.get(0, rng(seed))["style"], other.get(0, rng(9))["style"]) for seed in range(3))


@pytest.mark.parametrize("style", [["styles"], ["styles/red.png", "styles/green_1.png"]])
def test_several_paintings_are_refused_where_one_is_shown_whole(folders, style):
    with pytest.raises(DataError) as caught:
        dataset(folders, style=[str(folders / name) for name in style], whole=True)
    count = 3 if style == ["styles"] else 2
    assert str(caught.value) == f"style: {count} paintings; expected one painting, as data.whole is set"


def test_a_sample_of_the_whole_photo_comes_with_each_crop(folders):
    for name in ("wide", "tall"):
        data = dataset(folders, content=[str(folders / f"photos/{name}.png")])
        samples = [data.get(0, rng(seed))["photo_sample"] for seed in range(3)]
        np.testing.assert_array_equal(samples[0], samples[1])
        red, green, blue = samples[0]
        assert red.min() < 0.02 and red.max() > 0.98 and blue.max() == 0
        np.testing.assert_allclose(red.mean(), 0.5, atol=0.02)
        np.testing.assert_allclose(green.std(), 12**-0.5, atol=0.01)
