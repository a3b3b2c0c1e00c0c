"""Generators: each against a plain formulation of the published net, and what it promises beyond that."""

from __future__ import annotations

import contextlib

import numpy as np
import paddle
import pytest
from net_examples import fill, picture
from paddle import nn
from paddle.nn import functional as F

from ppgan_lite.errors import UsageError
from ppgan_lite.nets.attention import SelfAttention
from ppgan_lite.nets.initialization import initialize
from ppgan_lite.nets.normalization import PictureNorm, fixed_statistics, instance_norms
from ppgan_lite.nets.resnet_generator import ResnetGenerator
from ppgan_lite.nets.sr_resnet import SRResNet
from ppgan_lite.nets.unet_generator import UnetGenerator


def normed(norm: str, channels: int) -> nn.Layer:
    if norm == "batch":
        return nn.BatchNorm2D(channels)
    return nn.InstanceNorm2D(channels, weight_attr=False, bias_attr=False)


class PlainBlock(nn.Layer):
    def __init__(self, channels: int, norm: str, padding: str) -> None:
        super().__init__()
        half = [[nn.Pad2D(1, padding), nn.Conv2D(channels, channels, 3), normed(norm, channels)] for _ in range(2)]
        self.body = nn.Sequential(*half[0], nn.ReLU(), *half[1])

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return x + self.body(x)


def plain_resnet(base: int, blocks: int, norm: str, padding: str, upsample: str) -> nn.Layer:
    """The generator of CycleGAN and its relatives, layer by layer."""

    def conv(layer: nn.Layer, channels: int) -> list[nn.Layer]:
        return [layer, normed(norm, channels), nn.ReLU()]

    def up(a: int, b: int) -> list[nn.Layer]:
        if upsample == "transposed":
            return conv(nn.Conv2DTranspose(a, b, 3, stride=2, padding=1, output_padding=1), b)
        return [nn.Upsample(scale_factor=2, mode="nearest"), nn.Pad2D(1, padding), *conv(nn.Conv2D(a, b, 3), b)]

    return nn.Sequential(
        nn.Pad2D(3, padding),
        *conv(nn.Conv2D(3, base, 7), base),
        *conv(nn.Conv2D(base, 2 * base, 3, stride=2, padding=1), 2 * base),
        *conv(nn.Conv2D(2 * base, 4 * base, 3, stride=2, padding=1), 4 * base),
        *[PlainBlock(4 * base, norm, padding) for _ in range(blocks)],
        *up(4 * base, 2 * base),
        *up(2 * base, base),
        nn.Pad2D(3, padding),
        nn.Conv2D(base, 3, 7),
        nn.Tanh(),
    )


class PlainUnet(nn.Layer):
    """pix2pix's U-Net as it was published: each level holds the next one, and joins what went in to what comes out."""

    def __init__(self, widths: list[int], dropped: list[bool], outer: int) -> None:
        super().__init__()
        width, bare = widths[0], len(widths) == 1
        self.conv = nn.Conv2D(outer, width, 4, stride=2, padding=1, bias_attr=False)
        self.norm = nn.Identity() if bare else nn.BatchNorm2D(width)
        self.inner = None if bare else PlainUnet(widths[1:], dropped[1:], width)
        self.up = nn.Conv2DTranspose(width if bare else 2 * width, outer, 4, stride=2, padding=1, bias_attr=False)
        self.up_norm = nn.BatchNorm2D(outer)
        self.dropout = nn.Dropout(0.5) if dropped[0] else nn.Identity()

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        y = self.norm(self.conv(F.leaky_relu(x, 0.2)))
        if self.inner is not None:
            y = self.inner(y)
        return paddle.concat([x, self.dropout(self.up_norm(self.up(F.relu(y))))], axis=1)


def copy_weights(source: nn.Layer, target: nn.Layer) -> None:
    """Give `target` the weights of `source`, whose layers stand in the same order."""
    for theirs, ours in zip(target.parameters(), source.parameters(), strict=True):
        assert theirs.shape == ours.shape
        theirs.set_value(ours)


