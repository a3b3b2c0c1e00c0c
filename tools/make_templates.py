"""Make the templates of graphs that ship, from the architectures of the styles that ship.

    python tools/make_templates.py

Run it after a change of a net that paints, or of what makes graphs of nets; tests/test_templates.py says when.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ppgan_lite.checkpoint import Header, NetSpec, read_checkpoint
from ppgan_lite.inference.onnx.graphs import make_graph
from ppgan_lite.inference.onnx.templates import FORMS, Place, template_key, write_template
from ppgan_lite.inference.stylization.painters import painter_subgraphs
from ppgan_lite.styles import any_painting, catalogue


def main() -> None:
    architectures: list[NetSpec] = []
    for file in [*(style.path for style in catalogue()), any_painting()]:
        header, tensors = read_checkpoint(file)
        ((name, net),) = header.nets.items()
        if net in architectures:
            continue
        architectures.append(net)
        prefix = f"net/{name}/"
        shapes = {key.removeprefix(prefix): tensor.shape for key, tensor in tensors.items() if key.startswith(prefix)}
        for key, graph, places in templates_of(net, shapes):
            write_template(key, graph, places)
            print(f"{key}: {len(places)} tensors")


def templates_of(net: NetSpec, shapes: dict[str, Any]) -> Iterator[tuple[str, bytes, list[Place]]]:
    """Yield key, graph and places of each subgraph of a net that paints.

    The net gets random weights, so that each constant of its graph tells the tensor that it comes of.

    Args:
        net: Its kind and arguments.
        shapes: Of its tensors, by their names in it.
    """
    generator = np.random.default_rng(0)
    tensors = {name: generator.uniform(0.5, 1, shape).astype(np.float32) for name, shape in shapes.items()}
    header = Header({"painter": net})
    named = {f"net/painter/{name}": tensor for name, tensor in tensors.items()}
    for subgraph in painter_subgraphs(header, "painter", named, "template").values():
        graph = bytearray(make_graph(subgraph))
        places = []
        for name, tensor in tensors.items():
            for form, change in FORMS.items():
                if form != "same" and tensor.shape[2:] != (3, 3):
                    continue
                values = change(tensor).tobytes()
                start = graph.find(values)
                while start >= 0:
                    places.append(Place(start, name, form))
                    graph[start : start + len(values)] = bytes(len(values))
                    start = graph.find(values)
        yield template_key(net.kind, net.arguments, subgraph.name), bytes(graph), places


if __name__ == "__main__":
    main()
