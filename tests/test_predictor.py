"""Predictors that paint, on tiny nets with weights of the test's own."""

import os
import threading

import numpy as np
import pytest
from net_examples import ANY_STYLE, STYLE_TRANSFER, fill

from ppgan_lite.checkpoint import Header, net_spec, net_tensors, write_checkpoint
from ppgan_lite.errors import CancelledError, CheckpointError, UsageError
from ppgan_lite.images import write_image
from ppgan_lite.inference.arrays import LUMA
from ppgan_lite.inference.loading import load_predictor
from ppgan_lite.inference.stylization.stylizer import Stylizer
from ppgan_lite.nets.painter_interface import IMAGE
from ppgan_lite.video.painting import FramePainter

paddle = pytest.importorskip("paddle")


def tiny_checkpoint(path, *, revisions=1, own_style=False):
    from ppgan_lite.nets.lapstyle import LapStyleNet
    from ppgan_lite.recipes.painter import painter_spec

    paddle.seed(7)
    net = LapStyleNet([4, 6, 8, 10, 10], [1, 1, 1, 1, 1], 4, revisions, own_style)
    if own_style:
        net.update_own_style(
            net.style_statistics(paddle.to_tensor(picture(64, 64, seed=9).transpose(2, 0, 1)[None] / 255.0, "float32"))
        )
    # Fresh weights answer far outside [0, 1], where clipping would hide any difference.
    net.decoder.to_rgb.weight.set_value(net.decoder.to_rgb.weight * 0.1)
    net.decoder.to_rgb.bias.set_value(net.decoder.to_rgb.bias + 0.5)
    header = Header(nets={"painter": net_spec(net)}, predictors={"painter": painter_spec(net)})
    write_checkpoint(path, header, net_tensors("painter", net))
    return path


def learned_checkpoint(path, *, noise_std=0.0, revisions=1):
    """Write a painter of one style."""
    from ppgan_lite.nets.style_transfer import StyleTransferNet

    net = fill(StyleTransferNet(**STYLE_TRANSFER, revisions=revisions))
    return written(path, net, noise_std)


def reading_checkpoint(path):
    """Write a painter that reads the painting it is given."""
    from ppgan_lite.nets.any_style import AnyStyleNet

    return written(path, fill(AnyStyleNet(**ANY_STYLE)), 0.05)


def written(path, net, noise_std):
    from ppgan_lite.recipes.painter import painter_spec

    for revision in net.revisions:
        revision.to_rgb.weight.set_value(revision.to_rgb.weight * 0.1)
        revision.to_rgb.bias.set_value(revision.to_rgb.bias * 0)
    header = Header(nets={"painter": net_spec(net)}, predictors={"painter": painter_spec(net, noise_std=noise_std)})
    write_checkpoint(path, header, net_tensors("painter", net))
    return path


def picture(height, width, seed=0):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 8 + 2, width // 8 + 2, 3), dtype=np.uint8)
    return np.ascontiguousarray(np.kron(coarse, np.ones((8, 8, 1), np.uint8))[:height, :width])


@pytest.fixture(scope="module", params=[tiny_checkpoint, reading_checkpoint], ids=["LapStyleNet", "AnyStyleNet"])
def any_style(request, tmp_path_factory):
    return load_predictor(request.param(tmp_path_factory.mktemp("weights") / "any.ppgan"), device="cpu")


@pytest.fixture(scope="module", params=["LapStyleNet", "StyleTransferNet"])
def one_style(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "one.ppgan"
    if request.param == "LapStyleNet":
        tiny_checkpoint(path, own_style=True)
    else:
        learned_checkpoint(path, noise_std=0.05)
    return load_predictor(path, device="cpu")


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (17, 23), (16, 900), (333, 251), (700, 520)])
def test_the_result_has_the_size_of_the_photo(one_style, size):
    photo = picture(*size)
    result = one_style(photo)
    assert result.shape == photo.shape and result.dtype == np.uint8


def test_the_same_settings_give_the_same_picture(one_style):
    photo = picture(120, 90)
    assert np.array_equal(one_style(photo, strength=0.7), one_style(photo, strength=0.7))


def test_the_photo_is_not_changed(one_style):
    photo = picture(64, 64)
    before = photo.copy()
    one_style(photo, keep_colors=True)
    assert np.array_equal(photo, before)


