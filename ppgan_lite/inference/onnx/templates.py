"""Graphs of the architectures that ship, without Paddle: ONNX files with a place for each weight.

A template is the file that `graphs.make_graph` makes of a net, its weights zeros, and a table of where in the file the
values of each tensor belong. It is gzipped: a line of JSON, then the ONNX file. tools/make_templates.py makes them;
tests/test_templates.py compares each, filled, with the graph that Paddle makes of the same net today.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ppgan_lite.inference.onnx.phase_filters import filters_of_phases, phase_filters

FOLDER = Path(__file__).parent / "template_files"
INDEX = "index.json"

# How a constant of a graph comes of a tensor of a net.
FORMS = {"same": lambda tensor: tensor, "phase filters": phase_filters, "filters of phases": filters_of_phases}


class Place(NamedTuple):
    """A place for weights in an ONNX file.

    Attributes:
        start: Of its first byte.
        tensor: Its name in the net.
        form: How it is changed, in `FORMS`.
    """

    start: int
    tensor: str
    form: str


class Template(NamedTuple):
    """A file of `FOLDER`.

    Attributes:
        file: Its name.
        digest: Of its content, in hexadecimal.
    """

    file: str
    digest: str

    def fill(self, tensor: Callable[[str], np.ndarray]) -> bytes:
        """Return the graph of a net, an ONNX file.

        Args:
            tensor: Name in the net -> float32 values.
        """
        with gzip.open(FOLDER / self.file) as file:
            places = [Place(**entry) for entry in json.loads(file.readline())]
            graph = bytearray(file.read())
        for place in places:
            values = FORMS[place.form](tensor(place.tensor)).astype("<f4", copy=False).tobytes()
            graph[place.start : place.start + len(values)] = values
        return bytes(graph)


class FilledTemplate(NamedTuple):
    """A template, and the tensors to fill it with.

    Attributes:
        template: As above.
        tensor: See `Template.fill`.
    """

    template: Template
    tensor: Callable[[str], np.ndarray]

    @property
    def digest(self) -> str:
        return self.template.digest

    def graph(self) -> bytes:
        """Return the graph, an ONNX file."""
        return self.template.fill(self.tensor)


def find_template(kind: str, arguments: Mapping[str, Any], subgraph: str) -> Template | None:
    """Return the template of a subgraph; None if there is none for this architecture.

    Args:
        kind: Of the net, a name in `nets.NETS`.
        arguments: Of its constructor.
        subgraph: Its name.
    """
    entry = _index().get(template_key(kind, arguments, subgraph))
    return None if entry is None else Template(**entry)


def template_key(kind: str, arguments: Mapping[str, Any], subgraph: str) -> str:
    """Return all that the graph of a subgraph depends on but weights, as text.

    Revision nets are the same in all nets that paint, and know nothing of the draft's net, nor that of them.
    """
    if subgraph.startswith("revise"):
        kind = "HalfSizeRevisionNet" if arguments.get("revision_size") == "half" else "RevisionNet"
        return json.dumps([kind, {"channels": arguments.get("revision_channels")}, subgraph])
    given = {name: value for name, value in arguments.items() if not name.startswith("revision")}
    return json.dumps([kind, given, subgraph], sort_keys=True)


def write_template(key: str, graph: bytes, places: list[Place]) -> None:
    """Write a template into `FOLDER` and its index.

    Args:
        key: From `template_key`.
        graph: An ONNX file with zeros for weights.
        places: Of these.
    """
    table = json.dumps([place._asdict() for place in places]).encode()
    content = table + b"\n" + graph
    digest = hashlib.sha256(content).hexdigest()[:16]
    kind, _, subgraph = json.loads(key)
    index = dict(_index())
    taken = {entry["file"] for other, entry in index.items() if other != key}
    stem = f"{kind}.{subgraph}"
    file = next(name for name in (f"{stem}{more}.onnx.gz" for more in ("", *range(2, 100))) if name not in taken)
    (FOLDER / file).write_bytes(gzip.compress(content, mtime=0))
    index[key] = {"file": file, "digest": digest}
    (FOLDER / INDEX).write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    _index.cache_clear()


@functools.cache
def _index() -> dict[str, dict[str, str]]:
    path = FOLDER / INDEX
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
