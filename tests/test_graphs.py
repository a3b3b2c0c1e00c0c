"""The graph of a net for engines: the same numbers, sizes as integers, few nodes of fast kinds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import paddle
import pytest
from net_examples import LAPSTYLE, build, fill, picture
from paddle import nn
from paddle.nn import functional as F

from ppgan_lite.export.end_to_end import EndToEndPainter
from ppgan_lite.inference.engines.openvino import openvino_core
from ppgan_lite.inference.engines.subgraph import Subgraph
from ppgan_lite.inference.onnx import graphs
from ppgan_lite.inference.onnx.passes import apply_passes
from ppgan_lite.nets.blocks import ResizeConv, SameConv, reflect_pad, upsample_nearest
from ppgan_lite.nets.lapstyle import DecodeSubgraph, LapStyleNet
from ppgan_lite.nets.style_transfer import ConditionalInstanceNorm

onnx = pytest.importorskip("onnx")
pytest.importorskip("paddle2onnx")

PICTURE = (1, 3, None, None)
# Which inputs of an operation are sizes or places.
SIZES = {
    "Expand": (1,),
    "Pad": (1,),
    "Range": (0, 1, 2),
    "Reshape": (1,),
    "Resize": (3,),
    "Slice": (1, 2, 3, 4),
    "Tile": (1,),
}
INTEGERS = (onnx.TensorProto.INT32, onnx.TensorProto.INT64)


def graph_of(layer: nn.Layer, *shapes: tuple[int | None, ...]) -> onnx.ModelProto:
    layer.eval()
    return onnx.load_model_from_string(graphs.make_graph(Subgraph("net", "key", shapes or (PICTURE,), lambda: layer)))


def counted(model: onnx.ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


def run(model: onnx.ModelProto, *values: np.ndarray) -> np.ndarray:
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {port.name: value for port, value in zip(session.get_inputs(), values)})[0]


def shape_in_bfloat16(model: onnx.ModelProto, *values: np.ndarray) -> list[int]:
    """Return the shape of OpenVINO's result when all fractions have 8 bits."""
    pytest.importorskip("openvino")
    core = openvino_core()
    compiled = core.compile_model(
        core.read_model(model.SerializeToString(), b""), "CPU", {"INFERENCE_PRECISION_HINT": "bf16"}
    )
    return list(compiled(list(values))[compiled.outputs[0]].shape)


def fractions_in_sizes(model: onnx.ModelProto) -> Iterator[str]:
    """Yield the values that sizes are computed from and that are no integers by their type."""
    typed = onnx.shape_inference.infer_shapes(model).graph
    types = {port.name: port.type.tensor_type.elem_type for port in [*typed.value_info, *typed.input, *typed.output]}
    makers = {name: node for node in model.graph.node for name in node.output}
    for node in model.graph.node:
        pending = [node.input[place] for place in SIZES.get(node.op_type, ()) if place < len(node.input)]
        while pending:
            name = pending.pop()
            maker = makers.get(name)
            if maker is None or maker.op_type == "Constant":
                continue
            if types[name] not in INTEGERS:
                yield f"{node.op_type}: {name} by {maker.op_type}"
            if maker.op_type != "Shape":
                pending.extend(maker.input)


class Does(nn.Layer):
    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return self.function(x)


@pytest.mark.parametrize(
    "name",
    [
        "ResnetGenerator, antialiased",
        "ResnetGenerator, resize-convolutions",
        "SRResNet, twice",
        "SRResNet, twice, residual",
        "UnetGenerator",
    ],
)
def test_a_graph_of_a_net_has_no_branches_and_computes_sizes_in_integers(name: str) -> None:
    """OpenVINO in bfloat16 would round 522 to 520, and after a branch it overwrites values that are still needed."""
    net = build(name)
    graph = graph_of(net)
    assert list(fractions_in_sizes(graph)) == []
    assert "If" not in counted(graph)
    x = picture(70, 90)
    assert np.abs(run(graph, x.numpy()) - net(x).numpy()).max() < 1e-4
    scale = 2 if "twice" in name else 1
    assert shape_in_bfloat16(graph, picture(522, 70).numpy()) == [1, 3, 522 * scale, 70 * scale]