def gradients(net: nn.Layer, x: paddle.Tensor) -> list[np.ndarray]:
    (net(x) * picture(*x.shape[2:], phase=3.0)).sum().backward()
    found = [parameter.grad.numpy() for parameter in net.parameters() if parameter.trainable]
    net.clear_gradients()
    return found


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("norm", "padding", "upsample"),
    [("instance", "reflect", "transposed"), ("batch", "zero", "transposed"), ("instance", "reflect", "nearest")],
    ids=["published", "sketch to line art", "resize-convolutions"],
)
def test_the_resnet_generators_are_the_published_ones(norm, padding, upsample, training):
    net = fill(ResnetGenerator(base_channels=12, blocks=2, norm=norm, padding=padding, upsample=upsample, bias=True))
    plain = plain_resnet(12, 2, norm, {"zero": "constant"}.get(padding, padding), upsample)
    copy_weights(net, plain)
    for layer in (net, plain):
        layer.train() if training else layer.eval()
    x = picture(28, 36, batch=2) * 2 - 1
    np.testing.assert_allclose(net(x).numpy(), plain(x).numpy(), atol=1e-5)
    for found, wanted in zip(gradients(net, x), gradients(plain, x), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4 * max(1.0, np.abs(wanted).max()))


def test_an_antialiased_generator_blurs_as_cut_does():
    net = fill(ResnetGenerator(base_channels=4, blocks=0, antialias=True, bias=True))
    weights = dict(net.named_parameters())

    def conv(name: str, x: paddle.Tensor, padding: int) -> paddle.Tensor:
        x = F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=padding)
        return F.relu(F.instance_norm(x)) if name != "to_image" else paddle.tanh(x)

    def filters(profile: list[float], channels: int) -> paddle.Tensor:
        profile = paddle.to_tensor(profile) / sum(profile)
        return (profile.unsqueeze(1) * profile.unsqueeze(0)).expand([channels, 1, len(profile), len(profile)])

    def down(x: paddle.Tensor) -> paddle.Tensor:
        channels = x.shape[1]
        return F.conv2d(
            F.pad(x, [1] * 4, mode="reflect"), filters([1.0, 2.0, 1.0], channels), stride=2, groups=channels
        )

    def up(x: paddle.Tensor) -> paddle.Tensor:
        channels = x.shape[1]
        taps = filters([1.0, 3.0, 3.0, 1.0], channels) * 4
        x = F.conv2d_transpose(F.pad(x, [1] * 4, mode="replicate"), taps, stride=2, padding=2, groups=channels)
        return x[:, :, 1:-1, 1:-1]

    x = picture(20, 24) * 2 - 1
    y = conv("stem.conv", F.pad(x, [3] * 4, mode="reflect"), 0)
    y = down(conv("downs.0.conv", y, 1))
    y = down(conv("downs.1.conv", y, 1))
    y = conv("ups.0.conv", up(y), 1)
    y = conv("ups.1.conv", up(y), 1)
    wanted = conv("to_image", F.pad(y, [3] * 4, mode="reflect"), 0)
    np.testing.assert_allclose(net(x).numpy(), wanted.numpy(), atol=1e-5)
    assert all(name in weights for name in net.state_dict())  # the blurs' filters are not stored


def test_blocks_may_have_another_padding_than_the_rest():
    x = picture(16, 16)
    nets = [
        fill(ResnetGenerator(base_channels=4, blocks=1, padding=padding, block_padding=block_padding))
        for padding, block_padding in (("reflect", None), ("reflect", "reflect"), ("reflect", "zero"), ("zero", None))
    ]
    plain, same, inner, all_zero = (net(x).numpy() for net in nets)
    np.testing.assert_array_equal(plain, same)
    assert np.abs(plain - inner).max() > 1e-3
    assert np.abs(inner - all_zero).max() > 1e-3


def test_attention_lets_every_position_look_at_every_other():
    layer = SelfAttention(16)
    x = picture(5, 7, channels=16, batch=2)
    np.testing.assert_array_equal(layer(x).numpy(), x.numpy())  # gamma is 0 at first
    layer.gamma.set_value(paddle.to_tensor([0.7]))
    weights = {name: value.numpy()[:, :, 0, 0] for name, value in layer.named_parameters() if name != "gamma"}
    flat = x.numpy().reshape(2, 16, 35)
    query, key, value = (
        np.einsum("oc,ncp->nop", weights[f"{name}.weight"], flat) for name in ("query", "key", "value")
    )
    scores = np.exp(np.einsum("ncp,ncq->npq", query, key))
    scores /= scores.sum(axis=2, keepdims=True)
    attended = np.einsum("oc,ncq,npq->nop", weights["out.weight"], value, scores)
    np.testing.assert_allclose(layer(x).numpy().reshape(2, 16, 35), flat + 0.7 * attended, atol=1e-5)