def test_a_checkpoint_without_a_style_needs_a_painting(any_style):
    assert any_style.spec.inputs == ("photo", "style")
    with pytest.raises(UsageError, match="style: none was given; expected a painting"):
        any_style(picture(64, 64))


def test_a_bound_painting_gives_what_the_painting_in_the_call_gives(any_style):
    photo, painting = picture(80, 70), picture(90, 60, seed=3)
    bound = any_style.with_style(painting)
    assert bound.spec.inputs == ("photo",)
    assert np.array_equal(bound(photo), any_style(photo, style=painting))


@pytest.mark.parametrize("size", [(1, 1), (16, 900), (700, 20)])
def test_a_painting_may_have_any_size(any_style, size):
    photo = picture(48, 40)
    assert any_style(photo, style=picture(*size, seed=3)).shape == photo.shape


def test_a_painting_is_measured_once_as_long_as_it_stays_the_same(any_style, monkeypatch):
    measured = []
    anew = Stylizer._measure_anew
    monkeypatch.setattr(
        Stylizer, "_measure_anew", lambda self, image: measured.append(image.mean()) or anew(self, image)
    )
    photo, painting, other = picture(40, 50), picture(60, 40, seed=1), picture(60, 40, seed=2)
    first, again = any_style(photo, style=painting), any_style(photo, style=painting.copy())
    assert len(measured) == 1 and np.array_equal(first, again)
    assert not np.array_equal(any_style(photo, style=other), first) and len(measured) == 2
    painting[:] = other  # the array is the same, its content is not
    assert np.array_equal(any_style(photo, style=painting), any_style(photo, style=other)) and len(measured) == 2
    assert np.array_equal(any_style(photo, style=painting[:, ::-1]), any_style(photo, style=painting[:, ::-1].copy()))
    assert len(measured) == 3


def test_a_painter_of_any_style_takes_the_paintings_colors_with_its_strength(tmp_path):
    any_style = load_predictor(reading_checkpoint(tmp_path / "any.ppgan"), device="cpu")
    photo, painting = picture(96, 80), (picture(90, 60, seed=3) * (0.2, 0.5, 0.3) + (10, 60, 120)).astype(np.uint8)
    means = [any_style(photo, style=painting, strength=strength).mean(axis=(0, 1)) for strength in (0.5, 1.0)]
    away = [np.abs(mean - painting.mean(axis=(0, 1))).max() for mean in means]
    assert away[1] < away[0] and away[1] < 12


def test_a_checkpoint_with_a_style_refuses_another(one_style):
    with pytest.raises(UsageError, match="has a style already"):
        one_style(picture(64, 64), style=picture(64, 64))
    with pytest.raises(UsageError, match="a style of its own"):
        one_style.with_style(picture(64, 64))


def test_strength_moves_the_picture_away_step_by_step(one_style):
    photo = picture(96, 96)
    untouched = one_style(photo, strength=0.0).astype(float)
    distances = [np.abs(one_style(photo, strength=s) - untouched).mean() for s in (0.25, 0.5, 1.0)]
    assert 0 < distances[0] < distances[1] < distances[2]


def test_a_painter_of_one_style_takes_back_the_photos_colors_with_its_strength(tmp_path):
    predictor = load_predictor(learned_checkpoint(tmp_path / "learned.ppgan", noise_std=0.02), device="cpu")
    photo = (picture(120, 96) * (0.5, 0.2, 0.3) + (20, 120, 60)).astype(np.uint8)
    colors = [predictor(photo, strength=strength, brush=8).reshape(-1, 3).astype(float) for strength in (0.0, 0.5, 1.0)]
    of_photo = photo.reshape(-1, 3).astype(float)
    np.testing.assert_allclose(colors[0].mean(axis=0), of_photo.mean(axis=0), atol=2)
    np.testing.assert_allclose(colors[0].std(axis=0), of_photo.std(axis=0), rtol=0.15)
    away = [np.abs(found.mean(axis=0) - of_photo.mean(axis=0)).max() for found in colors]
    assert away[0] < away[1] < away[2] and away[2] > 20


def test_kept_colors_leave_the_hues_of_the_photo(one_style):
    photo = picture(96, 96) // 2 + 64
    result = one_style(photo, keep_colors=True).astype(float)
    chromas = [image - (image @ LUMA)[..., None] for image in (photo.astype(float), result)]
    lengths = [np.sqrt(np.square(chroma).sum(axis=2)) for chroma in chromas]
    colorful = (lengths[0] > 20) & (lengths[1] > 20)
    along = (chromas[0] * chromas[1]).sum(axis=2)[colorful] / (lengths[0] * lengths[1])[colorful]
    assert colorful.mean() > 0.3 and along.min() > 0.995


