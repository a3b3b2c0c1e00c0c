"""The formats of exports: functions that write a layer as files, and functions that run these."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ppgan_lite import __version__
from ppgan_lite.errors import EngineError, ExportError, missing_extra
from ppgan_lite.inference.engines.engine import message_of
from ppgan_lite.inference.engines.subgraph import Shape
from ppgan_lite.inference.onnx.nodes import names_read
from ppgan_lite.inference.onnx.tracing import OPSET, convert_program, save_program

if TYPE_CHECKING:
    from paddle import nn

RESULT = "result"  # name of the output

Runner = Callable[[Mapping[str, np.ndarray]], np.ndarray]


@dataclass(frozen=True)
class Format:
    """A format of exported nets.

    Attributes:
        title: In prose.
        packages: Needed to write and to check it, apart from Paddle: name to import -> distribution.
        runtime: The program that checks it, in prose, and its module.
        write: (layer, inputs, stem, metadata) -> the files written, `stem` with suffixes.
        load: These files -> a function that runs them on the CPU.
    """

    title: str
    packages: Mapping[str, str]
    runtime: tuple[str, str]
    write: Callable[[nn.Layer, Mapping[str, Shape], Path, Mapping[str, str]], list[Path]]
    load: Callable[[list[Path]], Runner]


def check_packages(wanted: Format) -> None:
    """Refuse, before anything is computed, a format that cannot be written or checked here.

    Raises:
        MissingDependencyError: A package is not installed.
    """
    for name, distribution in wanted.packages.items():
        if importlib.util.find_spec(name) is None:
            raise missing_extra("export", distribution, "export", " (Python 3.10 to 3.12), or use --format paddle")


def runtime_of(used: Format) -> str:
    """Return the name and version of the program that checks a format."""
    title, module = used.runtime
    return f"{title} {importlib.import_module(module).__version__}"


def _write_paddle(layer: nn.Layer, inputs: Mapping[str, Shape], stem: Path, metadata: Mapping[str, str]) -> list[Path]:
    save_program(layer, inputs, stem, name=stem.name)
    return [stem.with_name(f"{stem.name}{suffix}") for suffix in (".json", ".pdiparams")]


def supports_onednn(files: list[Path]) -> bool:
    """Return whether a Paddle program runs with oneDNN, which fails at any resizing (Paddle 3.3: double attributes)."""
    return b'_interp"' not in files[0].read_bytes()


def _load_paddle(files: list[Path]) -> Runner:
    from paddle.inference import Config, create_predictor

    config = Config(*map(str, files))
    config.disable_glog_info()
    if not supports_onednn(files):
        config.disable_mkldnn()
    try:
        predictor = create_predictor(config)
    except Exception as error:  # Its errors have no common class but Exception.
        raise _cannot_run(files[0], "Paddle Inference", error) from error

    def run(arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        try:
            for name, array in arrays.items():
                predictor.get_input_handle(name).copy_from_cpu(array)
            predictor.run()
            return predictor.get_output_handle(predictor.get_output_names()[0]).copy_to_cpu()
        except Exception as error:
            raise _cannot_run(files[0], "Paddle Inference", error) from error

    return run


def _write_onnx(layer: nn.Layer, inputs: Mapping[str, Shape], stem: Path, metadata: Mapping[str, str]) -> list[Path]:
    import onnx

    path = stem.with_name(f"{stem.name}.onnx")
    program = stem.with_name(f".{stem.name}")
    written = _write_paddle(layer, inputs, program, metadata)
    try:
        graph = onnx.load_model_from_string(convert_program(program, name=stem.name))
    finally:
        for file in written:
            file.unlink(missing_ok=True)
    try:
        graph = _clean_model(graph, stem.name, inputs, metadata)
        onnx.checker.check_model(graph)
        path.write_bytes(graph.SerializeToString())
    except (onnx.checker.ValidationError, ValueError) as error:  # ValueError: more than 2 GB
        raise EngineError(stem.name, f"cannot be written as ONNX ({message_of(error)})") from error
    return [path]


def _clean_model(model: Any, name: str, inputs: Mapping[str, Shape], metadata: Mapping[str, str]) -> Any:
    """Rewrite paddle2onnx's model the way that users of ONNX expect.

    Weights become initializers, unused ones are dropped (ONNX Runtime warns of each), the output and free sides get
    names, and the metadata states the origin.
    """
    from onnx import helper

    nodes, tensors, output = [], list(model.graph.initializer), model.graph.output[0]
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            tensor = node.attribute[0].t
            tensor.name = node.output[0]
            tensors.append(tensor)
        else:
            node.input[:] = [RESULT if key == output.name else key for key in node.input]
            node.output[:] = [RESULT if key == output.name else key for key in node.output]
            nodes.append(node)
    output.name = RESULT
    for port, shape in [*zip(model.graph.input, inputs.values()), (output, next(iter(inputs.values())))]:
        for place, side in ((2, "height"), (3, "width")):
            if shape[place] is None:
                port.type.tensor_type.shape.dim[place].dim_param = f"{port.name}_{side}"
    used = names_read(nodes)
    tensors = [tensor for tensor in tensors if tensor.name in used]
    graph = helper.make_graph(nodes, name, model.graph.input, [output], tensors)
    cleaned = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    cleaned.producer_name, cleaned.producer_version = "ppgan_lite", __version__
    helper.set_model_props(cleaned, dict(metadata))
    return cleaned


def _load_onnx(files: list[Path]) -> Runner:
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(str(files[0]), providers=["CPUExecutionProvider"])
    except Exception as error:  # Its errors have no common class but Exception.
        raise _cannot_run(files[0], "ONNX Runtime", error) from error

    def run(arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        try:
            (result,) = session.run([RESULT], dict(arrays))
        except Exception as error:
            raise _cannot_run(files[0], "ONNX Runtime", error) from error
        return result

    return run


def _cannot_run(path: Path, runtime: str, error: Exception) -> ExportError:
    return ExportError(path.name, f"{runtime} cannot run it ({message_of(error)})")


FORMATS = {
    "onnx": Format(
        f"ONNX, opset {OPSET}",
        {"paddle2onnx": "paddle2onnx", "onnx": "onnx", "onnxruntime": "onnxruntime"},
        ("ONNX Runtime", "onnxruntime"),
        _write_onnx,
        _load_onnx,
    ),
    "paddle": Format("Paddle Inference program", {}, ("Paddle Inference", "paddle"), _write_paddle, _load_paddle),
}
