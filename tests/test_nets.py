"""Every net of the table alike, in all its variants."""

from __future__ import annotations

import fnmatch
import inspect

import numpy as np
import pytest
from net_examples import EXAMPLES, Example, build, picture, values_of
from paddle import nn

from ppgan_lite.checkpoint import Header, build_net, net_spec, net_tensors, read_checkpoint, write_checkpoint
from ppgan_lite.inference.stylization.painters import PAINTERS
from ppgan_lite.nets import NETS, PAINTING_NETS
from ppgan_lite.nets.net import Net
from ppgan_lite.nets.painting import PaintingNet
from ppgan_lite.tables import resolve


@pytest.fixture(params=sorted(EXAMPLES))
def example(request) -> tuple[nn.Layer, Example]:
    return build(request.param), EXAMPLES[request.param]


def test_every_net_has_an_example():
    assert {name.partition(",")[0] for name in EXAMPLES} == set(NETS)


def test_every_net_that_paints_can_be_painted_with():
    assert list(PAINTERS) == list(PAINTING_NETS)
    for name, address in NETS.items():
        assert issubclass(resolve(NETS, name, "net"), PaintingNet) == (name in PAINTING_NETS), address


class Brush(Net):
    """A net whose constructor takes values of every kind."""

    def __init__(self, widths: tuple[int, ...] = (2, 3), *, wet: bool = False, name: str | None = None) -> None:
        super().__init__()


class WetBrush(Brush):
    def __init__(self, hairs: int) -> None:
        super().__init__(wet=True)
        self.hairs = nn.Linear(hairs, 1)


def test_a_net_keeps_the_arguments_that_it_was_called_with():
    assert Brush().arguments == {"widths": [2, 3], "wet": False, "name": None}
    assert Brush((4,), name="x").arguments == {"widths": [4], "wet": False, "name": "x"}
    assert WetBrush(5).arguments == {"hairs": 5}
    assert list(inspect.signature(Brush).parameters) == ["widths", "wet", "name"]
    with pytest.raises(TypeError, match="unexpected"):
        Brush(dry=True)


def test_every_net_gives_the_shape_that_it_promises_at_odd_sizes(example):
    net, how = example
    for height, width in ((64, 64), (67, 81), (70, 65)):
        found = values_of(how.call(net, picture(height, width)))
        assert [output.shape for output in found] == how.shapes(height, width)
        assert all(np.isfinite(output.numpy()).all() for output in found)


def test_every_parameter_of_every_net_gets_a_finite_gradient(example):
    net, how = example
    outputs = values_of(how.call(net, picture(64, 70)))
    sum((output * output).mean() for output in outputs).backward()
    for name, parameter in net.named_parameters():
        if parameter.trainable and not any(fnmatch.fnmatchcase(name, pattern) for pattern in how.idle):
            assert parameter.grad is not None, name
            assert np.isfinite(parameter.grad.numpy()).all(), name
            assert float(parameter.grad.abs().sum()) > 0, name


def test_every_net_comes_out_of_a_checkpoint_as_it_went_in(example, tmp_path):
    net, how = example
    net.eval()
    write_checkpoint(tmp_path / "net.ppgan", Header({"it": net_spec(net)}), net_tensors("it", net))
    header, tensors = read_checkpoint(tmp_path / "net.ppgan")
    again = build_net("it", header, tensors)
    assert again.arguments == net.arguments
    for before, after in zip(*(values_of(how.call(one, picture(65, 72))) for one in (net, again)), strict=True):
        np.testing.assert_array_equal(before.numpy(), after.numpy())


GOLDEN = {
    "AnyStyleNet": [0.57972, 0.76981, 0.56325],
    "AnyStyleNet, half-size revision": [0.60541, 0.46761, 0.68786],
    "Colorizer": [0.42275, 0.41666, 1.0247],
    "GlobalDiscriminator": [-0.28089, 0.0, -0.28089],
    "GlobalDiscriminator, DCGAN": [0.71204, 0.0, 0.71204],
    "LapStyleDiscriminator": [2.12157, 0.66717, 1.71065],
    "LapStyleNet": [-0.46176, 2.45773, -5.32361],
    "MultiScaleDiscriminator": [-0.86903, 0.70977, -1.97412, -0.70606, 0.44834, -0.81667, -0.04258, 0.16287, 0.06754],
    "PatchDiscriminator": [0.46821, 0.92146, 0.85801],
    "PatchDiscriminator, batch norm": [0.77984, 0.14832, 0.69475],
    "PixelDiscriminator": [0.51223, 0.50928, -0.05345],
    "ResnetGenerator": [-0.04272, 0.52663, 0.85035],
    "ResnetGenerator, antialiased": [0.20549, 0.57796, 0.27577],
    "ResnetGenerator, attention": [0.01114, 0.39531, -0.4329],
    "ResnetGenerator, fast neural style": [0.30827, 1.04132, -0.82855],
    "ResnetGenerator, picture norm": [0.43097, 0.53314, -0.638],
    "ResnetGenerator, resize-convolutions": [0.21223, 0.59844, 0.08976],
    "ResnetGenerator, sketch to line art": [-0.01852, 0.77239, 0.21333],
    "ResnetGenerator, sigmoid": [0.47844, 0.16074, 0.46549],
    "SRResNet": [-3.84598, 5.27853, 1.4081],
    "SRResNet, four times": [-0.41136, 1.26792, -0.55676],
    "SRResNet, twice": [-1.35046, 1.98018, -0.05092],
    "StyleTransferNet": [0.42593, 0.77988, 1.67762],
    "StyleTransferNet, between": [0.57045, 0.33278, 0.25739],
    "UnetGenerator": [0.08332, 0.57855, 0.28431],
    "UnetGenerator, instance norm": [-0.03513, 0.53397, 0.11147],
    "VGG16": [
        23.72376,
        41.87565,
        0.0,
        25.83673,
        43.89895,
        0.0,
        26.40029,
        44.30531,
        53.37027,
        11.4041,
        23.26245,
        4.27389,
    ],
    "VGGEncoder": [
        0.61905,
        0.70541,
        0.95519,
        0.572,
        1.11664,
        0.0,
        0.91607,
        1.20396,
        0.12187,
        0.34627,
        0.70857,
        0.0,
        0.23487,
        0.3112,
        0.4283,
    ],
}


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_every_net_computes_what_it_always_did(name):
    """Mean, deviation and last value of each output, as they were when the nets were compared with the papers."""
    net = build(name)
    net.eval()
    found = [
        number
        for output in values_of(EXAMPLES[name].call(net, picture(64, 72)))
        for number in (float(output.mean()), float(output.numpy().std()), float(output.flatten()[-1]))
    ]
    np.testing.assert_allclose(found, GOLDEN[name], rtol=1e-3, atol=1e-4)