def test_a_map_of_one_strength_gives_what_the_number_gives(one_style):
    photo = picture(300, 170)
    for strength in (0.0, 0.4, 1.0):
        by_number, by_map = (
            one_style(photo, strength=given, brush=20) for given in (strength, np.full((7, 5), strength, np.float32))
        )
        assert np.abs(by_number.astype(int) - by_map).max() <= 1


def test_a_map_leaves_one_side_a_photo_and_paints_the_other(any_style):
    photo, painting = picture(256, 256), picture(90, 60, seed=3)
    half = np.zeros((4, 8), np.float64)
    half[:, 4:] = 1
    found = any_style(photo, style=painting, brush=16, strength=half).astype(int)
    assert any_style._plan(256, 256, 16)[:2] == (128, 128)
    assert np.abs(found - photo)[:, :100].max() <= 2
    assert np.abs(found - photo)[:, 180:].mean() > 5


def test_strokes_have_a_map_of_their_own_which_leaves_the_colors(tmp_path):
    predictor = load_predictor(learned_checkpoint(tmp_path / "learned.ppgan", noise_std=0.02), device="cpu")
    photo = (picture(120, 96) * (0.5, 0.2, 0.3) + (20, 120, 60)).astype(np.uint8)
    every, none, gray = (
        predictor(photo, brush=8, **given).astype(float)
        for given in ({}, {"strokes": np.zeros((1, 1), np.float32)}, {"strength": 0.0})
    )
    means = [image.mean(axis=(0, 1)) for image in (every, none, gray)]
    assert np.abs(means[1] - means[0]).max() < 6 < np.abs(means[2] - means[0]).max() / 3
    assert np.abs(every - none).mean() > 3


def test_a_map_gives_the_same_in_tiles_as_in_one(one_style, monkeypatch):
    from ppgan_lite.inference.stylization import revising

    photo, strokes = picture(331, 202), np.linspace(0, 1, 60, dtype=np.float32).reshape(6, 10)
    pictures = []
    for tile_px in (1024, 64):
        monkeypatch.setattr(revising, "TILE_PX", tile_px)
        pictures.append(one_style(photo, strokes=strokes, brush=16).astype(int))
    assert one_style._plan(331, 202, 16)[2] == 1
    assert np.abs(pictures[0] - pictures[1]).max() <= 1
    assert np.abs(pictures[0] - one_style(photo, brush=16)).max() > 3


def test_a_broader_brush_drafts_smaller(one_style):
    assert one_style._plan(512, 512, brush=32)[0] < one_style._plan(512, 512, brush=8)[0]
    assert one_style._plan(1024, 1400, brush=None) == (256, 350, 2)


@pytest.mark.parametrize(
    ("short", "draft", "levels"),
    [
        (80, 218, 0),
        (110, 218, 1),
        (250, 218, 1),
        (400, 218, 1),
        (500, 250, 1),
        (512, 256, 1),
        (900, 450, 1),
        (960, 240, 2),
    ],
)
def test_a_photo_is_drafted_at_half_of_its_size_or_less_but_not_too_small(one_style, short, draft, levels):
    assert one_style._plan(short, short, brush=None) == (draft, draft, levels)


@pytest.mark.parametrize(
    ("short", "draft", "levels"), [(80, 218, 0), (110, 128, 1), (250, 175, 1), (320, 218, 1), (512, 256, 1)]
)
def test_a_small_frame_of_a_clip_is_drafted_smaller_than_a_photo(one_style, short, draft, levels):
    assert one_style._plan(short, short, brush=None, of_clip=True) == (draft, draft, levels)


def test_frames_are_painted_as_such(one_style):
    frame = picture(250, 260)
    painted = FramePainter(one_style, {"strength": 0.5}, 1)(frame)
    np.testing.assert_array_equal(painted, one_style(frame, strength=0.5, of_clip=True))
    assert np.abs(painted.astype(int) - one_style(frame, strength=0.5)).max() > 3


