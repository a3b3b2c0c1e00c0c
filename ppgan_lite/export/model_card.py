"""The model card of an export: its inputs, its output, its origin and its numerical check."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ppgan_lite import __version__
from ppgan_lite.checkpoint import sha256_of
from ppgan_lite.export.end_to_end import NOISE_SIDE_PX
from ppgan_lite.export.formats import FORMATS, RESULT, supports_onednn
from ppgan_lite.export.numerical_check import Difference, NumericalCheck
from ppgan_lite.export.plan import MIN_SIDE_PX, ExportOptions, ExportPlan
from ppgan_lite.nets.painter_interface import DRAFT_PX

FORMAT = "ppgan_lite export"
VERSION = 2
_UNKNOWN = "not stated"

_TASKS = {
    "stylize": "paints photos",
    "translate": "turns images of one kind into another",
    "restore": "restores degraded photos",
}


@dataclass(frozen=True)
class ModelCard:
    """Everything that a user of an export must know; the fields are the keys of model_card.json.

    Attributes:
        title: Of the checkpoint.
        task: "stylize", "translate" or "restore".
        licence: As the checkpoint states it.
        origin: As the checkpoint states it.
        source_sha256: Of the checkpoint.
        program: The program and version that wrote the export.
        predictor: Name of the checkpoint's predictor.
        kind: Name of the format in `FORMATS`.
        onednn: Whether a Paddle program runs with oneDNN; None for other formats.
        weights: How the weights are stored, in words.
        net: Kind and arguments.
        inputs: Name, shape, dtype, range and preprocessing of each.
        outputs: The same of each output, with its postprocessing.
        painting: Settings of a painter; None for other nets.
        files: Name -> bytes and sha256.
        source: The checkpoint's file name, sha256 and own description.
        numerical_check: The differences between the export and its net.
        versions: Of the packages that made the export.
    """

    title: str
    task: str
    licence: str
    origin: str
    source_sha256: str
    program: str
    predictor: str
    kind: str
    onednn: bool | None
    weights: str
    net: Mapping[str, Any]
    inputs: list[dict[str, Any]]
    outputs: list[dict[str, Any]]
    painting: Mapping[str, Any] | None
    files: Mapping[str, Mapping[str, Any]]
    source: Mapping[str, Any]
    numerical_check: NumericalCheck
    versions: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return the content of model_card.json."""
        return {"format": FORMAT, "version": VERSION, **asdict(self), "numerical_check": self.numerical_check.to_json()}


def metadata_of(plan: ExportPlan) -> dict[str, str]:
    """Return the metadata of an ONNX file, key -> text; they are the first fields of the model card too."""
    about = plan.header.about
    return {
        "title": _title(plan),
        "task": plan.spec.task,
        "licence": str(about.get("licence", _UNKNOWN)),
        "origin": str(about.get("origin", _UNKNOWN)),
        "source_sha256": plan.sha256,
        "program": f"ppgan_lite {__version__}",
    }


def model_card_of(plan: ExportPlan, options: ExportOptions, files: list[Path], check: NumericalCheck) -> ModelCard:
    """Return the model card of an export.

    Args:
        plan: The exported net.
        options: Of the export.
        files: That were written.
        check: From `check_export`.
    """
    used = FORMATS[options.format]
    spec, header = plan.spec, plan.header
    packages = ("paddle", *used.packages)
    return ModelCard(
        **metadata_of(plan),
        predictor=plan.direction,
        kind=options.format,
        onednn=supports_onednn(files) if options.format == "paddle" else None,
        weights="float16, widened to float32 before they are used" if options.half else "float32",
        net={"kind": header.nets[spec.net].kind, "arguments": plan.arguments},
        inputs=[_input(plan, name) for name in plan.inputs],
        outputs=[_output(plan)],
        painting=_painting(plan) if plan.paints else None,
        files={path.name: {"bytes": path.stat().st_size, "sha256": sha256_of(path)} for path in files},
        source={"file": plan.path.name, "sha256": plan.sha256, "about": header.about},
        numerical_check=check,
        versions={name: importlib.import_module(name).__version__ for name in packages},
    )