def test_dropout_works_in_training_alone():
    net = fill(ResnetGenerator(base_channels=4, blocks=1, dropout=True))
    x = picture(16, 16)
    assert np.abs(net(x).numpy() - net(x).numpy()).max() > 1e-3
    net.eval()
    np.testing.assert_array_equal(net(x).numpy(), net(x).numpy())


@pytest.mark.parametrize(("upsample", "antialias"), [("transposed", True), ("nearest", False)])
def test_a_traced_generator_gives_the_same_numbers(upsample, antialias):
    net = fill(ResnetGenerator(base_channels=4, blocks=1, upsample=upsample, antialias=antialias))
    net.eval()
    shape = paddle.static.InputSpec([1, 3, None, None], "float32")
    x = picture(20, 28)
    wanted = net(x).numpy()
    traced = paddle.jit.to_static(net, input_spec=[shape], full_graph=True)
    np.testing.assert_allclose(traced(x).numpy(), wanted, atol=1e-5)


@pytest.mark.parametrize("arguments", [{}, {"antialias": True}, {"norm": "batch", "padding": "zero"}])
def test_a_picture_that_is_too_small_is_refused_and_the_smallest_is_not(arguments):
    net = fill(ResnetGenerator(base_channels=2, blocks=1, **arguments))
    with pytest.raises(UsageError) as caught:
        net(picture(15, 40))
    message = "ResnetGenerator: a picture of 40 x 15 pixels; expected sides of at least 16. Use a larger picture"
    assert str(caught.value) == message
    assert net(picture(16, 17)).shape == [1, 3, 16, 17]


def test_picture_norm_is_a_batch_norm_that_keeps_to_the_picture_at_hand():
    norm, batch_norm = fill(PictureNorm(3)), fill(nn.BatchNorm2D(3))
    x = picture(6, 7)
    wanted = batch_norm(x).numpy()
    norm.eval()
    np.testing.assert_allclose(norm(x).numpy(), wanted, atol=1e-5)
    other = paddle.concat([x, x * 2], axis=0)
    np.testing.assert_allclose(norm(other).numpy()[:1], wanted, atol=1e-5)  # whatever else is in the batch
    assert set(norm.state_dict()) == set(batch_norm.state_dict())


# U-Net


@pytest.mark.parametrize("training", [True, False])
def test_the_unet_is_the_published_one(training):
    net = fill(UnetGenerator(base_channels=4, depth=6, dropout=False))
    widths = [4, 8, 16, 32, 32, 32]
    plain = PlainUnet(widths[1:], [False] * 5, 4)
    first, last = nn.Conv2D(3, 4, 4, stride=2, padding=1, bias_attr=False), nn.Conv2DTranspose(8, 3, 4, 2, 1)
    down, level = [first], plain
    up: list[nn.Layer] = []
    while level is not None:
        down += [level.conv, level.norm]
        up = [level.up, level.up_norm, *up]
        level = level.inner
    copy_weights(net, nn.LayerList([*down, *up, last]))
    for layer in (net, plain):
        layer.train() if training else layer.eval()
    x = picture(64, 128) * 2 - 1
    wanted = paddle.tanh(last(F.relu(plain(first(x)))))
    np.testing.assert_allclose(net(x).numpy(), wanted.numpy(), atol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 30), (33, 65)])
