"""Previews of a training: captions, the painting once, how much results differ."""

from __future__ import annotations

import io
import json
from collections import namedtuple

import numpy as np
import pytest
import tiny
from PIL import Image

from ppgan_lite.training.distributed import Processes
from ppgan_lite.training.previews import CAPTION_PX, LAYOUT_KEY, draw_preview
from ppgan_lite.training.run import TrainingRun


def flat(value: float, *shape: int) -> np.ndarray:
    return np.full((1, *shape), value, np.float32)


def test_a_preview_has_a_column_for_each_name_and_a_row_for_each_sample():
    red = flat(0.0, 3, 4, 60)
    red[:, 0] = 2.0  # beyond the range: clipped
    preview = draw_preview([{"red": red, "gray": flat(0.5, 1, 2, 40)}, {"red": red, "gray": flat(0.2, 1, 2, 40)}])
    assert preview.image.shape == (CAPTION_PX + 4 + 4 + 4, 60 + 4 + 40, 3)
    below = preview.image[CAPTION_PX:]
    assert below[8, 0].tolist() == [255, 0, 0]
    assert below[0, 64].tolist() == [128, 128, 128] and below[8, 64].tolist() == [51, 51, 51]
    assert below[6, 64].tolist() == [255, 255, 255]


def test_every_column_has_a_caption_that_fits_and_the_file_says_where_it_is():
    sample = {"photo": flat(0.0, 3, 8, 8), "fake_b": flat(0.0, 3, 8, 8), "identity": flat(0.0, 3, 8, 8)}
    preview = draw_preview([sample])
    layout = json.loads(Image.open(io.BytesIO(preview.encode())).info[LAYOUT_KEY])
    assert layout["top"] == CAPTION_PX
    assert [name for name, _, _ in layout["columns"]] == ["photo", "fake_b", "identity"]
    for _, left, width in layout["columns"]:
        ink = preview.image[:CAPTION_PX, left : left + width].min(axis=(0, 2)) < 200
        assert ink.any()
    gaps = [preview.image[:CAPTION_PX, left - 4 : left] for _, left, _ in layout["columns"][1:]]
    assert all((gap > 200).all() for gap in gaps)


def test_one_painting_is_shown_once_and_no_higher_than_the_photos():
    samples = [{"photo": flat(0.5, 3, 32, 90), "style": flat(0.0, 3, 100, 50)} for _ in range(3)]
    image = draw_preview(samples, once={"style"}).image[CAPTION_PX:]
    assert len(image) == 3 * 32 + 2 * 4
    painting = image[:, 94:].min(axis=2) < 10
    assert painting[:32, :16].all() and not painting[32:].any()
    assert (draw_preview(samples).image[CAPTION_PX:, 94:].min(axis=2) < 10).sum() == 3 * 100 * 50


Source = namedtuple("Source", "name files")


@pytest.mark.parametrize(("paintings", "rows"), [(1, 1), (2, 3)])
def test_a_training_on_one_painting_shows_it_once(tmp_path, monkeypatch, paintings, rows):
    tiny.register(monkeypatch)
    sources = [Source("photo", "abc"), Source("style", "abc"[:paintings])]
    monkeypatch.setattr(tiny.TinyData, "sources", lambda self: sources, raising=False)
    monkeypatch.setattr(
        tiny.TinyRecipe, "preview", lambda self, batch: {"photo": batch["photo"], "style": batch["photo"] * 0}
    )
    run = TrainingRun(tiny.experiment(1, data={"samples": 3, "size_px": 60}), tmp_path, Processes())
    preview = run.preview(run.preview_batch())
    painting = preview.columns[1]
    column = preview.image[CAPTION_PX:, painting.left :]
    assert (column.max(axis=2) == 0).sum() == rows * 60 * 60


@pytest.mark.parametrize(("samples", "shown"), [(1, 1), (3, 3), (9, 4)])
def test_previews_show_several_samples_whatever_the_batch(tmp_path, monkeypatch, samples, shown):
    tiny.register(monkeypatch)
    config = tiny.experiment(1, loader={"batch_size": 1}, data={"samples": samples})
    run = TrainingRun(config, tmp_path, Processes())
    image = run.preview(run.preview_batch()).image
    assert len(image) == CAPTION_PX + shown * 8 + (shown - 1) * 4


def test_only_results_that_a_recipe_names_are_compared():
    samples = [{"a": flat(value, 3, 8, 8), "fake_b": flat(0.5, 3, 8, 8)} for value in (0.0, 1.0)]
    assert draw_preview(samples).diversity == {}
    assert draw_preview(samples, results=[("fake_b", "a"), ("fake_a", "b")]).diversity == {"fake_b": 0.0}
