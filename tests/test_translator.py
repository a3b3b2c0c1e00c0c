"""Predictors that translate and restore, on tiny nets with weights of the test's own."""

from pathlib import Path

import numpy as np
import paddle
import pytest

from ppgan_lite.checkpoint import Header, PredictorSpec, net_spec, net_tensors, write_checkpoint
from ppgan_lite.errors import CancelledError, CheckpointError, UsageError
from ppgan_lite.inference.loading import load_predictor
from ppgan_lite.inference.translation import planning, staging, translator
from ppgan_lite.nets.resnet_generator import ResnetGenerator
from ppgan_lite.nets.sr_resnet import SRResNet
from ppgan_lite.nets.unet_generator import UnetGenerator
from ppgan_lite.runtime import memory


def resnet(**arguments):
    return ResnetGenerator(**({"base_channels": 4, "blocks": 1, "initialization": "kaiming"} | arguments))


def unet(**arguments):
    return UnetGenerator(**({"base_channels": 4, "depth": 3, "initialization": "kaiming"} | arguments))


def sr_resnet(**arguments):
    return SRResNet(**({"base_channels": 4, "blocks": 1} | arguments))


def save(path: Path, nets, *, task="translate", **spec) -> Path:
    """Write a checkpoint with a predictor for each net."""
    predictors, tensors = {}, {}
    for name, net in nets.items():
        settings = {"value_range": net.value_range, "scale": net.arguments.get("scale", 1)} | spec
        predictors[name] = PredictorSpec(name, task, **settings)
        tensors |= net_tensors(name, net)
    write_checkpoint(path, Header({name: net_spec(net) for name, net in nets.items()}, predictors), tensors)
    return path


@pytest.fixture
def loaded(tmp_path):
    """Return a function that writes a net with seeded weights to a file and makes a predictor of that."""

    def loaded(make, *, task="translate", **arguments):
        paddle.seed(3)
        net = make(**arguments)
        used = net
        for layer in used.sublayers():
            if isinstance(layer, paddle.nn.BatchNorm2D):  # as if trained: neither 0 nor 1
                layer._mean.set_value(paddle.rand(layer._mean.shape) * 0.2)
                layer._variance.set_value(paddle.rand(layer._variance.shape) + 0.5)
        return load_predictor(save(tmp_path / "net.ppgan", {"a_to_b": net}, task=task), device="cpu")

    return loaded


def picture(height, width, seed=0):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 8 + 2, width // 8 + 2, 3), dtype=np.uint8)
    return np.ascontiguousarray(np.kron(coarse, np.ones((8, 8, 1), np.uint8))[:height, :width])


def in_small_tiles(monkeypatch, predictor):
    monkeypatch.setattr(predictor, "_whole_px", 1000)
    monkeypatch.setattr(translator, "TILE_PX", 96)


@pytest.mark.parametrize("make", [resnet, unet, sr_resnet])
@pytest.mark.parametrize("size", [(1, 1), (2, 33), (16, 16), (45, 70)])
def test_the_result_has_the_size_of_the_photo(loaded, make, size):
    photo = picture(*size)
    result = loaded(make)(photo)
    assert result.shape == photo.shape and result.dtype == np.uint8 and result.flags.c_contiguous


@pytest.mark.parametrize("size", [(1, 1), (17, 30)])
def test_super_resolution_gives_a_larger_picture(loaded, size):
    predictor = loaded(sr_resnet, task="restore", scale=2)
    assert predictor.spec.task == "restore"
    assert predictor(picture(*size)).shape == (2 * size[0], 2 * size[1], 3)


def test_the_values_are_those_of_the_net(loaded, tmp_path):
    predictor, photo = loaded(resnet), picture(32, 48)
    paddle.seed(3)
    net = resnet()
    net.eval()
    with paddle.no_grad():
        made = net(paddle.to_tensor(photo.transpose(2, 0, 1)[None] / 127.5 - 1, "float32"))[0].numpy()
    expected = ((made.transpose(1, 2, 0) + 1) * 127.5).round()
    assert expected.std() > 5
    assert np.abs(predictor(photo).astype(float) - expected).max() <= 1


def test_a_net_from_gray_sees_the_brightness_of_the_photo(loaded):
    predictor, photo = loaded(unet, in_channels=1), picture(32, 32)
    gray = np.repeat(np.rint(photo @ [0.299, 0.587, 0.114]).astype(np.uint8)[..., None], 3, axis=2)
    result = predictor(photo)
    assert np.abs(result.astype(int) - predictor(gray)).max() <= 3
    assert np.ptp(result, axis=2).max() > 0, "the net gives colors"