def test_the_graph_of_a_colorizer_computes_sizes_in_integers() -> None:
    net = build("Colorizer")
    graph = graph_of(net, (1, 1, None, None))
    assert list(fractions_in_sizes(graph)) == []
    assert "If" not in counted(graph)
    x = picture(70, 90, channels=1)
    assert np.abs(run(graph, x.numpy()) - net(x).numpy()).max() < 1e-4
    assert shape_in_bfloat16(graph, picture(522, 70, channels=1).numpy()) == [1, 3, 522, 70]


@pytest.mark.parametrize("part", ["decode", "revise", "whole"])
def test_graphs_of_lapstyle_compute_sizes_in_integers(part: str) -> None:
    net = fill(LapStyleNet(**LAPSTYLE, own_style=True))
    if part == "decode":
        widths = LAPSTYLE["encoder_channels"][1:4]
        graph = graph_of(DecodeSubgraph(net.decoder), PICTURE, *((1, width, None, None) for width in widths))
    elif part == "revise":
        graph = graph_of(net.revisions[0], PICTURE, PICTURE)
    else:
        graph = graph_of(EndToEndPainter(net, levels=2, noise_std=0.1, draft_size=None))
    assert list(fractions_in_sizes(graph)) == []
    counts = counted(graph)
    assert counts["DepthToSpace"] == (3 if part == "whole" else 1)
    # A border for each convolution but those of phases and the encoder's first one, which is 1x1; and a row for odd
    # sides at each of two levels.
    assert counts["Pad"] == counts["Conv"] - counts["DepthToSpace"] + (part == "whole")
    assert {"If", "Floor"}.isdisjoint(counts)
    values = [picture(522, 70, channels=port.type.tensor_type.shape.dim[1].dim_value) for port in graph.graph.input]
    if part == "revise":
        values[1] = values[1][:, :, :261, :35]
    if part == "decode":
        values[1:] = [x[:, :, : -(-522 // 2**level), : -(-70 // 2**level)] for level, x in enumerate(values[1:], 1)]
    assert shape_in_bfloat16(graph, *(x.numpy() for x in values)) == [1, 3, 522, 70]


@pytest.mark.parametrize("width", [1, 3])
def test_reflection_padding_is_one_node(width: int) -> None:
    graph = graph_of(Does(lambda x: reflect_pad(x, width)))
    assert counted(graph)["Pad"] == 1 and {"Slice", "Concat"}.isdisjoint(counted(graph))
    x = picture(5, 7)
    np.testing.assert_array_equal(run(graph, x.numpy()), F.pad(x, [width] * 4, mode="reflect").numpy())


def test_upsampling_is_one_node() -> None:
    graph = graph_of(Does(upsample_nearest))
    assert counted(graph)["Resize"] == 1 and {"Reshape", "Concat", "Shape"}.isdisjoint(counted(graph))
    x = picture(5, 7)
    np.testing.assert_array_equal(run(graph, x.numpy()), x.numpy().repeat(2, axis=2).repeat(2, axis=3))


class Upsamples(nn.Layer):
    """The end of LapStyle's nets, cut to the size of a picture."""

    def __init__(self, channels: int = 3, *, bias: bool = True) -> None:
        super().__init__()
        paddle.seed(0)
        self.first = SameConv(3, 5, 3, "reflect", bias=bias)
        self.second = SameConv(5, channels, 3, "reflect", bias=bias)

    def forward(self, small: paddle.Tensor, like: paddle.Tensor) -> paddle.Tensor:
        x = upsample_nearest(small)[:, :, : like.shape[2], : like.shape[3]]
        return self.second(F.relu(self.first(x)))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("size", [(5, 5), (6, 5), (7, 8), (12, 9), (16, 14)])
def test_convolutions_after_an_upsampling_are_done_before_it(size: tuple[int, int], bias: bool) -> None:
    """At each border, too: cropped pictures, of odd sizes, are reflected elsewhere."""
    net = Upsamples(bias=bias)
    graph = graph_of(net, PICTURE, PICTURE)
    assert counted(graph)["DepthToSpace"] == 1 and "Resize" not in counted(graph)
    height, width = size
    small, like = picture((height + 1) // 2, (width + 1) // 2), picture(height, width)
    wanted = net(small, like).numpy()
    values = small.numpy(), like.numpy()
    np.testing.assert_allclose(run(graph, *values), wanted, atol=1e-5)
    pytest.importorskip("openvino")
    core = openvino_core()
    compiled = core.compile_model(
        core.read_model(graph.SerializeToString(), b""), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    np.testing.assert_allclose(compiled(list(values))[compiled.outputs[0]], wanted, atol=1e-5)


def test_a_bias_after_an_upsampling_is_added_before_it() -> None:
    """A sum over the large picture would take a fifth of the time of a revision net."""
    graph = graph_of(Upsamples(), PICTURE, PICTURE)
    makers = {name: node for node in graph.graph.node for name in node.output}
    last = makers[graph.graph.output[0].name]
    while last.op_type == "Identity":
        last = makers[last.input[0]]
    assert last.op_type == "Concat"


class UpsamplesAndMore(nn.Layer):
    """What looks like a bias, but is a picture."""

    def __init__(self) -> None:
        super().__init__()
        self.upsamples = Upsamples(bias=False)

    def forward(self, small: paddle.Tensor, like: paddle.Tensor) -> paddle.Tensor:
        return self.upsamples(small, like) + like


def test_a_picture_that_is_added_after_an_upsampling_stays_where_it_is() -> None:
    net = UpsamplesAndMore()
    small, like = picture(5, 4), picture(9, 8)
    found = run(graph_of(net, PICTURE, PICTURE), small.numpy(), like.numpy())
    np.testing.assert_allclose(found, net(small, like).numpy(), atol=1e-5)


class UpsamplesAndNorms(nn.Layer):
    """An upsampling of the painters of one style, and of generators with resize-convolutions."""

    def __init__(self, padding: str = "reflect", *, normed: bool = True) -> None:
        super().__init__()
        self.conv = fill(ResizeConv(3, 5, padding, bias=False))
        self.norm = fill(ConditionalInstanceNorm(5)) if normed else nn.Identity()
        self.eval()

    def forward(self, small: paddle.Tensor) -> paddle.Tensor:
        return F.relu(self.norm(self.conv(small)))


@pytest.mark.parametrize("size", [(1, 2), (2, 3), (9, 14)])
def test_a_normed_convolution_after_an_upsampling_is_done_before_it(size: tuple[int, int]) -> None:
    net = UpsamplesAndNorms()
    graph = graph_of(net)
    assert counted(graph)["DepthToSpace"] == 1 and "Resize" not in counted(graph)
    small = picture(*size)
    np.testing.assert_allclose(run(graph, small.numpy()), net(small).numpy(), atol=1e-4)


@pytest.mark.parametrize("settings", [{"padding": "zero"}, {"normed": False}])
def test_what_only_looks_like_a_normed_convolution_after_an_upsampling_is_left_alone(settings: dict[str, Any]) -> None:
    net = UpsamplesAndNorms(**settings)
    graph = graph_of(net)
    assert counted(graph)["Resize"] == 1 and "DepthToSpace" not in counted(graph)
    small = picture(5, 4)
    np.testing.assert_allclose(run(graph, small.numpy()), net(small).numpy(), atol=1e-4)


def test_a_decoder_upsamples_first() -> None:
    """The rounding of summed filters to bfloat16 would show in the alignment that follows."""
    subgraph = Subgraph("decode", "key", (PICTURE, PICTURE), Upsamples, convolve_before_upsampling=False)
    counts = counted(onnx.load_model_from_string(graphs.make_graph(subgraph)))
    assert counts["Resize"] == 1 and "DepthToSpace" not in counts


@pytest.mark.parametrize("change", ["many channels", "zero padding", "stride"])
def test_what_only_looks_like_convolutions_after_an_upsampling_is_left_alone(change: str) -> None:
    net = Upsamples(5 if change == "many channels" else 3)
    if change == "zero padding":
        net.first = SameConv(3, 5, 3, "zero")
    if change == "stride":
        net.second = SameConv(5, 3, 3, "reflect", stride=2)
    graph = graph_of(net, PICTURE, PICTURE)
    assert counted(graph)["Resize"] == 1 and "DepthToSpace" not in counted(graph)
    small, like = picture(5, 4), picture(9, 8)
    np.testing.assert_allclose(run(graph, small.numpy(), like.numpy()), net(small, like).numpy(), atol=1e-5)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: paddle.concat([x[:, :, :1], x, x[:, :, -1:]], axis=2),  # repeated, not reflected
        lambda x: paddle.concat([x[:, :, 1:2], x, x[:, :, -3:-2]], axis=2),
        lambda x: paddle.concat([x[:, :, 1:2], x + 1, x[:, :, -2:-1]], axis=2),
        lambda x: paddle.concat([x[:, :, :, 1:2], x[:, :, :, 1:2], x[:, :, :, -2:-1]], axis=3),
    ],
)
def test_what_only_looks_like_reflection_padding_keeps_its_numbers(function) -> None:
    x = picture(5, 8)
    net = Does(function)
    np.testing.assert_array_equal(run(graph_of(net), x.numpy()), net(x).numpy())


@pytest.mark.parametrize(
    ("nodes", "is_integer"),
    [
        # Of 5 x 8 pixels: 2 * 5 + 8, and the floor of 5 / 2, are the same in whole numbers.
        ("a = Mul(high, two) b = Add(a, wide) z = Cast<to = 7>(b)", True),
        ("a = Div(high, two) b = Floor(a) z = Cast<to = 7>(b)", True),
        # 5 / 2 * 2 would be 4, and 5 * 0.3 would be 0.
        ("a = Div(high, two) b = Mul(a, two) z = Cast<to = 7>(b)", False),
        ("a = Mul(high, third) z = Cast<to = 7>(a)", False),
    ],
)
def test_sizes_become_integers_where_nothing_is_lost(nodes: str, is_integer: bool) -> None:
    text = f"""<ir_version: 8, opset_import: ["": 17]> sizes (float[1, 3, H, W] x) => (float[N] found) {{
        shape = Shape(x) place = Constant<value = int64[1] {{2}}>() other = Constant<value = int64[1] {{3}}>()
        h = Gather(shape, place) w = Gather(shape, other) high = Cast<to = 1>(h) wide = Cast<to = 1>(w)
        two = Constant<value = float[1] {{2.0}}>() third = Constant<value = float[1] {{0.3}}>()
        {nodes}
        one = Constant<value = float[1] {{1.0}}>() found = Expand(one, z)
    }}"""
    given = onnx.parser.parse_model(text)
    found = onnx.load_model_from_string(apply_passes(given.SerializeToString()))
    x = np.zeros((1, 3, 5, 8), np.float32)
    np.testing.assert_array_equal(run(found, x), run(onnx.parser.parse_model(text), x))
    assert bool(list(fractions_in_sizes(given))) is True
    assert bool(list(fractions_in_sizes(found))) is not is_integer


@pytest.mark.parametrize("nodes", ["s = Concat<axis = 4>(a, b)", "s = Concat<axis = 4>(a, a, a)"])
def test_what_only_looks_like_upsampling_keeps_its_numbers(nodes: str) -> None:
    text = f"""<ir_version: 8, opset_import: ["": 17]> stacked (float[1, 3, 5, 8] x) => (float[1, 3, 5, W] z) {{
        four = Constant<value = int64[1] {{4}}>() y = Neg(x) a = Unsqueeze(x, four) b = Unsqueeze(y, four)
        {nodes}
        to = Constant<value = int64[4] {{1, 3, 5, -1}}>() z = Reshape(s, to)
    }}"""
    given = onnx.parser.parse_model(text)
    x = picture(5, 8).numpy()
    wanted = run(given, x)
    found = onnx.load_model_from_string(apply_passes(given.SerializeToString()))
    np.testing.assert_array_equal(run(found, x), wanted)
