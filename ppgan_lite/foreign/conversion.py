"""Convert other programs' files of weights: the nets in them, their arguments, and our names of their tensors."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ppgan_lite.checkpoint import Header, NetSpec, PredictorSpec
from ppgan_lite.errors import CheckpointError
from ppgan_lite.foreign.detection import DetectedGenerator, describe_other_net, detect_generator, unwrapped
from ppgan_lite.foreign.lapstyle import lapstyle_names
from ppgan_lite.foreign.options import ConversionOptions
from ppgan_lite.foreign.paddings import same_paddings
from ppgan_lite.foreign.shapes import detect_by_shapes
from ppgan_lite.foreign.value_ranges import RANGES
from ppgan_lite.foreign.vgg import CONVS, vgg_encoder_tensors
from ppgan_lite.foreign.weights_files import WeightsFile, read_weights, requested_globals

# The size of the drafts and paintings that LapStyle's nets were trained on (PaddleGAN's configs).
_LAPSTYLE_PX = 128
# The direction at the end of a name: netG_A, latest_net_G_B, netG_B2A, G_AB_195, gen_BA.
_DIRECTION = re.compile(r"(?:^|_)(?:net_?)?(?:G|[Gg]en(?:erator)?)_?(A|B)(?:(?:_?(?:2|to)_?)?[AB])?(?:_\d+)?$")
DIRECTIONS = {"A": ("generator_ab", "a_to_b"), "B": ("generator_ba", "b_to_a")}

_EXPECTED = "a generator of CycleGAN, pix2pix, CUT or LapStyle"
_MAX_PREFIXES = 4  # of which a name is made, beside dicts
_REMEDIES = {
    "a discriminator": "Give the file with G in its name, such as latest_net_G.pth",
    "an optimizer": "Give the file of the net's weights that was saved beside it",
    "a Paddle program": "Give the .pdparams file that it was exported from",
    "CUT's net": "Give the file with G in its name, such as latest_net_G.pth",
    "a StyleGAN": "There is no StyleGAN here",
}


@dataclass
class _Content:
    """The nets found in a file so far."""

    nets: dict[str, NetSpec] = field(default_factory=dict)
    predictors: dict[str, PredictorSpec] = field(default_factory=dict)
    tensors: dict[str, np.ndarray] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def convert_file(path: Path, options: ConversionOptions | None = None) -> tuple[Header, dict[str, np.ndarray]]:
    """Read a file of another program as a checkpoint.

    Raises:
        CheckpointError: It is damaged, hostile or of another kind, or holds no net that is known here.
    """
    file = read_weights(path)
    content = _convert(file, options or ConversionOptions())
    if not content.nets:
        raise _nothing_usable(file, content)
    for name, tensor in content.tensors.items():
        if not np.isfinite(tensor).all():
            raise CheckpointError(
                path, f"tensor {name} holds NaN or infinity", "finite numbers", "Use an earlier checkpoint"
            )
    return _header(file, content), content.tensors


def describe_conversion(path: Path) -> dict[str, Any]:
    """Return a summary of such a file as JSON values, as far as possible; see `describe_file`.

    Raises:
        CheckpointError: The file cannot be read at all.
    """
    summary: dict[str, Any] = {"file": str(path), "format": "unknown", "nets": {}, "predictors": {}}
    names: list[str] = []
    try:
        names = requested_globals(path)
        file = read_weights(path)
        summary["format"] = f"{file.layout} file of weights"
        content = _convert(file, ConversionOptions())
        if not content.nets:
            raise _nothing_usable(file, content)
        header = _header(file, content)
        summary["nets"] = {
            name: {
                "kind": spec.kind,
                "arguments": spec.arguments,
                "parameters": sum(t.size for key, t in content.tensors.items() if key.startswith(f"net/{name}/")),
            }
            for name, spec in header.nets.items()
        }
        summary["predictors"] = {name: asdict(spec) for name, spec in header.predictors.items()}
        summary["about"] = header.about
        summary["tensors"] = len(file.arrays)
    except CheckpointError as error:
        if not path.is_file() or not path.stat().st_size:
            raise
        summary["problem"] = str(error).removeprefix(f"{path}: ")
    return {**summary, "globals": names}


def direction_of(name: str) -> tuple[str, str] | None:
    """Return the names of the generator and the predictor that a name like netG_A or latest_net_G_B stands for."""
    match = _DIRECTION.search(name)
    return DIRECTIONS[match[1]] if match else None


def _convert(file: WeightsFile, options: ConversionOptions) -> _Content:
    """Find the nets of a file and rename their tensors."""
    content = _Content()
    states = _by_net(file.arrays)
    if "net_enc" in states and "net_dec" in states:
        _add_lapstyle(file, states, content)
    for group, state in states.items():
        _add_nets(file, group, state, options, content)
    if not content.nets:
        with contextlib.suppress(CheckpointError):
            _add_encoder(file, content)
    return content


def _add_nets(
    file: WeightsFile,
    group: str,
    state: Mapping[str, np.ndarray],
    options: ConversionOptions,
    content: _Content,
    label: str | None = None,
) -> None:
    """Add the net of a state dict, or the nets that it holds under prefixes, such as "netG_A." or "generator.".

    Args:
        file: Whose state dict it is.
        group: Its name in the file, joined by "/".
        state: Name -> array.
        options: For what the file cannot state.
        content: Is added to.
        label: Names it among what is left out, if not the first part of `group`.
    """
    where = f"{file.path}: {group}" if group else str(file.path)
    state = unwrapped(state)
    parts = _by_prefix(state)
    sole = len(parts) == 1 and group.count("/") < _MAX_PREFIXES
    if generator := detect_generator(state, where=where):
        _add(file, group, _with_options(generator, options, where), content)
    elif sole and detect_generator(unwrapped(next(iter(parts.values()))), where=where):
        _add_nets(file, group, next(iter(parts.values())), options, content, label)
    elif generator := detect_by_shapes(state, options, where=where, is_ordered=file.layout != "safetensors"):
        _add(file, group, generator, content)
    elif kind := describe_other_net(state, group):
        content.left_out.setdefault(label or group.split("/", 1)[0], kind)
    elif group.count("/") < _MAX_PREFIXES:
        for prefix, part in parts.items():
            _add_nets(file, f"{group}/{prefix}" if group else prefix, part, options, content, prefix)


def _add(file: WeightsFile, group: str, generator: DetectedGenerator, content: _Content) -> None:
    """Add a generator that was found, under a name of its own."""
    own = group.rpartition("/")[2]
    name, predictor = direction_of(own) or direction_of(file.path.stem) or ("generator", "a_to_b")
    if generator.task == "stylize":
        name = predictor = "painter"
    if name in content.nets:
        name = predictor = re.sub(r"\W+", "_", group) or f"net{len(content.nets)}"
    content.nets[name] = NetSpec(generator.kind, generator.arguments)
    content.predictors[predictor] = PredictorSpec(name, generator.task, value_range=generator.value_range)
    for ours, array in generator.tensors.items():
        content.tensors[f"net/{name}/{ours}"] = array.astype(np.float32, copy=False)
    content.notes += generator.notes


def _by_prefix(state: Mapping[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    """Group arrays by the first part of their dotted names."""
    parts: dict[str, dict[str, np.ndarray]] = {}
    for name, array in state.items():
        prefix, _, rest = name.partition(".")
        if rest:
            parts.setdefault(prefix, {})[rest] = array
    return parts


def _by_net(arrays: Mapping[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    """Group arrays by the part of their joined names before the last "/"; a plain state dict is under ""."""
    states: dict[str, dict[str, np.ndarray]] = {}
    for joined, array in arrays.items():
        group, _, name = joined.rpartition("/")
        states.setdefault(group, {})[name] = array
    return states


def _with_options(generator: DetectedGenerator, options: ConversionOptions, where: object) -> DetectedGenerator:
    """Complete a generator of a published program by the options, or by the defaults of that program.

    Raises:
        CheckpointError: An option does not fit it.
    """
    arguments, value_range = dict(generator.arguments), generator.value_range
    if arguments["norm"] == "batch" and options.statistics != "training":
        arguments["norm"] = "picture"
    if options.padding and "padding" in arguments:
        arguments |= same_paddings(options.padding)
    if options.values is not None:
        if options.values == "imagenet" or generator.kind != "ResnetGenerator":
            raise CheckpointError(where, "is as published", remedy=f"Leave out --values {options.values}")
        value_range, arguments["output"] = RANGES[options.values]
    return replace(generator, arguments=arguments, value_range=value_range)


def _add_lapstyle(file: WeightsFile, states: dict[str, dict[str, np.ndarray]], content: _Content) -> None:
    """Add PaddleGAN's LapStyle: an encoder, a decoder, and up to two revision nets."""
    revisions = next(count for count, name in ((2, "net_rev_2"), (1, "net_rev"), (0, "net_dec")) if name in states)
    names = lapstyle_names(revisions)
    missing = [theirs for theirs in names.values() if theirs not in file.arrays]
    if missing:
        raise CheckpointError(file.path, f"is a LapStyle file without {missing[0]}", "PaddleGAN's nets, whole")
    tensors = {ours: file.arrays[theirs].astype(np.float32, copy=False) for ours, theirs in names.items()}
    if any(array.ndim != (4 if ours.endswith(".weight") else 1) for ours, array in tensors.items()):
        raise CheckpointError(file.path, "is a LapStyle file of other shapes", "PaddleGAN's nets, whole")
    content.nets["painter"] = NetSpec(
        "LapStyleNet",
        {
            "encoder_channels": [tensors[f"encoder.conv{stage}_1.weight"].shape[0] for stage in range(1, 6)],
            "encoder_convs": list(CONVS),
            "revision_channels": tensors["revisions.0.conv1.weight"].shape[0] if revisions else 64,
            "revisions": revisions,
            "own_style": False,
        },
    )
    settings = {"draft_px": _LAPSTYLE_PX, "style_px": _LAPSTYLE_PX}
    content.predictors["painter"] = PredictorSpec("painter", "stylize", ("photo", "style"), settings=settings)
    content.tensors |= {f"net/painter/{ours}": array for ours, array in tensors.items()}
    content.notes.append(
        "LapStyle's files lack the painting that they were trained on: `paddlegan convert --painting` puts it in"
    )
    for name in ("net_enc", "net_dec", "net_rev", "net_rev_2"):
        states.pop(name, None)


