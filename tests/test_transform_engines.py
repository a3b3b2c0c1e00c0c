"""Engines execute the painters of one style and of any style as Paddle does, at any size and strength."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import paddle
import pytest
from net_examples import ANY_STYLE, STYLE_TRANSFER, fill, picture

from ppgan_lite.checkpoint import Header, net_spec, net_tensors, read_checkpoint, sha256_of, write_checkpoint
from ppgan_lite.inference.engines.openvino import OpenVinoEngine
from ppgan_lite.inference.engines.paddle import PaddleEngine
from ppgan_lite.inference.engines.sample import sample_photo
from ppgan_lite.inference.engines.selection import agreement
from ppgan_lite.inference.engines.subgraph import Subgraph
from ppgan_lite.inference.loading import load_predictor
from ppgan_lite.inference.stylization.painters import painter_subgraphs
from ppgan_lite.nets.any_style import AnyStyleNet
from ppgan_lite.nets.painting import PaintingNet
from ppgan_lite.nets.style_transfer import StyleTransferNet
from ppgan_lite.recipes.painter import painter_spec

pytest.importorskip("paddle2onnx")
pytest.importorskip("openvino")

ENGINES = pytest.mark.parametrize("engine", [PaddleEngine, OpenVinoEngine])


@pytest.fixture(scope="module", params=["one style", "any style"])
def net(request: pytest.FixtureRequest) -> PaintingNet:
    net = fill(StyleTransferNet(**STYLE_TRANSFER) if request.param == "one style" else AnyStyleNet(**ANY_STYLE))
    net.revisions[0].to_rgb.weight.set_value(net.revisions[0].to_rgb.weight * 0.1)
    net.eval()
    return net


@pytest.fixture(scope="module")
def checkpoint(net: PaintingNet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return its checkpoint; graphs are made once for all tests."""
    folder = tmp_path_factory.mktemp("painter")
    header = Header({"painter": net_spec(net)}, {"painter": painter_spec(net, noise_std=0.05)})
    write_checkpoint(folder / "painter.ppgan", header, net_tensors("painter", net))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PPGAN_LITE_CACHE", str(folder / "cache"))
        yield folder / "painter.ppgan"


@pytest.fixture
def subgraphs(checkpoint: Path) -> dict[str, Subgraph]:
    header, tensors = read_checkpoint(checkpoint)
    return painter_subgraphs(header, "painter", tensors, f"{sha256_of(checkpoint)} painter")


def test_an_engine_paints_what_paddle_paints(checkpoint: Path, net: PaintingNet) -> None:
    painters = [load_predictor(checkpoint, engine=engine) for engine in ("openvino:float32", "paddle")]
    assert [painter.engine for painter in painters] == ["openvino", "paddle"]
    photo, painting = sample_photo()[:150, :203], np.ascontiguousarray(sample_photo()[40:120, 60:, ::-1])
    style = {} if net.own_style else {"style": painting}
    strokes = np.linspace(0.2, 1, 12, dtype=np.float32).reshape(3, 4)
    for options in ({"strength": 0.4}, {}, {"strokes": strokes}, {"strength": strokes}):
        found = agreement(*(painter(photo, **style, **options, brush=20) for painter in painters))
        assert found.holds("float32"), found


@ENGINES
def test_the_transform_gives_what_the_nets_gives_at_any_size_and_strength(subgraphs, net, engine) -> None:
    used = engine()
    used.load(subgraphs["transform"])
    norms = [] if net.own_style else [part.numpy() for part in net.predictor(picture(32, 40, phase=1.0))]
    for height, width in ((32, 48), (37, 29)):
        photo = picture(height, width)
        everywhere = np.ones((1, 1, 1, 1), np.float32)
        by_place = np.linspace(0, 1, height * width, dtype=np.float32).reshape(1, 1, height, width)
        for strength, strokes in ((0.0, everywhere), (0.4, everywhere), (1.0, everywhere), (0.8, by_place)):
            amount = np.full((1, 1), strength, np.float32)
            own = {} if strokes is everywhere else {"strokes": paddle.to_tensor(strokes)}
            wanted = net.transform(photo, *map(paddle.to_tensor, (amount, *norms)), **own).numpy()
            [found] = used.run(photo.numpy(), amount, strokes, *norms)
            assert wanted.std() > 0.1
            np.testing.assert_allclose(found, wanted, atol=1e-4)


@ENGINES
def test_the_predictor_of_a_style_gives_what_the_nets_gives_at_any_size(subgraphs, net, engine) -> None:
    assert list(subgraphs) == (["transform", "revise0"] if net.own_style else ["predict", "transform", "revise0"])
    if net.own_style:
        return
    used = engine()
    used.load(subgraphs["predict"])
    for height, width in ((32, 48), (37, 61)):
        painting = picture(height, width, phase=1.0)
        for found, part in zip(used.run(painting.numpy()), net.predictor(painting), strict=True):
            assert part.numpy().std() > 0.01
            np.testing.assert_allclose(found, part.numpy(), atol=1e-4)


@ENGINES
def test_a_revision_gives_what_the_nets_gives(subgraphs, net, engine) -> None:
    used = engine()
    used.load(subgraphs["revise0"])
    photo, other = picture(37, 29), picture(37, 29, phase=1.0)
    [found] = used.run(photo.numpy(), other.numpy())
    np.testing.assert_allclose(found, net.revisions[0](photo, other).numpy(), atol=1e-5)


def test_sizes_in_a_graph_are_integers(subgraphs, net) -> None:
    """522 is no number in bfloat16, which OpenVINO may compute in."""
    norms = [] if net.own_style else [np.zeros((1, sum(net.transform.norm_channels)), np.float32)] * 2
    engine = OpenVinoEngine(precision="bfloat16")
    engine.load(subgraphs["transform"])
    [found] = engine.run(
        picture(522, 20).numpy(), np.ones((1, 1), np.float32), np.ones((1, 1, 1, 1), np.float32), *norms
    )
    assert found.shape == (1, 3, 522, 20)
