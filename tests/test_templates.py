"""Graphs without Paddle: templates are what Paddle makes today, and a painter with a reference needs nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ppgan_lite.checkpoint import NetSpec, read_checkpoint, write_checkpoint
from ppgan_lite.inference.engines.selection import ENGINE_VARIABLE, is_installed
from ppgan_lite.inference.engines.subgraph import Subgraph
from ppgan_lite.inference.loading import load_predictor
from ppgan_lite.inference.onnx.graphs import make_graph
from ppgan_lite.inference.onnx.templates import find_template, template_key
from ppgan_lite.inference.stylization.painters import REFERENCE, painter_subgraphs, read_painter
from ppgan_lite.inference.stylization.reference import add_reference
from ppgan_lite.runtime.user_folders import CACHE_VARIABLE
from ppgan_lite.styles import any_painting, catalogue, shipped

PAINTERS = [any_painting(), shipped("wheat_field")]


@pytest.fixture(autouse=True)
def any_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let engines be chosen, with a cache of their own."""
    monkeypatch.delenv(ENGINE_VARIABLE, raising=False)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))


def subgraphs_of(path: Path) -> dict[str, Subgraph]:
    header, tensors = read_checkpoint(path)
    (net,) = header.nets
    return painter_subgraphs(header, net, tensors, "key")


@pytest.mark.parametrize("path", PAINTERS, ids=lambda path: path.stem)
def test_a_filled_template_is_the_graph_that_paddle_makes(path: Path) -> None:
    """If not, run tools/make_templates.py: a net, a pass or Paddle has changed."""
    pytest.importorskip("paddle2onnx")
    for subgraph in subgraphs_of(path).values():
        assert subgraph.template is not None
        assert nodes_of(subgraph.template.graph()) == nodes_of(make_graph(subgraph)), subgraph.name


def nodes_of(graph: bytes) -> list[tuple[object, ...]]:
    """Return all that a graph computes, its values numbered: Paddle counts names on from net to net."""
    import onnx

    model = onnx.load_model_from_string(graph)
    known: dict[str, object] = {}
    for node in model.graph.node:
        if node.op_type == "Constant":
            node.attribute[0].t.ClearField("name")
            known[node.output[0]] = node.attribute[0].SerializeToString()

    def value(name: str) -> object:
        return known.setdefault(name, len(known))

    inputs = [value(port.name) for port in model.graph.input]
    nodes: list[tuple[object, ...]] = [
        (
            node.op_type,
            [value(name) for name in node.input],
            [value(name) for name in node.output],
            sorted(attribute.SerializeToString() for attribute in node.attribute),
        )
        for node in model.graph.node
        if node.op_type != "Constant"
    ]
    return [(inputs, [value(port.name) for port in model.graph.output]), *nodes]


@pytest.mark.parametrize("path", [style.path for style in catalogue()], ids=lambda path: path.stem)
def test_every_style_that_ships_has_templates(path: Path) -> None:
    templates = [subgraph.template for subgraph in subgraphs_of(path).values()]
    assert templates and all(templates)


@pytest.mark.parametrize("path", [*(style.path for style in catalogue()), any_painting()], ids=lambda path: path.stem)
def test_every_painter_that_ships_holds_the_picture_that_paddle_paints(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    add_reference(copy)
    stored, painted = (read_checkpoint(file)[1][REFERENCE].astype(int) for file in (path, copy))
    assert np.abs(stored - painted).max() <= 1


def test_a_net_of_another_architecture_has_no_template() -> None:
    header, _ = read_checkpoint(PAINTERS[1])
    (net,) = header.nets.values()
    assert find_template(net.kind, net.arguments, "transform")
    assert not find_template(net.kind, {**net.arguments, "blocks": 5}, "transform")
    assert not find_template("AnyStyleNet", net.arguments, "transform")
    assert not find_template(net.kind, net.arguments, "revise1")


def test_a_draft_and_its_revision_nets_have_templates_of_their_own() -> None:
    net = NetSpec("StyleTransferNet", {"channels": 16, "blocks": 4, "revision_channels": 24, "revisions": 1})
    wider = {**net.arguments, "revision_channels": 32, "revisions": 0}
    assert template_key(net.kind, net.arguments, "transform") == template_key(net.kind, wider, "transform")
    assert template_key(net.kind, net.arguments, "revise0") != template_key(net.kind, wider, "revise0")


@pytest.fixture
def painter(tmp_path: Path) -> Path:
    """A painter that ships, in a file of its own, with a reference."""
    path = tmp_path / "painter.ppgan"
    path.write_bytes(PAINTERS[1].read_bytes())
    add_reference(path)
    return path


def test_a_reference_is_read_and_one_of_another_kind_ignored(painter: Path) -> None:
    header, tensors = read_checkpoint(painter)
    (net,) = header.nets
    assert read_painter(header, net, tensors).reference is not None
    for other in (np.zeros((4, 4, 3), np.uint8), np.zeros((128, 128, 3), np.float32)):
        assert read_painter(header, net, {**tensors, REFERENCE: other}).reference is None


def test_no_engine_is_used_that_differs_from_the_reference(painter: Path) -> None:
    if not is_installed("openvino"):
        pytest.skip("needs another engine than Paddle")
    header, tensors = read_checkpoint(painter)
    picture = tensors[REFERENCE]
    assert load_predictor(painter).engine != "paddle"
    write_checkpoint(painter, header, {**tensors, REFERENCE: 255 - picture}, half=True)
    assert load_predictor(painter).engine == "paddle"


def paint_without_paddle(path: Path, tmp_path: Path) -> tuple[str, np.ndarray]:
    """Paint the sample in a process that cannot import Paddle; return the engine's name and the picture."""
    script = """
import sys
for name in ("paddle", "paddle2onnx", "onnx"):
    sys.modules[name] = None
import numpy as np
from ppgan_lite import load_stylizer
from ppgan_lite.inference.engines.sample import sample_photo
stylizer = load_stylizer(sys.argv[1])
np.save(sys.argv[2], stylizer(sample_photo()))
print(stylizer.engine)
"""
    target = tmp_path / "painted.npy"
    done = subprocess.run(
        [sys.executable, "-c", script, str(path), str(target)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), np.load(target)


@pytest.mark.parametrize("has_reference", [True, False], ids=["reference", "no reference"])
def test_a_painter_of_a_shipped_architecture_paints_where_paddle_is_not_installed(
    painter: Path, tmp_path: Path, has_reference: bool
) -> None:
    """Without a reference the engine in float32 takes Paddle's place."""
    if not is_installed("openvino"):
        pytest.skip("needs another engine than Paddle")
    from ppgan_lite.inference.engines.sample import sample_photo

    expected = load_predictor(painter, engine="paddle")(sample_photo()).astype(int)
    engine, painted = paint_without_paddle(painter if has_reference else PAINTERS[1], tmp_path)
    assert engine.startswith("openvino")
    assert np.abs(painted - expected).mean() < 1