def to_markdown(card: ModelCard) -> str:
    """Return the model card for people, the README.md of an export."""
    check, low_high = card.numerical_check, card.outputs[0]["range"]
    step = (low_high[1] - low_high[0]) / 255
    lines = [
        f"# {card.title}",
        "",
        f"A net that {_TASKS[card.task]}, as {FORMATS[card.kind].title}, written by {card.program}.",
        f"License: {card.licence}. Origin: {card.origin}.",
        "",
        "| | name | shape (NCHW) | values |",
        "|---|---|---|---|",
        *(f"| in | `{port['name']}` | {_shape(port)} | {_range(port)} |" for port in card.inputs),
        *(f"| out | `{port['name']}` | {_shape(port)} | {_range(port)} |" for port in card.outputs),
        "",
        *(f"- Before, `{port['name']}`: {port['preprocessing']}." for port in card.inputs),
        *(f"- After, `{port['name']}`: {port['postprocessing']}." for port in card.outputs),
        *(f"- {text}." for text in (card.painting or {}).get("notes", [])),
        f"- Weights: {card.weights}. The batch is one picture.",
        "",
        "## Use",
        "",
        "```python",
        example_program(card).rstrip(),
        "```",
        "",
        "## Numerical check",
        "",
        f"{check.runtime}, against {check.reference}, on the same pictures. Differences of output values; a step "
        f"of 1/255 of their range is {step:.2g}.",
        "",
        "| pictures | largest | mean |",
        "|---|---|---|",
        *(f"| {_sizes(trial.sizes)} | {_numbers(trial.difference)} |" for trial in check.trials),
        f"| allowed | {_numbers(check.tolerance)} |",
        "",
        "## Files",
        "",
        "| file | bytes | sha256 |",
        "|---|---|---|",
        *(f"| `{name}` | {file['bytes']} | `{file['sha256']}` |" for name, file in card.files.items()),
        f"| made from `{card.source['file']}` | | `{card.source['sha256']}` |",
        "",
        "`model_card.json` has the same for programs. Made with "
        + ", ".join(f"{name} {version}" for name, version in card.versions.items())
        + ".",
    ]
    return "\n".join(lines) + "\n"


def example_program(card: ModelCard) -> str:
    """Return a Python program that runs the export on photo.jpg and writes result.png."""
    names = list(card.files)
    low, high = card.outputs[0]["range"]
    lines = ["import numpy as np"]
    lines += (
        ["import onnxruntime"] if card.kind == "onnx" else ["from paddle.inference import Config, create_predictor"]
    )
    lines += ["from PIL import Image", ""]
    for port in card.inputs:
        channels, height, width = port["shape"][1:]
        mode, layout = ("RGB", ".transpose(2, 0, 1)[None]") if channels == 3 else ("L", "[None, None]")
        resize = f".resize(({width}, {height}))" if isinstance(width, int) else ""
        name = port["name"]
        lines += [
            f'{name} = np.asarray(Image.open("{name}.jpg").convert("{mode}"){resize}, np.float32)',
            f"{name} = np.ascontiguousarray({name}{layout} / 255{_affine(low, high)})",
        ]
    given = [port["name"] for port in card.inputs]
    if card.kind == "onnx":
        feed = ", ".join(f'"{name}": {name}' for name in given)
        lines += [f'net = onnxruntime.InferenceSession("{names[0]}")', f'result = net.run(["{RESULT}"], {{{feed}}})[0]']
    else:
        arguments = ", ".join(f'"{name}"' for name in names)
        lines += [f"config = Config({arguments})"]
        if not card.onednn:
            lines += ["config.disable_mkldnn()  # oneDNN fails where the net resizes"]
        lines += ["net = create_predictor(config)"]
        lines += [f'net.get_input_handle("{name}").copy_from_cpu({name})' for name in given]
        lines += ["net.run()", "result = net.get_output_handle(net.get_output_names()[0]).copy_to_cpu()"]
    back = _to_pixels("result[0]", low, high)
    picture = "pixels.transpose(1, 2, 0)" if card.outputs[0]["shape"][1] == 3 else "pixels[0]"
    lines += [
        f"pixels = ({back}).round().clip(0, 255).astype(np.uint8)",
        f'Image.fromarray({picture}).save("result.png")',
    ]
    return "\n".join(lines) + "\n"


