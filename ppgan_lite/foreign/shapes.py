"""Detect a residual generator by the shapes of its layers, where a program has names of its own for them.

All descendants of the net of Johnson et al. (ECCV 2016) have the same sequence: a wide convolution, two that
downsample, residual blocks of two, two that upsample, a wide one. The shapes tell widths, blocks and the kind of
upsampling; the numbers of layers, where padding layers stand. What neither tells is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np

from ppgan_lite.errors import CheckpointError
from ppgan_lite.foreign import options as settings
from ppgan_lite.foreign.detection import OLD_STATISTICS_NOTE, DetectedGenerator
from ppgan_lite.foreign.layers import ConvLayer, conv_layers, split_number
from ppgan_lite.foreign.layouts import BATCH_NORM, BATCH_NORMS, MAX_BLOCKS
from ppgan_lite.foreign.options import ConversionOptions
from ppgan_lite.foreign.paddings import Paddings, numbered_paddings, same_paddings
from ppgan_lite.foreign.painter_layouts import PainterLayout, find_layout, in_order
from ppgan_lite.foreign.value_ranges import RANGES, absorb_normalization, swap_colors

_MIN_PAINTER_KERNEL = 9  # Johnson's; CycleGAN has 7
_CHANNELS = (1, 3)


def detect_by_shapes(
    state: Mapping[str, np.ndarray], options: ConversionOptions, *, where: object, is_ordered: bool = True
) -> DetectedGenerator | None:
    """Detect a residual generator by the shapes of its layers, in their order.

    Args:
        state: Name -> array, of one net.
        options: What the user has said of it.
        where: The file and net, for messages.
        is_ordered: Whether the arrays are in the order of the net's layers, as those of a state dict are.

    Returns:
        The generator, a painter if its first filters are wide; None if the shapes are not those of one.

    Raises:
        CheckpointError: Something that no shape tells must be said; the message names the options.
    """
    layout, prefix = find_layout(state) or (None, "")
    if not is_ordered:
        state = in_order(state, layout.order if layout else (), prefix)
    convs = conv_layers(state)
    if convs is None or not _is_residual_generator(convs):
        return None
    if not is_ordered and layout is None and not _are_numbered(convs):
        raise CheckpointError(
            where, "does not tell the order of its layers", remedy="Give the .pth that it was made of"
        )
    first, last = convs[0], convs[-1]
    is_transposed = _is_transposed(convs)
    paints = _paints(convs)
    values, norm, paddings, notes = _answers(convs, options, layout, where)
    value_range, output = RANGES[values]
    if (options.channels or (layout.channels if layout else "rgb")) == "bgr":
        swap_colors(first, last)
    if values == "imagenet":
        absorb_normalization(first, last, padding=str(paddings["padding"]), norm=norm, where=where)
    arguments = {
        "in_channels": first.weight.shape[1],
        "out_channels": last.weight.shape[0],
        "base_channels": first.weight.shape[0],
        "blocks": _blocks(convs),
        "norm": norm,
        "upsample": "transposed" if is_transposed else "nearest",
        "dropout": False,  # it leaves no trace, and does nothing in use
        "attention": False,
        "bias": first.bias is not None,
        "antialias": False,
        "kernel": first.weight.shape[2],
        "output": output,
        "crop": "last",
        **paddings,
    }
    tensors = _tensors(convs, is_transposed, norm)
    task = "stylize" if paints else "translate"
    return DetectedGenerator("ResnetGenerator", arguments, tensors, notes, task, value_range)


# What is not known, the option that tells it, and the type of its values.
_Question = tuple[str, str, Any]


def _answers(
    convs: Sequence[ConvLayer], options: ConversionOptions, layout: PainterLayout | None, where: object
) -> tuple[settings.Values, str, Paddings, tuple[str, ...]]:
    """Return what shapes alone do not tell, from the user's options, the layout or the layers' names.

    Returns:
        The values that the net takes and returns, its norm, its paddings, and notes.

    Raises:
        CheckpointError: The user must be asked.
    """
    paints = _paints(convs)
    questions: list[_Question] = []
    values = options.values or (layout.values if layout else None if paints else "-1..1")
    if values is None:
        questions.append(("the values that it takes and returns", "--values", settings.Values))
    norm, notes = _norm(convs, options, where)
    if norm is None:
        found = "whether its norms are instance norms of an old version or batch norms"
        questions.append((found, "--norm", settings.Norm))
    if norm == "batch" and (options.statistics or ("training" if paints else "picture")) == "picture":
        norm = "picture"
    paddings: Paddings | None
    if options.padding:
        everywhere = paints and options.padding == "reflect"
        paddings = same_paddings("reflect-everywhere" if everywhere else options.padding)
    elif layout:
        paddings = same_paddings("reflect-everywhere")
    else:
        paddings = numbered_paddings(convs, transposed=_is_transposed(convs), norm=norm or "batch", where=where)
    if paddings is None:
        questions.append(("how its convolutions are padded", "--padding", settings.Padding))
    if values is None or norm is None or paddings is None:
        raise _must_be_told(where, questions)
    return values, norm, paddings, notes


def _must_be_told(where: object, questions: list[_Question]) -> CheckpointError:
    missing = " nor ".join(found for found, _, _ in questions)
    options = " ".join(f"{option} {'|'.join(get_args(choices))}" for _, option, choices in questions)
    found = f"is a residual generator by the shapes of its layers, but does not tell {missing}"
    return CheckpointError(
        where, found, remedy=f"Say it: paddlegan convert FILE -o OUT.ppgan {options}", code="ambiguous_checkpoint"
    )


def _are_numbered(convs: Sequence[ConvLayer]) -> bool:
    """Return whether all convolutions are in one numbered sequence."""
    names = [conv.name.split(".") for conv in convs]
    common = next((place for place, parts in enumerate(zip(*names)) if len(set(parts)) > 1), 0)
    return all(name[common].isdecimal() for name in names)


def _paints(convs: Sequence[ConvLayer]) -> bool:
    """Return whether the net is a painter, by its first filters."""
    return convs[0].weight.shape[2] >= _MIN_PAINTER_KERNEL


def _blocks(convs: Sequence[ConvLayer]) -> int:
    """Return the number of residual blocks."""
    return (len(convs) - 6) // 2


def _is_transposed(convs: Sequence[ConvLayer]) -> bool:
    """Return whether the convolutions that upsample are transposed, which have in and out channels swapped."""
    base = convs[0].weight.shape[0]
    return convs[-3].weight.shape[:2] == (4 * base, 2 * base)


def _is_residual_generator(convs: Sequence[ConvLayer]) -> bool:
    """Return whether all weights, biases and norms have the shapes of a residual generator."""
    if len(convs) < 6 or len(convs) % 2 or _blocks(convs) > MAX_BLOCKS:
        return False
    (base, channels_in, kernel, _), channels_out = convs[0].weight.shape, convs[-1].weight.shape[0]
    widths = [base, 2 * base, *[4 * base] * (1 + 2 * _blocks(convs)), 2 * base, base, channels_out]
    ups = (len(convs) - 3, len(convs) - 2) if _is_transposed(convs) else ()
    expected = []
    for place, (here, there) in enumerate(zip([channels_in, *widths], widths)):
        side = kernel if place in (0, len(convs) - 1) else 3
        expected.append((*((here, there) if place in ups else (there, here)), side, side))
    if [conv.weight.shape for conv in convs] != expected or kernel not in (5, 7, 9, 11) or not base:
        return False
    if channels_in not in _CHANNELS or channels_out not in _CHANNELS or convs[-1].bias is None:
        return False
    vectors = [(conv.bias, width) for conv, width in zip(convs, widths) if conv.bias is not None]
    vectors += [(part, width) for conv, width in zip(convs, widths) if conv.norm for part in conv.norm.parts.values()]
    return len({conv.bias is None for conv in convs[:-1]}) == 1 and all(
        vector.shape == (width,) for vector, width in vectors
    )


def _norm(convs: Sequence[ConvLayer], options: ConversionOptions, where: object) -> tuple[str | None, tuple[str, ...]]:
    """Return the norm of the net, None if it must be asked for, and a note on statistics that are left out.

    Instance norms with weights are "picture" norms.
    """
    norms = [conv.norm for conv in convs if conv.norm is not None]
    if not norms:
        (parent, number), (parent_after, number_after) = (split_number(conv.name) for conv in convs[:2])
        # By numbers, a ReLU alone lies between.
        is_bare = parent == parent_after and number is not None and number_after == number + 2
        return ("none" if is_bare or convs[0].bias is None else "instance"), ()
    parts = frozenset(norms[0].parts)
    has_weights, has_statistics = "weight" in parts, "running_mean" in parts
    if any(frozenset(norm.parts) != parts for norm in norms) or has_statistics != ("running_var" in parts):
        raise CheckpointError(where, "has norms of several kinds", "norms of one kind, with all parts")
    note = (OLD_STATISTICS_NOTE,)
    if not has_weights:
        return "instance", note * has_statistics
    if not has_statistics:
        return "picture", ()
    named = "batch" if norms[0].counts_batches else _named_norm(norms[0].name)
    kind = options.norm or named
    return {"instance": "picture", "batch": "batch", None: None}[kind], note * (kind == "instance")


def _named_norm(name: str) -> settings.Norm | None:
    """Return the kind of a norm that its name says: in1, bn1, batch_norm, inst1."""
    last = name.rpartition(".")[2].lower()
    if re.fullmatch(r"bn_?\d*|.*batch.*", last):
        return "batch"
    return "instance" if re.fullmatch(r"in_?\d*|inst.*", last) else None


def _tensors(convs: Sequence[ConvLayer], is_transposed: bool, norm: str) -> dict[str, np.ndarray]:
    """Return our names of the arrays -> the arrays."""
    blocks = range(_blocks(convs))
    names = [("stem.conv", "stem.norm"), *((f"downs.{i}.conv", f"downs.{i}.norm") for i in range(2))]
    names += [(f"blocks.{i}.conv{j}", f"blocks.{i}.norm{j}") for i in blocks for j in (1, 2)]
    names += [(f"ups.{i}.conv{'' if is_transposed else '.conv'}", f"ups.{i}.norm") for i in range(2)]
    names += [("to_image", "")]
    tensors: dict[str, np.ndarray] = {}
    for conv, (conv_name, norm_name) in zip(convs, names, strict=True):
        tensors[f"{conv_name}.weight"] = conv.weight
        if conv.bias is not None:
            tensors[f"{conv_name}.bias"] = conv.bias
        if conv.norm is not None and norm in BATCH_NORMS:
            parts, count = conv.norm.parts, len(conv.norm.parts["weight"])
            neutral = {"bias": 0.0, "running_mean": 0.0, "running_var": 1.0}
            for ours, theirs in BATCH_NORM.items():
                array = parts.get(theirs)
                tensors[f"{norm_name}.{ours}"] = np.full(count, neutral[theirs], np.float32) if array is None else array
    return tensors
