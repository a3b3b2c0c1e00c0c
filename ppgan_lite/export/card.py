"""The card of an export: what it takes, what it gives, where it comes from and how near it is to its net."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ppgan_lite import __version__
from ppgan_lite.checkpoint import sha256_of
from ppgan_lite.export.programs import FORMATS, RESULT, runtime_of, takes_onednn
from ppgan_lite.export.subject import SMALLEST_PX, Subject, Wanted
from ppgan_lite.export.whole import GRAIN_SIDE_PX
from ppgan_lite.nets.lapstyle_sizes import DRAFT_PX

FORMAT = "ppgan_lite export"
VERSION = 1
_UNKNOWN = "not stated"

_TASKS = {
    "stylize": "paints photos",
    "translate": "turns images of one kind into another",
    "restore": "restores degraded photos",
}


def labels_of(subject: Subject) -> dict[str, str]:
    """Return what an ONNX file says of itself, key -> text."""
    about = subject.header.about
    return {
        "title": _title(subject),
        "task": subject.spec.task,
        "licence": str(about.get("licence", _UNKNOWN)),
        "origin": str(about.get("origin", _UNKNOWN)),
        "source_sha256": subject.sha256,
        "program": f"ppgan_lite {__version__}",
    }


def card_of(subject: Subject, wanted: Wanted, files: list[Path], proof: Mapping[str, Any]) -> dict[str, Any]:
    """Return the card as JSON values.

    Args:
        subject: What was exported.
        wanted: How.
        files: What was written.
        proof: From `prove`.
    """
    used = FORMATS[wanted.format]
    spec, header = subject.spec, subject.header
    packages = ("paddle", *used.packages)
    return {
        "format": FORMAT,
        "version": VERSION,
        **labels_of(subject),
        "predictor": subject.direction,
        "kind": wanted.format,
        "onednn": takes_onednn(files) if wanted.format == "paddle" else None,
        "weights": "float16, widened to float32 before they are used" if wanted.half else "float32",
        "net": {"kind": header.nets[spec.net].kind, "arguments": subject.arguments},
        "inputs": [_input(subject, name) for name in subject.inputs],
        "outputs": [_output(subject)],
        "painting": _painting(subject) if subject.paints else None,
        "files": {path.name: {"bytes": path.stat().st_size, "sha256": sha256_of(path)} for path in files},
        "source": {"file": subject.path.name, "sha256": subject.sha256, "about": header.about},
        "proof": {"runtime": f"{runtime_of(used)}, CPU", **proof},
        "versions": {name: importlib.import_module(name).__version__ for name in packages},
    }


def readme_of(card: Mapping[str, Any]) -> str:
    """Return the card for people, as Markdown."""
    proof, low_high = card["proof"], card["outputs"][0]["range"]
    unit = 255 / (low_high[1] - low_high[0])
    lines = [
        f"# {card['title']}",
        "",
        f"A net that {_TASKS[card['task']]}, as {FORMATS[card['kind']].title}, written by {card['program']}.",
        f"Licence: {card['licence']}. Origin: {card['origin']}.",
        "",
        "| | name | shape (NCHW) | values |",
        "|---|---|---|---|",
        *(f"| in | `{port['name']}` | {_shape(port)} | {_range(port)} |" for port in card["inputs"]),
        *(f"| out | `{port['name']}` | {_shape(port)} | {_range(port)} |" for port in card["outputs"]),
        "",
        *(f"- Before, `{port['name']}`: {port['preprocessing']}." for port in card["inputs"]),
        *(f"- Behind, `{port['name']}`: {port['postprocessing']}." for port in card["outputs"]),
        *(f"- {text}." for text in (card["painting"] or {}).get("notes", [])),
        f"- Weights: {card['weights']}. The batch is one picture.",
        "",
        "## Use",
        "",
        "```python",
        snippet(card).rstrip(),
        "```",
        "",
        "## Proof",
        "",
        f"{proof['runtime']}, against {proof['reference']}, on the same pictures. Differences in the values that come "
        f"out; a step of 1/255 of their range is {1 / unit:.2g}.",
        "",
        "| pictures | largest | mean |",
        "|---|---|---|",
        *(f"| {_sizes(trial['sizes'])} | {trial['largest']:.2g} | {trial['mean']:.2g} |" for trial in proof["trials"]),
        f"| allowed | {proof['tolerance']['largest']:.2g} | {proof['tolerance']['mean']:.2g} |",
        "",
        "## Files",
        "",
        "| file | bytes | sha256 |",
        "|---|---|---|",
        *(f"| `{name}` | {file['bytes']} | `{file['sha256']}` |" for name, file in card["files"].items()),
        f"| made from `{card['source']['file']}` | | `{card['source']['sha256']}` |",
        "",
        "`card.json` says the same to programs. Made with "
        + ", ".join(f"{name} {version}" for name, version in card["versions"].items())
        + ".",
    ]
    return "\n".join(lines) + "\n"


def snippet(card: Mapping[str, Any]) -> str:
    """Return a Python program that runs the export on photo.jpg and writes result.png."""
    names = list(card["files"])
    low, high = card["outputs"][0]["range"]
    lines = ["import numpy as np"]
    lines += (
        ["import onnxruntime"] if card["kind"] == "onnx" else ["from paddle.inference import Config, create_predictor"]
    )
    lines += ["from PIL import Image", ""]
    for port in card["inputs"]:
        channels, height, width = port["shape"][1:]
        mode, layout = ("RGB", ".transpose(2, 0, 1)[None]") if channels == 3 else ("L", "[None, None]")
        resize = f".resize(({width}, {height}))" if isinstance(width, int) else ""
        name = port["name"]
        lines += [
            f'{name} = np.asarray(Image.open("{name}.jpg").convert("{mode}"){resize}, np.float32)',
            f"{name} = np.ascontiguousarray({name}{layout} / 255{_affine(low, high)})",
        ]
    given = [port["name"] for port in card["inputs"]]
    if card["kind"] == "onnx":
        feed = ", ".join(f'"{name}": {name}' for name in given)
        lines += [f'net = onnxruntime.InferenceSession("{names[0]}")', f'result = net.run(["{RESULT}"], {{{feed}}})[0]']
    else:
        arguments = ", ".join(f'"{name}"' for name in names)
        lines += [f"config = Config({arguments})"]
        if not card["onednn"]:
            lines += ["config.disable_mkldnn()  # oneDNN fails where the net resizes"]
        lines += ["net = create_predictor(config)"]
        lines += [f'net.get_input_handle("{name}").copy_from_cpu({name})' for name in given]
        lines += ["net.run()", "result = net.get_output_handle(net.get_output_names()[0]).copy_to_cpu()"]
    back = _to_pixels("result[0]", low, high)
    picture = "pixels.transpose(1, 2, 0)" if card["outputs"][0]["shape"][1] == 3 else "pixels[0]"
    lines += [
        f"pixels = ({back}).round().clip(0, 255).astype(np.uint8)",
        f'Image.fromarray({picture}).save("result.png")',
    ]
    return "\n".join(lines) + "\n"


def _title(subject: Subject) -> str:
    title = subject.header.about.get("title")
    if isinstance(title, dict):
        title = title.get("en")
    return str(title or subject.name)


def _input(subject: Subject, name: str) -> dict[str, Any]:
    shape = subject.inputs[name]
    low, high = subject.spec.value_range
    colours = "RGB" if shape[1] == 3 else "grey (0.299 R + 0.587 G + 0.114 B)"
    words = f"{colours}, upright, pixels / 255{_affine(low, high)}, as float32 1 x {shape[1]} x height x width"
    port: dict[str, Any] = {
        "name": name,
        "shape": [side if side is not None else word for side, word in zip(shape, ("", "", "height", "width"))],
        "dtype": "float32",
        "layout": "NCHW",
        "range": [low, high],
    }
    if name == "photo":
        port |= {"smallest_px": subject.smallest_px, "multiple_of": subject.spec.multiple_of}
        words += f"; sides of at least {subject.smallest_px} pixels"
        if subject.spec.multiple_of > 1:
            words += f", in multiples of {subject.spec.multiple_of}"
    else:
        port |= {"smallest_px": SMALLEST_PX, "multiple_of": 1, "best_px": subject.style_px}
        words += f"; best with a short side of about {subject.style_px} pixels, at which strokes have their width"
    return {**port, "preprocessing": words}


def _output(subject: Subject) -> dict[str, Any]:
    low, high = subject.spec.value_range
    scale = subject.spec.scale
    channels = subject.arguments.get("out_channels", 3)
    sides: list[int | str] = [
        side * scale if side is not None else word if scale == 1 else f"{scale} * {word}"
        for side, word in zip(subject.inputs["photo"][2:], ("height", "width"))
    ]
    return {
        "name": RESULT,
        "shape": [1, channels, *sides],
        "dtype": "float32",
        "layout": "NCHW",
        "range": [low, high],
        "postprocessing": f"{_to_pixels('value', low, high)}, rounded and cut to 0 .. 255, "
        f"gives {'RGB' if channels == 3 else 'grey'} pixels",
    }


def _painting(subject: Subject) -> dict[str, Any]:
    """Return how a painter was set, and what that means in words."""
    settings, levels = subject.spec.settings, subject.levels
    draft_px = round(settings.get("draft_px", DRAFT_PX))
    grain = float(settings.get("grain", 0.0))
    best_px = draft_px << levels
    notes = [
        f"The photo is drafted at 1/{2**levels} of its size; drafts of about {draft_px} pixels on the short side are "
        f"what the net is best at: resize photos to about {best_px}. Smaller ones get broader strokes",
        "The strength of the style is 1",
    ]
    if grain:
        where = (
            "always the same" if subject.size else f"{GRAIN_SIDE_PX} pixels wide, beyond which its mirror image follows"
        )
        notes.append(f"Soft grain of {grain:g} is laid over the draft, a constant of the file, {where}")
    return {
        "levels": levels,
        "coats": int(settings.get("coats", 1)),
        "grain": grain,
        "draft_px": draft_px,
        "best_short_side_px": best_px,
        "notes": notes,
    }


def _affine(low: float, high: float) -> str:
    """Return what brings [0, 1] to [low, high], as code."""
    scale = f" * {high - low:g}" if high - low != 1 else ""
    return scale + (f" {'-' if low < 0 else '+'} {abs(low):g}" if low else "")


def _to_pixels(values: str, low: float, high: float) -> str:
    """Return what brings [low, high] to [0, 255], as code."""
    shifted = f"({values} {'+' if low < 0 else '-'} {abs(low):g})" if low else values
    return f"{shifted} * {255 / (high - low):g}"


def _shape(port: Mapping[str, Any]) -> str:
    return " x ".join(map(str, port["shape"]))


def _range(port: Mapping[str, Any]) -> str:
    low, high = port["range"]
    return f"{port['dtype']}, {low:g} .. {high:g}"


def _sizes(sizes: Mapping[str, tuple[int, int]]) -> str:
    return ", ".join(f"{name} {width}x{height}" for name, (width, height) in sizes.items())
