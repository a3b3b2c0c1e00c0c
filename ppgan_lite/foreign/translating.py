"""Other programs' files of weights as checkpoints: which nets they hold, and what ours call their numbers."""

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
from ppgan_lite.foreign.opening import Choices
from ppgan_lite.foreign.paddlegan import lapstyle_names
from ppgan_lite.foreign.reading import WeightsFile, globals_of, read_weights
from ppgan_lite.foreign.recognition import label, recognise
from ppgan_lite.foreign.vgg import CONVS, vgg_encoder_tensors

# LapStyle's nets were trained on drafts and paintings of this size (PaddleGAN's configs).
_LAPSTYLE_PX = 128
# Where a net's direction stands: in a name of PaddleGAN's (netG_A) or of a file (latest_net_G_B.pth).
_DIRECTION = re.compile(r"(?:^|_)(?:net_?)?G_?(A|B)$")
DIRECTIONS = {"A": ("generator_ab", "a_to_b"), "B": ("generator_ba", "b_to_a")}

_EXPECTED = "a generator of CycleGAN, pix2pix, CUT or LapStyle"
_REMEDIES = {
    "a discriminator": "Give the file with G in its name, such as latest_net_G.pth",
    "an optimizer": "Give the file of the net's weights that was saved beside it",
    "a Paddle program": "Give the .pdparams file that it was exported from",
    "CUT's net": "Give the file with G in its name, such as latest_net_G.pth",
    "a StyleGAN": "There is no StyleGAN here",
}


@dataclass
class _Found:
    """What was found in a file so far."""

    nets: dict[str, NetSpec] = field(default_factory=dict)
    predictors: dict[str, PredictorSpec] = field(default_factory=dict)
    tensors: dict[str, np.ndarray] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def translate_file(path: Path, choices: Choices) -> tuple[Header, dict[str, np.ndarray]]:
    """Read a file of another program's as the checkpoint that it would be.

    Raises:
        CheckpointError: It is damaged, hostile or of another kind, or holds no net that is known here.
    """
    file = read_weights(path)
    found = _translate(file, choices)
    if not found.nets:
        raise _nothing_usable(file, found)
    for name, tensor in found.tensors.items():
        if not np.isfinite(tensor).all():
            raise CheckpointError(
                path, f"tensor {name} holds NaN or infinity", "finite numbers", "Use an earlier checkpoint"
            )
    return _header(file, found), found.tensors