def _add_encoder(file: WeightsFile, content: _Content) -> None:
    tensors = vgg_encoder_tensors(file.arrays, where=file.path)
    channels = [tensors[f"conv{stage}_1.weight"].shape[0] for stage in range(1, 6)]
    content.nets["encoder"] = NetSpec("VGGEncoder", {"channels": channels, "convs": list(CONVS)})
    content.tensors |= {f"net/encoder/{ours}": array for ours, array in tensors.items()}
    content.left_out.clear()


def _header(file: WeightsFile, content: _Content) -> Header:
    about: dict[str, Any] = {
        "origin": f"{file.path.name}, a {file.layout} file",
        "licence": "not stated in the file",
    }
    if "epoch" in file.arrays and file.arrays["epoch"].ndim == 0:
        about["epoch"] = file.arrays["epoch"].item()
    if content.left_out:
        about["left_out"] = ", ".join(f"{name or 'arrays'} ({kind})" for name, kind in content.left_out.items())
    if content.notes:
        about["notes"] = "; ".join(dict.fromkeys(content.notes))
    return replace(Header(content.nets, content.predictors, about=about), source=str(file.path))


def _nothing_usable(file: WeightsFile, content: _Content) -> CheckpointError:
    """Return the error that names the nets of a file without a generator."""
    kinds = list(dict.fromkeys(content.left_out.values()))
    if kinds:
        remedy = next((text for start, text in _REMEDIES.items() if kinds[0].startswith(start)), "")
        return CheckpointError(file.path, f"holds {' and '.join(kinds)}", _EXPECTED, remedy)
    count = len(file.arrays)
    if not count:
        return CheckpointError(file.path, "holds no arrays", _EXPECTED)
    names = ", ".join(list(file.arrays)[:3])[:120]
    return CheckpointError(file.path, f"holds {count} arrays of no net known here ({names} ...)", _EXPECTED)