@pytest.mark.parametrize(("short", "draft"), [(200, 256), (300, 300), (500, 500), (520, 256)])
def test_without_a_revision_net_a_draft_is_enlarged_from_twice_its_size_on_only(tmp_path, short, draft):
    predictor = load_predictor(tiny_checkpoint(tmp_path / "draft.ppgan", revisions=0, own_style=True), device="cpu")
    assert predictor._plan(short, short, brush=None) == (draft, draft, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"strength": 1.5}, "strength: 1.5; expected a number from 0 to 1"),
        ({"strength": float("nan")}, "strength: nan"),
        ({"brush": 0}, "brush: 0; expected a width in pixels above 0"),
        ({"strength": np.float32([[0, 1.5]])}, "strength: has values from 0 to 1.5; expected numbers from 0 to 1"),
        ({"strength": np.ones((2, 2, 3), np.float32)}, r"strength: float32 \[2, 2, 3\]; expected a float array"),
        ({"strength": np.ones((2, 2), np.uint8)}, r"strength: uint8 \[2, 2\]; expected a float array"),
        ({"strokes": np.float32([[0, -0.1]])}, "strokes: has values from -0.1 to 0"),
        ({"strokes": np.float32([[0, np.nan]])}, "strokes: has values from nan to nan"),
        ({"strokes": np.float32([[0, np.inf]])}, "strokes: has values from 0 to inf"),
        ({"strokes": np.ones((0, 3), np.float32)}, r"strokes: float32 \[0, 3\]"),
        ({"strokes": 0.5}, "strokes: float; expected a float array, height x width"),
    ],
)
def test_settings_out_of_range_are_refused(one_style, arguments, message):
    with pytest.raises(UsageError, match=message):
        one_style(picture(32, 32), **arguments)


@pytest.mark.parametrize("image", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3)), np.zeros((0, 8, 3), np.uint8), "x"])
def test_what_is_no_picture_is_refused(one_style, image):
    with pytest.raises(UsageError, match="image: "):
        one_style(image)


def test_progress_rises_to_one_and_cancel_stops(one_style):
    photo = picture(700, 300)
    seen = []
    one_style(photo, progress=seen.append, brush=40)
    assert seen == sorted(seen) and seen[0] == 0 and seen[-1] == 1 and len(seen) > 3
    with pytest.raises(CancelledError):
        one_style(photo, cancelled=lambda: True)


def test_tiles_give_what_the_whole_gives(tmp_path, monkeypatch):
    from ppgan_lite.inference.stylization import revising

    predictor = load_predictor(tiny_checkpoint(tmp_path / "two.ppgan", revisions=2, own_style=True), device="cpu")
    photo = picture(531, 402)
    assert predictor._plan(531, 402, brush=32)[2] == 2
    monkeypatch.setattr(revising, "TILE_PX", 1024)
    whole = predictor(photo, brush=32)
    monkeypatch.setattr(revising, "TILE_PX", 64)
    tiled = predictor(photo, brush=32)
    assert np.abs(whole.astype(int) - tiled).max() <= 1


def test_strips_of_tiles_are_lower_where_little_memory_is_free_and_the_picture_is_the_same(one_style, monkeypatch):
    from ppgan_lite.inference.stylization import revising
    from ppgan_lite.runtime import memory

    photo, pictures, reports = picture(300, 200), [], []
    monkeypatch.setattr(memory, "LEAST_BYTES", 0)
    monkeypatch.setattr(revising, "threads", lambda: 2)
    for free, pixels in ((10**9, 256 * 200), (2 * 60 * 200 * 100 / memory.FREE_SHARE, 200 * 100)):
        monkeypatch.setattr(memory, "free_memory", lambda free=free: free)
        assert revising.strip_px(200) == pixels
        reports.append([])
        pictures.append(one_style(photo, brush=16, progress=reports[-1].append))
    assert one_style._plan(300, 200, 16)[2] == 1
    assert [len(seen) for seen in reports] == [4, 6], (
        "a strip for each core, and two for each of at most a hundred rows"
    )
    assert [seen[-1] for seen in reports] == [1, 1] and 1 not in reports[1][:-1]
    assert np.abs(pictures[0].astype(int) - pictures[1]).max() <= 1