def test_a_net_to_gray_gives_gray_as_rgb(loaded):
    result = loaded(unet, out_channels=1)(picture(32, 40))
    assert result.shape == (32, 40, 3) and (np.ptp(result, axis=2) == 0).all() and result.std() > 1


def test_tiles_give_what_the_whole_gives(loaded, monkeypatch):
    predictor, photo = loaded(sr_resnet, scale=2), picture(233, 150)
    whole = predictor(photo)
    in_small_tiles(monkeypatch, predictor)
    seen = []
    tiled = predictor(photo, progress=seen.append)
    assert len(seen) > 6, "it was cut"
    assert whole.std() > 5
    assert np.abs(whole.astype(int) - tiled).max() <= 1


STAGED = [
    (resnet, {}),
    (resnet, {"norm": "picture", "upsample": "nearest", "blocks": 2}),
    (resnet, {"norm": "batch", "padding": "zero"}),
    (resnet, {"norm": "none", "antialias": True}),
    (resnet, {"antialias": True}),
    (resnet, {"blocks": 0}),
    (resnet, {"norm": "picture", "upsample": "nearest", "kernel": 9, "downsample_padding": "reflect", "crop": "last"}),
    (resnet, {"kernel": 11, "upsample": "nearest", "upsample_padding": "zero", "output": "sigmoid"}),
    (resnet, {"in_channels": 1, "out_channels": 1}),
    (unet, {}),
    (unet, {"norm": "instance"}),
    (unet, {"norm": "picture", "in_channels": 1}),
]


@pytest.mark.parametrize(("make", "arguments"), STAGED)
def test_stages_give_what_the_whole_gives(loaded, monkeypatch, make, arguments):
    predictor, photo = loaded(make, **arguments), picture(232, 152)
    whole = predictor(photo)
    monkeypatch.setattr(staging, "STRIP_VALUES", 30_000)
    predictor._whole_px = 1000
    seen = []
    staged = predictor(photo, progress=seen.append)
    assert len(seen) > 15, "it was done in strips"
    assert whole.std() > 5
    difference = np.abs(whole.astype(int) - staged)
    assert difference.max() <= 2 and difference.mean() <= 0.1


@pytest.mark.parametrize(("make", "arguments"), STAGED)
@pytest.mark.parametrize("size", [(83, 94), (97, 66), (70, 59)])
def test_stages_give_what_the_whole_gives_at_sizes_that_are_no_multiples_too(
    loaded, monkeypatch, make, arguments, size
):
    predictor, photo = loaded(make, **arguments), picture(*size)
    whole = predictor(photo)
    monkeypatch.setattr(staging, "STRIP_VALUES", 30_000)
    predictor._whole_px = 1000
    staged = predictor(photo)
    assert staged.shape == photo.shape and whole.std() > 5
    assert np.abs(whole.astype(int) - staged).max() <= 2


def test_another_engine_does_stages_as_paddle_does(tmp_path, monkeypatch):
    pytest.importorskip("openvino")
    monkeypatch.setenv("PPGAN_LITE_CACHE", str(tmp_path))
    paddle.seed(3)
    path, photo = save(tmp_path / "net.ppgan", {"a_to_b": resnet(blocks=1)}), picture(83, 94)
    monkeypatch.setattr(staging, "STRIP_VALUES", 30_000)
    pictures = []
    for engine in ("paddle", "openvino:float32"):
        predictor = load_predictor(path, device="cpu", engine=engine)
        predictor._whole_px = 1000
        pictures.append(predictor(photo).astype(int))
        assert predictor._staged.engines(None)["image"].name == engine.partition(":")[0]
    assert pictures[0].std() > 5 and np.abs(pictures[0] - pictures[1]).max() <= 1


@pytest.mark.parametrize(("make", "arguments"), STAGED[:3] + STAGED[7:9])
def test_bands_show_no_border(loaded, monkeypatch, make, arguments):
    predictor, photo = loaded(make, **arguments), picture(464, 80)
    predictor._whole_px = 1000
    whole = predictor(photo).astype(int)
    bytes_per_pixel = predictor._staged.stages.bytes_per_pixel
    monkeypatch.setattr(translator, "_resized", lambda pixels, height, width: pixels)
    bands = []
    for rows in (200, 264):
        monkeypatch.setattr(planning, "MAPS_BYTES", rows * 80 * bytes_per_pixel)
        bands.append(predictor(photo).astype(int))
    assert np.abs(bands[0] - whole).max() <= 1, "the reduced copy is the picture itself"
    assert np.abs(bands[0] - bands[1]).max() <= 1, "where the borders lie does not matter"


