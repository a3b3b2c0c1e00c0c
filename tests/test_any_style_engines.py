"""Engines execute the painter of any style as Paddle does: what reads the painting, and what is told by it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import paddle
import pytest
from net_examples import ANY_STYLE, fill, picture

from ppgan_lite.checkpoint import Header, net_spec, net_tensors, read_checkpoint, sha256_of, write_checkpoint
from ppgan_lite.inference.engines import agreement
from ppgan_lite.inference.engines.executors import OpenVinoEngine, PaddleEngine
from ppgan_lite.inference.engines.piece import Piece
from ppgan_lite.inference.engines.sample import sample_photo
from ppgan_lite.inference.painter import painter_pieces
from ppgan_lite.inference.predictor import load_predictor
from ppgan_lite.nets.any_style import AnyStyleNet
from ppgan_lite.recipes.painter import painter_spec

pytest.importorskip("paddle2onnx")
pytest.importorskip("openvino")


@pytest.fixture(scope="module")
def net() -> AnyStyleNet:
    net = fill(AnyStyleNet(**ANY_STYLE))
    net.revisions[0].to_rgb.weight.set_value(net.revisions[0].to_rgb.weight * 0.1)
    net.eval()
    return net


@pytest.fixture(scope="module")
def checkpoint(net: AnyStyleNet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return its checkpoint; graphs are made once for all tests."""
    folder = tmp_path_factory.mktemp("painter")
    header = Header({"painter": net_spec(net)}, {"painter": painter_spec(net, grain=0.05)})
    write_checkpoint(folder / "any.ppgan", header, net_tensors("painter", net))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PPGAN_LITE_CACHE", str(folder / "cache"))
        yield folder / "any.ppgan"


@pytest.fixture
def pieces(checkpoint: Path) -> dict[str, Piece]:
    header, tensors = read_checkpoint(checkpoint)
    return painter_pieces(header, "painter", tensors, f"{sha256_of(checkpoint)} painter")


def test_an_engine_paints_what_paddle_paints(checkpoint: Path) -> None:
    painters = [load_predictor(checkpoint, engine=engine) for engine in ("openvino:float32", "paddle")]
    assert [painter.engine for painter in painters] == ["openvino", "paddle"]
    photo, painting = sample_photo()[:150, :203], np.ascontiguousarray(sample_photo()[40:120, 60:, ::-1])
    for strength in (0.4, 1.0):
        found = agreement(*(painter(photo, style=painting, strength=strength, brush=20) for painter in painters))
        assert found.holds("float32"), found


@pytest.mark.parametrize("engine", [PaddleEngine, OpenVinoEngine])
def test_every_piece_gives_what_the_net_gives_at_any_size(pieces, net, engine) -> None:
    assert list(pieces) == ["predict", "transform", "revise0"]
    predict, transform = engine(), engine()
    predict.load(pieces["predict"])
    transform.load(pieces["transform"])
    for height, width in ((32, 48), (37, 61)):
        photo, painting = picture(height, width), picture(height, width, phase=1.0)
        wanted = [part.numpy() for part in net.predictor(painting)]
        norms = predict.run(painting.numpy())
        for found, part in zip(norms, wanted, strict=True):
            assert part.std() > 0.01
            np.testing.assert_allclose(found, part, atol=1e-4)
        strength = np.full((1, 1), 0.7, np.float32)
        given = [paddle.to_tensor(array) for array in (strength, *wanted)]
        [found] = transform.run(photo.numpy(), strength, *wanted)
        np.testing.assert_allclose(found, net.transform(photo, *given).numpy(), atol=1e-4)
