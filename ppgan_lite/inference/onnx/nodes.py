"""The nodes of an ONNX graph, for rules that replace some of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto


def names_read(nodes: Iterable[NodeProto]) -> set[str]:
    """Return the names that nodes read, those of inner graphs too."""
    found: set[str] = set()
    for node in nodes:
        found.update(node.input)
        for graph in _inner_graphs(node):
            found |= names_read(graph.node) | {port.name for port in graph.output}
    return found


class Nodes:
    """The nodes of a graph without those that change nothing, found by the names of their outputs."""

    def __init__(self, graph: GraphProto) -> None:
        self.makers: dict[str, NodeProto] = {}
        self._graph = graph
        self._outputs = {port.name for port in graph.output}
        self._nodes: list[NodeProto] = []
        self._made = 0
        same: dict[str, str] = {}
        for node in graph.node:
            _rename_inputs(node, same)
            if node.op_type == "Identity" and node.output[0] not in self._outputs:
                same[node.output[0]] = node.input[0]
            else:
                self._nodes.append(node)
                self.makers.update((name, node) for name in node.output)

    def replace(self, rule: Callable[[Nodes, NodeProto], list[NodeProto] | None]) -> None:
        """Try a rule on each node: the nodes that it returns take that node's place, the last one under its name."""
        nodes: list[NodeProto] = []
        for node in self._nodes:
            found = rule(self, node)
            if found:
                found[-1].output[:] = node.output
                self.makers.update((name, other) for other in found for name in other.output)
            nodes.extend(found or [node])
        self._nodes = nodes

    def write(self) -> None:
        """Give the graph these nodes, but those that nothing needs any more."""
        kept: list[NodeProto] = []
        needed = set(self._outputs)
        for node in reversed(self._nodes):
            if needed.intersection(node.output):
                kept.append(node)
                needed |= names_read([node])
        del self._graph.node[:]
        self._graph.node.extend(reversed(kept))

    def make(self, operation: str, *inputs: str, **attributes: Any) -> NodeProto:
        from onnx import helper

        self._made += 1
        return helper.make_node(operation, list(inputs), [f"rewritten.{self._made}"], **attributes)

    def constant(self, values: np.ndarray) -> NodeProto:
        from onnx import numpy_helper

        return self.make("Constant", value=numpy_helper.from_array(values))

    def maker(self, name: str, operation: str) -> NodeProto | None:
        """Return the node that makes a value if it is of this kind."""
        node = self.makers.get(name)
        return node if node is not None and node.op_type == operation else None

    def values(self, name: str) -> np.ndarray | None:
        """Return the values of a constant; None if it is something else."""
        from onnx import numpy_helper

        node = self.maker(name, "Constant")
        return None if node is None else numpy_helper.to_array(attribute(node, "value"))

    def holds(self, name: str, *values: int) -> bool:
        """Say whether something is a constant of these values."""
        found = self.values(name)
        return found is not None and found.ravel().tolist() == list(values)


def _rename_inputs(node: NodeProto, names: dict[str, str]) -> None:
    node.input[:] = [names.get(name, name) for name in node.input]
    for graph in _inner_graphs(node):
        for inner in graph.node:
            _rename_inputs(inner, names)


def _inner_graphs(node: NodeProto) -> Iterator[GraphProto]:
    for one in node.attribute:
        if one.HasField("g"):
            yield one.g
        yield from one.graphs


def attribute(node: NodeProto, name: str) -> Any:
    """Return an attribute of a node, None if it has none of that name."""
    from onnx import helper

    return next((helper.get_attribute_value(one) for one in node.attribute if one.name == name), None)


def attributes_of(node: NodeProto) -> dict[str, Any]:
    """Return all attributes of a node."""
    from onnx import helper

    return {one.name: helper.get_attribute_value(one) for one in node.attribute}