@pytest.mark.parametrize("kind", ["lapstyle", "one style", "any style", "any style, half-size revision"])
@pytest.mark.parametrize("strength", [1.0, 0.4])
def test_drafting_and_revising_on_arrays_gives_what_the_net_gives(kind, strength):
    from ppgan_lite.inference.engines.paddle import PaddleEngine
    from ppgan_lite.inference.engines.subgraph import Subgraph
    from ppgan_lite.inference.stylization import revising
    from ppgan_lite.inference.stylization.drafting import LapStyleDrafter, TransformDrafter
    from ppgan_lite.inference.stylization.strength import Strength
    from ppgan_lite.nets.any_style import AnyStyleNet
    from ppgan_lite.nets.lapstyle import DecodeSubgraph, EncodeSubgraph, LapStyleNet
    from ppgan_lite.nets.painter_interface import REVISION_HALO
    from ppgan_lite.nets.pyramid import pyramid
    from ppgan_lite.nets.style_transfer import StyleTransferNet, TransformSubgraph

    paddle.seed(4)
    if kind == "one style":
        net = fill(StyleTransferNet(**STYLE_TRANSFER, revisions=2))
    elif kind == "lapstyle":
        net = LapStyleNet([4, 6, 8, 10, 10], [1, 1, 1, 1, 1], 4, 2)
    else:
        net = fill(AnyStyleNet(**ANY_STYLE, revisions=2, revision_size="half" if "half" in kind else "full"))
    for revision in net.revisions:  # random ones answer so far outside [0, 1] that rounding would show
        last = revision.to_cells if "half" in kind else revision.to_rgb
        last.weight.set_value(last.weight * 0.1)
    net.eval()
    photo, painting = picture(203, 150), picture(64, 80, seed=2)
    values, style = (image.transpose(2, 0, 1)[None].astype(np.float32) / 255 for image in (photo, painting))
    with paddle.no_grad():
        statistics = net.own_statistics() if net.own_style else net.style_statistics(paddle.to_tensor(style))
        small, details = pyramid(paddle.to_tensor(values), 2)
        result = net.draft(small, statistics, strength)
        for level, detail in enumerate(details):
            result = net.revise(level, detail, result, strength)
        expected = result[0].numpy()

    def run(layer):
        engine = PaddleEngine()
        engine.load(Subgraph("subgraph", "key", (), lambda: layer))
        return engine.run

    if kind != "lapstyle":
        drafter = TransformDrafter(run(TransformSubgraph(net.transform)), None if net.own_style else run(net.predictor))
    else:
        drafter = LapStyleDrafter(run(EncodeSubgraph(net.encoder)), run(DecodeSubgraph(net.decoder)))
    measured = drafter.measure(style)
    if net.own_style:
        measured = {IMAGE: tuple(value.numpy()[0].squeeze() for value in statistics[IMAGE])}
    draft = drafter(small.numpy(), measured, Strength(strength), lambda: None)
    found = revising.revise(
        photo.dtype,
        revising.photo_pyramid(photo, 2),
        np.ascontiguousarray(draft[0].transpose(1, 2, 0)),
        [run(revision) for revision in net.revisions],
        REVISION_HALO,
        strength=Strength(strength),
        strip_px=revising.strip_px(150),
        after_each=lambda: None,
    )
    difference = np.abs(found - expected.transpose(1, 2, 0).clip(0, 1) * 255)
    assert difference.max() <= 1


def test_a_name_a_picture_and_a_file_are_told_apart(tmp_path, monkeypatch):
    from ppgan_lite.inference import loading as module

    monkeypatch.setattr(module, "any_painting", lambda: tiny_checkpoint(tmp_path / "any.ppgan"))
    painting = tmp_path / "some painting.png"
    write_image(painting, picture(40, 50))
    assert load_predictor("any").spec.inputs == ("photo", "style")
    from_picture = load_predictor(painting)
    assert from_picture.spec.inputs == ("photo",) and from_picture.name == "some painting"
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(painting.read_bytes(),))
        writer.start()
        assert load_predictor(tmp_path / "pipe").spec.inputs == ("photo",)
        writer.join(timeout=10)
    with pytest.raises(CheckpointError, match="missing"):
        load_predictor(tmp_path / "missing.ppgan")
    with pytest.raises(UsageError, match=r"starry_nigth.*Did you mean 'starry_night'"):
        load_predictor("starry_nigth")
    with pytest.raises(UsageError, match="there is no such file"):
        load_predictor(tmp_path / "nowhere" / "file.bin")


def test_an_unknown_device_is_refused(tmp_path):
    with pytest.raises(UsageError, match="device: 'gpu:7' is not there; expected one of auto, cpu"):
        load_predictor(tiny_checkpoint(tmp_path / "x.ppgan"), device="gpu:7")
