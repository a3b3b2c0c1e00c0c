"""Reverse-mode differentiation of OpenVINO graphs.

A `Tape` records a forward graph operation by operation (operations.py), and builds the backward graph from the record:
(kept tensors, inputs, gradients of the outputs) -> gradients of the inputs. A tensor of the forward graph that a
gradient needs is kept, or computed again from others that are, where that is cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ppgan_lite.runtime.startup import import_openvino

Precision = Literal["f32", "bf16"]
Shape = tuple[int, ...]
Node = Any  # of an OpenVINO graph: an operation, or one of its outputs


@dataclass(frozen=True, eq=False)
class Value:
    """A tensor of the forward graph.

    Attributes:
        node: That computes it.
        differentiable: Whether an input that is differentiable leads to it.
        rebuild: Computes it again in the backward graph; None where it is kept instead.
    """

    node: Node
    differentiable: bool
    rebuild: Callable[[Replay], Node] | None = None

    @property
    def shape(self) -> Shape:
        """Its sides."""
        return shape_of(self.node)


# (gradient of the result, the values of the forward graph) -> the gradients of the operands; None where none is needed.
Backward = Callable[[Node, "Replay"], Sequence[Node | None]]


@dataclass(frozen=True, eq=False)
class _Record:
    result: Value
    operands: Sequence[Value]
    backward: Backward


def shape_of(node: Node) -> Shape:
    """Return the sides of a tensor."""
    return tuple(node.get_shape() if hasattr(node, "get_shape") else node.get_output_shape(0))


class Tape:
    """Records operations.

    Args:
        precision: In which the graphs compute, and tensors are kept between them.

    Attributes:
        op: OpenVINO's operations.
    """

    def __init__(self, precision: Precision) -> None:
        openvino = import_openvino()
        try:
            from openvino import opset13
        except ImportError:  # before 2025
            from openvino.runtime import opset13

        self.op = opset13
        self.kept_type = {"f32": openvino.Type.f32, "bf16": openvino.Type.bf16}[precision]
        self.float = openvino.Type.f32
        self._inputs: list[Value] = []
        self._records: list[_Record] = []

    def input(self, shape: Shape, *, differentiable: bool) -> Value:
        """Add an input in float32."""
        value = Value(self.op.parameter(list(shape), self.float), differentiable)
        self._inputs.append(value)
        return value

    def constant(self, array: np.ndarray) -> Value:
        """Add a constant."""
        return Value(self.op.constant(array), False, lambda _: self.op.constant(array))

    def record(
        self,
        node: Node,
        operands: Sequence[Value],
        backward: Backward,
        *,
        rebuild: Callable[[Replay], Node] | None = None,
    ) -> Value:
        """Record an operation.

        Args:
            node: That computes the result from those of the operands.
            operands: Of the operation.
            backward: Computes their gradients; see `Backward`.
            rebuild: See `Value`.
        """
        value = Value(node, any(operand.differentiable for operand in operands), rebuild)
        if value.differentiable:
            self._records.append(_Record(value, operands, backward))
        return value

    def graphs(self, outputs: Sequence[Value], *, differentiable: bool) -> Graphs:
        """Build the graphs of what was recorded.

        Args:
            outputs: Of the forward graph.
            differentiable: Whether there is a backward graph.
        """
        inputs = [value.node for value in self._inputs]
        results = [self._as_float(value.node) for value in outputs]
        if not differentiable:
            return Graphs(self._model(results, inputs), len(outputs), None, ())
        replay = Replay(self, self._inputs)
        of_outputs = [self.op.parameter(list(value.shape), self.float) for value in outputs]
        gradients = dict(zip(outputs, of_outputs, strict=True))
        for record in reversed(self._records):
            gradient = gradients.get(record.result)
            if gradient is None:
                continue
            for operand, part in zip(record.operands, record.backward(gradient, replay), strict=True):
                if part is not None and operand.differentiable:
                    gradients[operand] = self.op.add(gradients[operand], part) if operand in gradients else part
        for value in self._inputs:
            if value.differentiable and value not in gradients:  # such as a bias before a norm: nothing depends on it
                gradients[value] = self.op.constant(np.zeros(value.shape, np.float32))
        wanted = [self._as_float(gradients[value]) for value in self._inputs if value.differentiable]
        used = tuple(number for number, value in enumerate(self._inputs) if value in replay.parameters)
        kept = [value for value in replay.parameters if value not in self._inputs]
        forward = self._model([*results, *(self._to_keep(value) for value in kept)], inputs)
        parameters = [replay.parameters[value] for value in (*kept, *(self._inputs[number] for number in used))]
        return Graphs(forward, len(outputs), self._model(wanted, [*parameters, *of_outputs]), used)

    def _to_keep(self, value: Value) -> Node:
        """Channels last: so do OpenVINO's convolutions have them, and need not reorder what they leave (2026.4)."""
        node = value.node
        if len(value.shape) == 4:
            node = self.op.transpose(node, self.op.constant(np.array([0, 2, 3, 1], np.int64)))
        return self.op.convert(node, self.kept_type.get_type_name())

    def kept(self, value: Value) -> tuple[Node, Node]:
        """Return a parameter of the backward graph for a kept tensor, and the tensor that it holds."""
        if len(value.shape) != 4:
            parameter = self.op.parameter(list(value.shape), self.kept_type)
            return parameter, self._as_float(parameter)
        n, channels, height, width = value.shape
        parameter = self.op.parameter([n, height, width, channels], self.kept_type)
        first = self.op.constant(np.array([0, 3, 1, 2], np.int64))
        return parameter, self._as_float(self.op.transpose(parameter, first))

    def _as_float(self, node: Node) -> Node:
        return self.op.convert(node, self.float.get_type_name())

    @staticmethod
    def _model(results: list[Node], parameters: list[Node]) -> Any:
        return import_openvino().Model(results, parameters)


class Replay:
    """The tensors of a forward graph, in the backward graph.

    Args:
        tape: That recorded the forward graph.
        inputs: Of the forward graph.

    Attributes:
        parameters: Of the backward graph, by the value that they hold.
    """

    def __init__(self, tape: Tape, inputs: Sequence[Value]) -> None:
        self._tape = tape
        self._inputs = inputs
        self._nodes: dict[Value, Node] = {}
        self.parameters: dict[Value, Node] = {}

    def __getitem__(self, value: Value) -> Node:
        """Return the node of a value."""
        if value not in self._nodes:
            self._nodes[value] = self._node_of(value)
        return self._nodes[value]

    def _node_of(self, value: Value) -> Node:
        if value.rebuild is not None:
            return value.rebuild(self)
        if value in self._inputs:
            parameter = self._tape.op.parameter(list(value.shape), self._tape.float)
            self.parameters[value] = parameter
            return parameter
        self.parameters[value], node = self._tape.kept(value)
        return node


@dataclass(frozen=True)
class Graphs:
    """The graphs of a function of tensors.

    Attributes:
        forward: inputs -> outputs, then tensors that are kept.
        outputs: The number of outputs.
        backward: kept tensors, then some of the inputs, then gradients of the outputs -> gradients of the inputs that
            are differentiable. None if the function is not differentiated.
        used: Which of the inputs the backward graph takes.
    """

    forward: Any
    outputs: int
    backward: Any
    used: tuple[int, ...]