def _title(plan: ExportPlan) -> str:
    title = plan.header.about.get("title")
    if isinstance(title, dict):
        title = title.get("en")
    return str(title or plan.name)


def _input(plan: ExportPlan, name: str) -> dict[str, Any]:
    shape = plan.inputs[name]
    low, high = plan.spec.value_range
    channels = "RGB" if shape[1] == 3 else "gray (0.299 R + 0.587 G + 0.114 B)"
    words = f"{channels}, upright, pixels / 255{_affine(low, high)}, as float32 1 x {shape[1]} x height x width"
    port: dict[str, Any] = {
        "name": name,
        "shape": [side if side is not None else word for side, word in zip(shape, ("", "", "height", "width"))],
        "dtype": "float32",
        "layout": "NCHW",
        "range": [low, high],
    }
    if name == "photo":
        port |= {"smallest_px": plan.min_side_px, "multiple_of": plan.spec.multiple_of}
        words += f"; sides of at least {plan.min_side_px} pixels"
        if plan.spec.multiple_of > 1:
            words += f", in multiples of {plan.spec.multiple_of}"
    else:
        port |= {"smallest_px": MIN_SIDE_PX, "multiple_of": 1, "best_px": plan.style_px}
        words += f"; best with a short side of about {plan.style_px} pixels, the size that keeps the width of strokes"
    return {**port, "preprocessing": words}


def _output(plan: ExportPlan) -> dict[str, Any]:
    low, high = plan.spec.value_range
    scale = plan.spec.scale
    channels = plan.arguments.get("out_channels", 3)
    sides: list[int | str] = [
        side * scale if side is not None else word if scale == 1 else f"{scale} * {word}"
        for side, word in zip(plan.inputs["photo"][2:], ("height", "width"))
    ]
    return {
        "name": RESULT,
        "shape": [1, channels, *sides],
        "dtype": "float32",
        "layout": "NCHW",
        "range": [low, high],
        "postprocessing": f"{_to_pixels('value', low, high)}, rounded and clipped to 0 .. 255, "
        f"gives {'RGB' if channels == 3 else 'gray'} pixels",
    }


def _painting(plan: ExportPlan) -> dict[str, Any]:
    """Return the settings of a painter, and notes on them."""
    settings, levels = plan.spec.settings, plan.levels
    draft_px = round(settings.get("draft_px", DRAFT_PX))
    noise_std = float(settings.get("noise_std", 0.0))
    best_px = draft_px << levels
    notes = [
        f"The photo is drafted at 1/{2**levels} of its size; drafts of about {draft_px} pixels on the short side "
        f"give the best results: resize photos to about {best_px}. Smaller ones get broader strokes",
        "The strength of the style is 1",
    ]
    if noise_std:
        where = (
            "always the same" if plan.size else f"{NOISE_SIDE_PX} pixels wide, beyond which its mirror image follows"
        )
        notes.append(f"Soft noise of {noise_std:g} is added before drafting, a constant of the file, {where}")
    return {
        "levels": levels,
        "noise_std": noise_std,
        "draft_px": draft_px,
        "best_short_side_px": best_px,
        "notes": notes,
    }


def _affine(low: float, high: float) -> str:
    """Return the code that maps [0, 1] to [low, high]."""
    scale = f" * {high - low:g}" if high - low != 1 else ""
    return scale + (f" {'-' if low < 0 else '+'} {abs(low):g}" if low else "")


def _to_pixels(values: str, low: float, high: float) -> str:
    """Return the code that maps [low, high] to [0, 255]."""
    shifted = f"({values} {'+' if low < 0 else '-'} {abs(low):g})" if low else values
    return f"{shifted} * {255 / (high - low):g}"


def _shape(port: Mapping[str, Any]) -> str:
    return " x ".join(map(str, port["shape"]))


def _range(port: Mapping[str, Any]) -> str:
    low, high = port["range"]
    return f"{port['dtype']}, {low:g} .. {high:g}"


def _numbers(difference: Difference) -> str:
    return f"{difference.largest:.2g} | {difference.mean:.2g}"


def _sizes(sizes: Mapping[str, tuple[int, int]]) -> str:
    return ", ".join(f"{name} {width}x{height}" for name, (width, height) in sizes.items())
