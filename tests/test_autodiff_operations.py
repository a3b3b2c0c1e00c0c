"""The operations of a tape: results and gradients, against Paddle's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import paddle
import pytest
from net_examples import picture
from paddle.nn import functional as F

from ppgan_lite.autodiff import operations as ops
from ppgan_lite.autodiff.executor import Executors
from ppgan_lite.autodiff.tape import Tape, Value
from ppgan_lite.nets.gram import gram

pytest.importorskip("openvino")


@dataclass(frozen=True)
class Case:
    """An operation: shapes of its operands, how a tape records it, and how Paddle computes it."""

    shapes: tuple[tuple[int, ...], ...]
    record: Callable[..., Value]
    compute: Callable[..., paddle.Tensor]


def padded(x: paddle.Tensor, width: int, mode: str) -> paddle.Tensor:
    return F.pad(x, [width] * 4, mode=mode)


def convolution(size: tuple[int, int], kernel: int, *, stride: int = 1, border: ops.Border, mode: str) -> Case:
    width = kernel // 2
    return Case(
        ((2, 3, *size), (4, 3, kernel, kernel)),
        lambda tape, x, filters: ops.convolve(tape, x, filters, border=border, stride=stride),
        lambda x, filters: F.conv2d(padded(x, width, mode), filters, stride=stride),
    )


def interleaved(x: paddle.Tensor) -> paddle.Tensor:
    """Put four phases in their places; see `ops.interleave`."""
    channels, height, width = x.shape[1] // 4, x.shape[2] - 1, x.shape[3] - 1
    phases = x.reshape([x.shape[0], 2, 2, channels, height + 1, width + 1])
    rows = [paddle.stack([phases[:, a, b, :, a : a + height, b : b + width] for b in (0, 1)], axis=4) for a in (0, 1)]
    return paddle.stack(rows, axis=3).reshape([x.shape[0], channels, 2 * height, 2 * width])


CASES = {
    "a convolution with zeros around": convolution((9, 7), 3, border="zero", mode="constant"),
    "one of stride 2, odd sides": convolution((9, 7), 3, stride=2, border="zero", mode="constant"),
    "one of stride 2, even sides": convolution((8, 6), 3, stride=2, border="zero", mode="constant"),
    "one with a mirrored border": convolution((9, 7), 5, border="reflect", mode="reflect"),
    "one of stride 2 with a mirrored border": convolution((8, 10), 3, stride=2, border="reflect", mode="reflect"),
    "2x2 filters with a repeated border": Case(
        ((2, 3, 6, 5), (8, 3, 2, 2)),
        lambda tape, x, filters: ops.convolve(tape, x, filters, border="repeat", padding=1),
        lambda x, filters: F.conv2d(padded(x, 1, "replicate"), filters),
    ),
    "a sum": Case(((2, 3, 4, 5), (2, 3, 4, 5)), ops.add, lambda a, b: a + b),
    "a bias": Case(((2, 3, 4, 5), (1, 3, 1, 1)), ops.add, lambda a, b: a + b),
    "a ReLU": Case(((2, 3, 4, 5),), ops.relu, F.relu),
    "a sigmoid": Case(((2, 3, 4, 5),), ops.sigmoid, F.sigmoid),
    "an instance norm": Case(
        ((2, 3, 6, 5), (1, 3, 1, 1), (1, 3, 1, 1)),
        lambda tape, *operands: ops.normalize(tape, *operands, epsilon=1e-5),
        lambda x, scale, shift: F.instance_norm(x, eps=1e-5) * scale + shift,
    ),
    "a norm of each picture's own, and a ReLU": Case(
        ((2, 3, 6, 5), (2, 3, 1, 1), (2, 3, 1, 1)),
        lambda tape, *operands: ops.normalize(tape, *operands, epsilon=1e-5, rectified=True),
        lambda x, scale, shift: F.relu(F.instance_norm(x, eps=1e-5) * scale + shift),
    ),
    "phases": Case(((2, 8, 4, 6),), ops.interleave, interleaved),
    "pooling, odd sides": Case(((2, 3, 7, 5),), ops.max_pool, lambda x: F.max_pool2d(x, 2)),
    "a Gram matrix": Case(((2, 3, 6, 5),), ops.gram, gram),
    "scale and shift by constants": Case(
        ((2, 3, 4, 5),),
        lambda tape, x: ops.affine(tape, x, scale=2.0, shift=np.full((1, 3, 1, 1), -0.5)),
        lambda x: 2 * x - 0.5,
    ),
}


def operands(case: Case) -> list[paddle.Tensor]:
    found = []
    for number, shape in enumerate(case.shapes):
        tensor = picture(*shape[2:], channels=shape[1], batch=shape[0], phase=0.7 * number) - 0.4
        tensor.stop_gradient = False
        found.append(tensor)
    return found


def weights_like(tensor: paddle.Tensor) -> paddle.Tensor:
    """Return what a result is multiplied by, so that its gradient is different everywhere."""
    values = np.sin(1 + np.arange(tensor.size, dtype=np.float32)).reshape(tensor.shape)
    return paddle.to_tensor(values)


def results(function: Callable[..., paddle.Tensor], inputs: list[paddle.Tensor]) -> list[np.ndarray]:
    result = function(*inputs)
    (result * weights_like(result)).sum().backward()
    return [result.numpy(), *(tensor.grad.numpy() for tensor in inputs)]


@pytest.mark.parametrize("name", CASES)
def test_results_and_gradients_are_those_of_paddle(name):
    case = CASES[name]

    def record(tape: Tape, values: list[Value]) -> list[Value]:
        return [case.record(tape, *values)]

    executors = Executors("f32")
    batch = case.shapes[0][0]
    of_pictures = sum(shape[0] in (1, batch) for shape in case.shapes)  # the others are filters
    found = results(lambda *x: executors(name, record, x[:of_pictures], x[of_pictures:])[0], operands(case))
    for one, other in zip(found, results(case.compute, operands(case)), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-5 * max(np.abs(other).max(), 1e-3), rtol=1e-4)


def test_a_blend_has_gradients_of_both_ends():
    share = np.array([0.25, 1.0], np.float32).reshape(2, 1, 1, 1)
    executors = Executors("f32")

    def record(tape: Tape, values: list[Value]) -> list[Value]:
        return [ops.blend(tape, *values)]

    a, b = (picture(4, 5, batch=2, phase=phase) for phase in (0.0, 1.0))
    a.stop_gradient = b.stop_gradient = False
    result = executors("blend", record, [a, b, paddle.to_tensor(share)])[0]
    np.testing.assert_allclose(result.numpy(), a.numpy() + share * (b.numpy() - a.numpy()), rtol=1e-5)
    result.sum().backward()
    np.testing.assert_allclose(a.grad.numpy(), np.broadcast_to(1 - share, a.shape), atol=1e-6)
    np.testing.assert_allclose(b.grad.numpy(), np.broadcast_to(share, b.shape), atol=1e-6)


def test_a_value_that_is_used_twice_gets_the_sum_of_its_gradients():
    executors = Executors("f32")

    def record(tape: Tape, values: list[Value]) -> list[Value]:
        (x,) = values
        positive = ops.relu(tape, x)
        return [ops.add(tape, positive, ops.sigmoid(tape, positive))]

    found = results(lambda x: executors("twice", record, [x])[0], operands(CASES["a ReLU"]))
    wanted = results(lambda x: F.relu(x) + F.sigmoid(F.relu(x)), operands(CASES["a ReLU"]))
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