def test_bands_are_lower_where_little_memory_is_free(loaded, monkeypatch):
    predictor = loaded(resnet)
    monkeypatch.setattr(memory, "LEAST_BYTES", 0)
    maps = 464 * 80 * predictor._staged.stages.bytes_per_pixel
    for free, bands in ((10**9, 1), (maps / memory.FREE_SHARE, 1), (maps / 2 / memory.FREE_SHARE, 3)):
        monkeypatch.setattr(memory, "free_memory", lambda free=free: free)
        assert len(predictor._plan(464, 80).bands) == bands


def test_bands_are_normalized_by_a_reduced_copy(loaded, monkeypatch):
    predictor, photo = loaded(resnet), picture(464, 80)
    assert translator._resized(photo, 232, 40).shape == (232, 40, 3)
    assert translator._resized(photo[..., :1], 232, 40).shape == (232, 40, 1)
    predictor._whole_px = 1000
    monkeypatch.setattr(planning, "MAPS_BYTES", 464 * 80 // 2 * predictor._staged.stages.bytes_per_pixel)
    parts = predictor._plan(464, 80)
    assert parts.reduced == (232, 40) and [band.output for band in parts.bands] == [
        slice(start, min(start + 156, 464)) for start in range(0, 464, 156)
    ], "bands of one height, as few as fit"
    whole = predictor(photo)
    predictor._whole_px = 10**6
    assert 0.1 < np.abs(whole.astype(int) - predictor(photo)).mean() < 30


def test_self_attention_attends_to_a_reduced_copy_of_a_large_photo(loaded, monkeypatch):
    predictor, photo = loaded(resnet, attention=True), picture(128, 96)
    predictor._whole_px = 10**6
    whole = predictor(photo)
    predictor._whole_px = 1000
    assert np.abs(whole.astype(int) - predictor(photo)).max() <= 2, "a small one is attended to whole"
    monkeypatch.setattr(staging, "ATTENDED_POSITIONS", 100)
    assert predictor(photo).shape == photo.shape


def test_strips_are_counted_before_they_are_done(loaded, monkeypatch):
    for make, arguments in STAGED:
        predictor = loaded(make, **arguments)
        predictor._whole_px = 1000
        monkeypatch.setattr(staging, "STRIP_VALUES", 30_000)
        seen = []
        predictor(picture(96, 64), progress=seen.append)
        assert seen[-1] == 1 and seen.count(1) == 1


def test_halos_are_as_wide_as_receptive_fields():
    for net in (
        resnet(norm="none"),
        resnet(norm="none", antialias=True, blocks=2),
        unet(norm="none"),
        sr_resnet(scale=4),
    ):
        net.eval()
        size = 4 * net.halo // net.multiple * net.multiple
        x = paddle.rand([1, 3, size, size])
        changed = x.clone()
        middle = size // 2
        changed[:, :, : middle - net.halo] = 1 - changed[:, :, : middle - net.halo]
        with paddle.no_grad():
            difference = (net(changed) - net(x)).abs().max(axis=[0, 1, 3]).numpy()
        scale = len(difference) // size
        assert difference[middle * scale :].max() < 1e-5, type(net).__name__
        assert difference[: (middle - net.halo) * scale].max() > 1e-3


def test_progress_rises_to_one_and_cancel_stops_between_tiles(loaded, monkeypatch):
    predictor = loaded(sr_resnet)
    in_small_tiles(monkeypatch, predictor)
    seen = []
    predictor(picture(200, 200), progress=seen.append)
    assert seen == sorted(seen) and seen[0] == 0 and seen[-1] == 1 and len(seen) > 3
    answers = iter([False, False, False, True])
    with pytest.raises(CancelledError, match="translate: cancelled"):
        predictor(picture(200, 200), cancelled=lambda: next(answers))
    assert next(answers, None) is None


def test_attention_in_parts_is_attention(monkeypatch):
    from ppgan_lite.nets import attention

    layer = attention.SelfAttention(8)
    layer.gamma.set_value(paddle.ones([1]))
    layer.eval()
    x = paddle.randn([2, 8, 9, 7])
    whole = layer(x).numpy()
    monkeypatch.setattr(attention, "PAIRS_AT_ONCE", 640)
    np.testing.assert_allclose(layer(x).numpy(), whole, atol=1e-5)


def test_a_checkpoint_of_two_directions_is_asked_for_one(tmp_path):
    paddle.seed(5)
    path = save(tmp_path / "horse2zebra.ppgan", {"a_to_b": resnet(), "b_to_a": resnet()})
    photo = picture(32, 32)
    there, back = (load_predictor(path, device="cpu", predictor=name) for name in ("a_to_b", "b_to_a"))
    assert there.directions == back.directions == ("a_to_b", "b_to_a")
    assert (there.direction, back.direction) == ("a_to_b", "b_to_a")
    first = load_predictor(path, device="cpu")
    assert first.direction == "a_to_b" and np.array_equal(first(photo), there(photo))
    assert not np.array_equal(there(photo), back(photo))
    with pytest.raises(
        UsageError, match=r"has no predictor 'b_to_c'; expected a_to_b or b_to_a\. Did you mean 'b_to_a'"
    ):
        load_predictor(path, predictor="b_to_c")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": "segment"}, "its task is 'segment'; expected one of stylize, translate, restore"),
        ({"inputs": ("photo", "style")}, "its predictor needs photo, style; expected a photo alone"),
        ({"value_range": (1.0, 1.0)}, "values from 1.0 to 1.0"),
        ({"multiple_of": 0}, r"multiple_of: 0 \(an integer\); expected an integer from 1 to 4096"),
        ({"task": "stylize"}, "its predictor stylizes with a UnetGenerator; expected one of LapStyleNet"),
    ],
)
def test_a_file_that_says_of_its_net_what_cannot_be_is_refused(tmp_path, changes, message):
    with pytest.raises(CheckpointError, match=message):
        load_predictor(save(tmp_path / "odd.ppgan", {"a_to_b": unet()}, **changes))