def describe_translation(path: Path) -> dict[str, Any]:
    """Return a summary of such a file as JSON values, as far as possible; see `describe_file`.

    Raises:
        CheckpointError: The file cannot be read at all.
    """
    summary: dict[str, Any] = {"file": str(path), "format": "unknown", "nets": {}, "predictors": {}}
    asked: list[str] = []
    try:
        asked = globals_of(path)
        file = read_weights(path)
        summary["format"] = f"{file.layout} file of weights"
        found = _translate(file, Choices())
        if not found.nets:
            raise _nothing_usable(file, found)
        header = _header(file, found)
        summary["nets"] = {
            name: {
                "kind": spec.kind,
                "arguments": spec.arguments,
                "parameters": sum(t.size for key, t in found.tensors.items() if key.startswith(f"net/{name}/")),
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
    return {**summary, "globals": asked}


def direction_of(name: str) -> tuple[str, str] | None:
    """Return the names of the generator and the predictor that a name like netG_A or latest_net_G_B stands for."""
    found = _DIRECTION.search(name)
    return DIRECTIONS[found[1]] if found else None


def _translate(file: WeightsFile, choices: Choices) -> _Found:
    """Find the nets of a file and name their tensors as ours are named."""
    found = _Found()
    states = _by_net(file.arrays)
    if "net_enc" in states and "net_dec" in states:
        _take_lapstyle(file, states, found)
    for group, state in states.items():
        where = f"{file.path}: {group}" if group else str(file.path)
        recognised = recognise(state, where=where)
        if recognised is None:
            if kind := label(state, group):
                found.left_out.setdefault(group.split("/", 1)[0], kind)
            continue
        name, predictor = direction_of(group) or direction_of(file.path.stem) or ("generator", "a_to_b")
        if name in found.nets:
            name = predictor = re.sub(r"\W+", "_", group)
        arguments = _chosen(recognised.arguments, choices)
        found.nets[name] = NetSpec(recognised.kind, arguments)
        found.predictors[predictor] = PredictorSpec(name, "translate", value_range=(-1.0, 1.0))
        for ours, array in recognised.tensors.items():
            found.tensors[f"net/{name}/{ours}"] = array.astype(np.float32, copy=False)
        found.notes += recognised.notes
    if not found.nets:
        with contextlib.suppress(CheckpointError):
            _take_encoder(file, found)
    return found


def _by_net(arrays: Mapping[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    """Part arrays by what stands in front of the last "/" of their joined names; a plain state dict is under ""."""
    states: dict[str, dict[str, np.ndarray]] = {}
    for joined, array in arrays.items():
        group, _, name = joined.rpartition("/")
        states.setdefault(group, {})[name] = array
    return states


def _chosen(arguments: Mapping[str, Any], choices: Choices) -> dict[str, Any]:
    """Add to the arguments that a file tells those that were chosen, or that its program goes by."""
    chosen = dict(arguments)
    if chosen["norm"] == "batch" and choices.statistics != "training":
        chosen["norm"] = "picture"
    if choices.padding and "padding" in chosen:
        chosen |= {"padding": choices.padding, "block_padding": None}
    return chosen


def _take_lapstyle(file: WeightsFile, states: dict[str, dict[str, np.ndarray]], found: _Found) -> None:
    """Take PaddleGAN's LapStyle: an encoder, a decoder, and up to two revision nets."""
    revisions = next(count for count, name in ((2, "net_rev_2"), (1, "net_rev"), (0, "net_dec")) if name in states)
    names = lapstyle_names(revisions)
    missing = [theirs for theirs in names.values() if theirs not in file.arrays]
    if missing:
        raise CheckpointError(file.path, f"is a LapStyle file without {missing[0]}", "PaddleGAN's nets, whole")
    tensors = {ours: file.arrays[theirs].astype(np.float32, copy=False) for ours, theirs in names.items()}
    if any(array.ndim != (4 if ours.endswith(".weight") else 1) for ours, array in tensors.items()):
        raise CheckpointError(file.path, "is a LapStyle file of other shapes", "PaddleGAN's nets, whole")
    found.nets["painter"] = NetSpec(
        "LapStyleNet",
        {
            "encoder_channels": [tensors[f"encoder.conv{stage}_1.weight"].shape[0] for stage in range(1, 6)],
            "encoder_convs": list(CONVS),
            "revision_channels": tensors["revisions.0.conv1.weight"].shape[0] if revisions else 64,
            "revisions": revisions,
            "alignment": "adain",
            "own_style": False,
        },
    )
    settings = {"draft_px": _LAPSTYLE_PX, "style_px": _LAPSTYLE_PX}
    found.predictors["painter"] = PredictorSpec("painter", "stylize", ("photo", "style"), settings=settings)
    found.tensors |= {f"net/painter/{ours}": array for ours, array in tensors.items()}
    found.notes.append(
        "LapStyle's files lack the painting that they were trained on: `paddlegan convert --painting` puts it in"
    )
    for name in ("net_enc", "net_dec", "net_rev", "net_rev_2"):
        states.pop(name, None)


def _take_encoder(file: WeightsFile, found: _Found) -> None:
    tensors = vgg_encoder_tensors(file.arrays, where=file.path)
    channels = [tensors[f"conv{stage}_1.weight"].shape[0] for stage in range(1, 6)]
    found.nets["encoder"] = NetSpec("VGGEncoder", {"channels": channels, "convs": list(CONVS)})
    found.tensors |= {f"net/encoder/{ours}": array for ours, array in tensors.items()}
    found.left_out.clear()


def _header(file: WeightsFile, found: _Found) -> Header:
    about: dict[str, Any] = {
        "origin": f"{file.path.name}, a {file.layout} file",
        "licence": "not stated in the file",
    }
    if "epoch" in file.arrays and file.arrays["epoch"].ndim == 0:
        about["epoch"] = file.arrays["epoch"].item()
    if found.left_out:
        about["left_out"] = ", ".join(f"{name or 'arrays'} ({kind})" for name, kind in found.left_out.items())
    if found.notes:
        about["notes"] = "; ".join(dict.fromkeys(found.notes))
    return replace(Header(found.nets, found.predictors, about=about), source=str(file.path))


def _nothing_usable(file: WeightsFile, found: _Found) -> CheckpointError:
    """Say what a file holds instead of a generator."""
    kinds = list(dict.fromkeys(found.left_out.values()))
    if kinds:
        remedy = next((text for start, text in _REMEDIES.items() if kinds[0].startswith(start)), "")
        return CheckpointError(file.path, f"holds {' and '.join(kinds)}", _EXPECTED, remedy)
    names = ", ".join(list(file.arrays)[:3])[:120] or "nothing"
    return CheckpointError(file.path, f"holds {len(file.arrays)} arrays of no net known here ({names} ...)", _EXPECTED)