def test_a_unet_takes_pictures_of_any_size(height, width):
    net = fill(UnetGenerator(base_channels=2, depth=5, norm="instance"))
    net.eval()
    x = picture(height, width) * 2 - 1
    found = net(x).numpy()
    assert found.shape == (1, 3, height, width)
    rows, columns = (np.minimum(np.arange(-(-size // 32) * 32), size - 1) for size in (height, width))
    filled = paddle.to_tensor(x.numpy()[:, :, rows][:, :, :, columns])  # the last row and column repeated
    np.testing.assert_allclose(found, net(filled).numpy()[:, :, :height, :width], atol=1e-6)


@pytest.mark.parametrize(("depth", "dropping"), [(8, [1, 2, 3]), (7, [1, 2]), (5, [])])
def test_dropout_is_where_pix2pix_has_it(depth, dropping):
    net = UnetGenerator(base_channels=1, depth=depth)
    assert [place for place, up in enumerate(net.ups) if isinstance(up.dropout, nn.Dropout)] == dropping
    net = UnetGenerator(base_channels=1, depth=depth, dropout=False)
    assert not any(isinstance(up.dropout, nn.Dropout) for up in net.ups)


# SRResNet


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_srresnet_is_what_the_paper_says_with_transposed_convolutions(scale):
    net = fill(SRResNet(base_channels=12, blocks=2, scale=scale))
    weights = dict(net.named_parameters())

    def conv(name: str, x: paddle.Tensor, padding: int) -> paddle.Tensor:
        return F.conv2d(x, weights[f"{name}.weight"], weights.get(f"{name}.bias"), padding=padding)

    def norm(name: str, x: paddle.Tensor) -> paddle.Tensor:
        mean, variance = x.mean([0, 2, 3], keepdim=True), x.var([0, 2, 3], unbiased=False, keepdim=True)
        scale, shift = (weights[f"{name}.{part}"].reshape([1, -1, 1, 1]) for part in ("weight", "bias"))
        return (x - mean) / (variance + 1e-5).sqrt() * scale + shift

    def prelu(name: str, x: paddle.Tensor) -> paddle.Tensor:
        return paddle.where(x > 0, x, x * weights[f"{name}._weight"])

    x = picture(17, 14, batch=2)
    first = y = prelu("prelu", conv("stem", x, 4))
    for number in (0, 1):
        block = f"blocks.{number}"
        inner = prelu(f"{block}.prelu", norm(f"{block}.norm1", conv(f"{block}.conv1", y, 1)))
        y = y + norm(f"{block}.norm2", conv(f"{block}.conv2", inner, 1))
    y = first + norm("norm", conv("conv", y, 1))
    for number in range({1: 0, 2: 1, 4: 2}[scale]):
        up = f"ups.{number}.0"
        y = F.conv2d_transpose(y, weights[f"{up}.weight"], weights[f"{up}.bias"], stride=2, padding=1)
        y = prelu(f"ups.{number}.1", y)
    np.testing.assert_allclose(net(x).numpy(), conv("to_image", y, 4).numpy(), atol=2e-5)


def test_a_residual_srresnet_computes_what_is_to_be_added():
    plain, residual = (fill(SRResNet(base_channels=4, blocks=1, residual=is_residual)) for is_residual in (False, True))
    x = picture(17, 14)
    np.testing.assert_allclose(residual(x).numpy(), (x + plain(x)).numpy(), atol=1e-6)


def test_a_fresh_residual_srresnet_leaves_the_picture_as_it_is():
    x = picture(17, 14)
    net = SRResNet(base_channels=4, blocks=1, residual=True)
    np.testing.assert_array_equal(net(x).numpy(), x.numpy())
    net(x).square().mean().backward()
    assert float(net.to_image.weight.grad.abs().max()) > 0  # and it can learn


def test_a_fresh_residual_srresnet_that_enlarges_gives_the_picture_enlarged():
    x = picture(17, 14)
    wanted = paddle.nn.functional.interpolate(x, size=[68, 56], mode="bilinear")
    found = SRResNet(base_channels=4, blocks=1, scale=4, residual=True)(x)
    np.testing.assert_allclose(found.numpy(), wanted.numpy(), atol=1e-6)


def test_a_residual_srresnet_keeps_the_channels():
    with pytest.raises(UsageError, match=r"SRResNet\.residual: true with 3 .*, 1 out; expected as many channels out"):
        SRResNet(base_channels=4, blocks=1, residual=True, out_channels=1)


# Sizes, fresh weights


@pytest.mark.parametrize(
    ("build", "millions"),
    [
        (ResnetGenerator, 11.378179),  # CycleGAN, 9 blocks
        (lambda: ResnetGenerator(blocks=6), 7.837699),
        (lambda: UnetGenerator(norm="batch"), 54.413955),  # pix2pix, 256 pixels
        (SRResNet, 1.251924),
    ],
)
def test_the_published_generators_have_the_published_number_of_weights(build, millions):
    assert sum(weight.size for weight in build().parameters() if weight.trainable) == round(millions * 1e6)


@pytest.mark.parametrize(
    ("initialization", "gain", "deviation"),
    [
        ("normal", None, 0.02),
        ("normal", 0.1, 0.1),
        ("xavier", None, (2 / ((8 + 32) * 9)) ** 0.5),
        ("xavier", 0.02, 0.02 * (2 / ((8 + 32) * 9)) ** 0.5),
        ("kaiming", None, (2 / (32 * 9)) ** 0.5),
    ],
)
def test_fresh_weights_have_the_deviation_that_is_asked_for(initialization, gain, deviation):
    net = nn.Sequential(nn.Conv2D(32, 8, 3), nn.Conv2DTranspose(8, 32, 3), nn.BatchNorm2D(500))
    paddle.seed(3)
    initialize(net, initialization, gain)
    for conv in (net[0], net[1]):
        weight = conv.weight.numpy()
        assert abs(weight.mean()) < 3 * deviation / weight.size**0.5
        np.testing.assert_allclose(weight.std(), deviation, rtol=0.05)
        assert not conv.bias.numpy().any()
    assert abs(net[2].weight.numpy().mean() - 1) < 0.003
    np.testing.assert_allclose(net[2].weight.numpy().std(), 0.02, rtol=0.1)
    assert not net[2].bias.numpy().any()


@pytest.mark.parametrize(
    "build",
    [
        lambda: ResnetGenerator(base_channels=2, blocks=1, norm="batch", attention=True),
        lambda: UnetGenerator(base_channels=2),
        lambda: SRResNet(base_channels=2, blocks=1),
    ],
)
def test_the_same_seed_gives_the_same_net(build):
    nets = []
    for seed in (5, 5, 6):
        paddle.seed(seed)
        nets.append(build().state_dict())
    assert all(np.array_equal(nets[0][name].numpy(), nets[1][name].numpy()) for name in nets[0])
    assert not all(np.array_equal(nets[0][name].numpy(), nets[2][name].numpy()) for name in nets[0])


# Statistics of another picture


@contextlib.contextmanager
def measured_statistics(net):
    """Gather mean and variance of each instance norm's input: calls inside fill the mapping."""
    found = {}

    def measure(name):
        def hook(norm, inputs, output):
            x = inputs[0]
            mean = x.mean(axis=[2, 3], keepdim=True)
            found[name] = mean, (x - mean).square().mean(axis=[2, 3], keepdim=True)

        return hook

    hooks = [norm.register_forward_post_hook(measure(name)) for name, norm in instance_norms(net).items()]
    yield found
    for hook in hooks:
        hook.remove()


def test_a_net_that_is_given_a_pictures_own_statistics_does_what_it_did():
    net = fill(ResnetGenerator(base_channels=4, blocks=1))
    net.eval()
    x, other = picture(32, 40), picture(32, 40, phase=1.0) * 0.5
    with measured_statistics(net) as statistics:
        wanted = net(x).numpy()
    assert len(statistics) == 1 + 2 + 2 + 2
    assert [tensor.shape for tensor in statistics["stem.norm"]] == [[1, 4, 1, 1]] * 2
    with fixed_statistics(net, statistics):
        np.testing.assert_allclose(net(x).numpy(), wanted, atol=1e-5)
        by_the_first = net(other).numpy()
    by_its_own = net(other).numpy()
    assert np.abs(by_the_first - by_its_own).max() > 0.01
    np.testing.assert_array_equal(net(x).numpy(), wanted)  # nothing is left


def test_a_tile_is_painted_as_a_part_of_its_picture():
    net = fill(ResnetGenerator(base_channels=4, blocks=1))
    net.eval()
    x = picture(96, 64)
    with measured_statistics(net) as statistics:
        whole = net(x).numpy()
    with fixed_statistics(net, statistics):
        tile = net(x[:, :, :72]).numpy()
    np.testing.assert_allclose(tile[:, :, :40], whole[:, :, :40], atol=1e-4)  # what lies 32 pixels from the cut
    assert np.abs(net(x[:, :, :72]).numpy()[:, :, :40] - whole[:, :, :40]).max() > 1e-3


def test_statistics_are_let_go_when_a_call_fails():
    net = fill(ResnetGenerator(base_channels=4, blocks=0))
    x = picture(16, 16)
    with measured_statistics(net) as statistics:
        wanted = net(x).numpy()
    with pytest.raises(ValueError, match="Expected"), fixed_statistics(net, statistics):
        net(picture(16, 16, channels=2))
    with pytest.raises(KeyError), fixed_statistics(net, {"no norm": statistics["stem.norm"]}):
        pass
    np.testing.assert_array_equal(net(x).numpy(), wanted)