def test_a_scale_that_the_net_does_not_have_is_told(tmp_path):
    predictor = load_predictor(save(tmp_path / "odd.ppgan", {"a_to_b": resnet()}, scale=2), device="cpu")
    with pytest.raises(CheckpointError, match="its net makes 40x32 of 40x32 pixels; expected 80x64"):
        predictor(picture(32, 40))


def test_a_net_that_makes_no_picture_is_refused(tmp_path):
    from ppgan_lite.nets.vgg import VGGEncoder

    net = VGGEncoder([2, 2, 2, 2, 2], [1, 1, 1, 1, 1])
    header = Header({"e": net_spec(net)}, {"e": PredictorSpec("e", "restore")})
    write_checkpoint(tmp_path / "x.ppgan", header, net_tensors("e", net))
    with pytest.raises(
        CheckpointError, match=r"its predictor is a VGGEncoder .* a net that makes a picture of a picture"
    ):
        load_predictor(tmp_path / "x.ppgan")
    write_checkpoint(tmp_path / "x.ppgan", Header({"e": net_spec(net)}), net_tensors("e", net))
    with pytest.raises(CheckpointError, match="holds no predictor"):
        load_predictor(tmp_path / "x.ppgan")


@pytest.mark.parametrize("image", [np.zeros((8, 8), np.uint8), np.zeros((0, 8, 3), np.uint8)])
def test_what_is_no_picture_is_refused(loaded, image):
    with pytest.raises(UsageError, match="image: "):
        loaded(sr_resnet)(image)


def test_the_cost_of_stages_is_told_by_measuring_a_part(loaded, monkeypatch, tmp_path):
    monkeypatch.setenv("PPGAN_LITE_CACHE", str(tmp_path))
    predictor = loaded(resnet)
    predictor._whole_px = 1000
    monkeypatch.setattr(translator, "MEASURED_PX", 1000)
    monkeypatch.setattr(translator, "SAMPLE_PX", 16)
    clock = iter([0.0, 1.0, 1.0, 1.5, 3.5, 4.0, 20.0, 29.0])
    monkeypatch.setattr(translator.time, "perf_counter", lambda: next(clock))
    assert predictor.cost(464, 80).seconds is None
    photo = picture(40, 50)
    predictor.calibrate(photo)  # 3 s for a tiny one, so that is loading; 9 s for 2000 pixels
    price = predictor.cost(464, 80)
    assert price.seconds == pytest.approx(3 + (9 - 3) / 2000 * 464 * 80)
    monkeypatch.setattr(planning, "MAPS_BYTES", 464 * 80 // 2 * predictor._staged.stages.bytes_per_pixel)
    work = predictor._plan(464, 80).work
    assert work["loading stages"] == 4 and work["stages"] > 464 * 80 * 1.25, "a copy and three bands, with halos"
    assert predictor.cost(464, 80).seconds == pytest.approx(3 * 4 + (9 - 3) / 2000 * work["stages"])
    assert predictor.cost(464, 80).memory < price.memory
    clock = iter([0.0, 5.0])
    predictor(photo)
    assert predictor._rates().seconds({"stages": 2000.0}) == pytest.approx(5 - 3), "of every picture it learns"
