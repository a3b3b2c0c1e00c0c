"""Engines execute the painter of one style as Paddle does: a photo of any size, and a strength beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import paddle
import pytest
from net_examples import STYLE_TRANSFER, fill, picture

from ppgan_lite.checkpoint import Header, net_spec, net_tensors, read_checkpoint, sha256_of, write_checkpoint
from ppgan_lite.inference.engines import agreement
from ppgan_lite.inference.engines.executors import OpenVinoEngine, PaddleEngine
from ppgan_lite.inference.engines.piece import Piece
from ppgan_lite.inference.engines.sample import sample_photo
from ppgan_lite.inference.painter import painter_pieces
from ppgan_lite.inference.predictor import load_predictor
from ppgan_lite.nets.style_transfer import StyleTransferNet
from ppgan_lite.recipes.painter import painter_spec

pytest.importorskip("paddle2onnx")
pytest.importorskip("openvino")


@pytest.fixture(scope="module")
def net() -> StyleTransferNet:
    net = fill(StyleTransferNet(**STYLE_TRANSFER))
    net.revisions[0].to_rgb.weight.set_value(net.revisions[0].to_rgb.weight * 0.1)
    net.eval()
    return net


@pytest.fixture(scope="module")
def checkpoint(net: StyleTransferNet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return its checkpoint; graphs are made once for all tests."""
    folder = tmp_path_factory.mktemp("painter")
    header = Header({"painter": net_spec(net)}, {"painter": painter_spec(net, grain=0.05)})
    write_checkpoint(folder / "one.ppgan", header, net_tensors("painter", net))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PPGAN_LITE_CACHE", str(folder / "cache"))
        yield folder / "one.ppgan"


@pytest.fixture
def pieces(checkpoint: Path) -> dict[str, Piece]:
    header, tensors = read_checkpoint(checkpoint)
    return painter_pieces(header, "painter", tensors, f"{sha256_of(checkpoint)} painter")


def test_an_engine_paints_what_paddle_paints(checkpoint: Path) -> None:
    painters = [load_predictor(checkpoint, engine=engine) for engine in ("openvino:float32", "paddle")]
    assert [painter.engine for painter in painters] == ["openvino", "paddle"]
    for strength in (0.4, 1.0):
        found = agreement(*(painter(sample_photo()[:150, :203], strength=strength, brush=20) for painter in painters))
        assert found.holds("float32"), found


@pytest.mark.parametrize("engine", [PaddleEngine, OpenVinoEngine])
def test_every_piece_gives_what_the_net_gives_at_any_size_and_strength(pieces, net, engine) -> None:
    assert list(pieces) == ["transform", "revise0"]
    engines = {name: engine() for name in pieces}
    for name, used in engines.items():
        used.load(pieces[name])
    for height, width in ((32, 48), (37, 29)):
        photo, other = picture(height, width), picture(height, width, phase=1.0)
        for strength in (0.0, 0.4, 1.0):
            given = np.full((1, 1), strength, np.float32)
            wanted = net.transform(photo, paddle.to_tensor(given)).numpy()
            [found] = engines["transform"].run(photo.numpy(), given)
            assert wanted.std() > 0.1
            np.testing.assert_allclose(found, wanted, atol=1e-5)
        [found] = engines["revise0"].run(photo.numpy(), other.numpy())
        np.testing.assert_allclose(found, net.revisions[0](photo, other).numpy(), atol=1e-5)


def test_sizes_in_its_graph_are_whole_numbers(pieces) -> None:
    """522 is no number in bfloat16, which OpenVINO may compute in."""
    engine = OpenVinoEngine(precision="bfloat16")
    engine.load(pieces["transform"])
    [found] = engine.run(picture(522, 20).numpy(), np.ones((1, 1), np.float32))
    assert found.shape == (1, 3, 522, 20)
