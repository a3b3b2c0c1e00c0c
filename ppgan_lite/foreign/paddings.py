"""The padding of the convolutions of a residual generator, from the numbers of its layers.

In a numbered sequence a padding layer takes a number: model.1 is the first convolution if model.0 pads. Activations,
norms and upsampling layers take one each too, dropout does not occur.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ppgan_lite.errors import CheckpointError
from ppgan_lite.foreign.layers import ConvLayer, split_number
from ppgan_lite.foreign.options import Padding

Paddings = dict[str, str | None]  # arguments of `ResnetGenerator`


def numbered_paddings(convs: Sequence[ConvLayer], *, transposed: bool, norm: str, where: object) -> Paddings | None:
    """Return the paddings that the numbers of layers tell; None if they tell of no padding layer.

    Args:
        convs: All convolutions of the net.
        transposed: Whether those that upsample are transposed.
        norm: Of the net.
        where: The file and net, for messages.

    Raises:
        CheckpointError: The first convolution is padded otherwise than the last.
    """
    blocks = (len(convs) - 6) // 2
    padded = [_has_padding_layer(convs, place, blocks, transposed, norm) for place in range(len(convs))]
    if not padded[0]:
        return None
    if padded[-1] is False:
        raise CheckpointError(where, "pads its first convolution otherwise than its last", "the same padding of both")
    # A net with padding layers has zeros where there is none.
    kinds = {True: "reflect", False: "zero", None: "reflect"}
    return {
        "padding": "reflect",
        "block_padding": kinds[padded[3]],
        "downsample_padding": "reflect" if padded[1] else "zero",
        "upsample_padding": None if transposed else kinds[padded[-3]],
    }


def same_paddings(padding: Padding) -> Paddings:
    """Return the same padding for all convolutions; with "reflect", those that downsample have zeros."""
    return {
        "padding": "zero" if padding == "zero" else "reflect",
        "block_padding": None,
        "downsample_padding": "reflect" if padding == "reflect-everywhere" else "zero",
        "upsample_padding": None,
    }


def _has_padding_layer(convs: Sequence[ConvLayer], place: int, blocks: int, transposed: bool, norm: str) -> bool | None:
    """Return whether a padding layer stands before a convolution; None if the numbers of layers do not tell it."""
    parent, number = split_number(convs[place].name)
    if number is None:
        return None
    if place == 0 or (3 <= place < 3 + 2 * blocks and place % 2 == 1):  # the first of the net, of a block
        return bool(number) if number < 2 else None
    before = convs[place - 1]
    parent_before, number_before = split_number(before.name if before.norm is None else before.norm.name)
    others = 1 + (before.norm is None and norm == "instance")  # ReLU, and a norm without arrays
    if parent != parent_before:  # the last block bears a number in this sequence
        match = re.match(rf"{re.escape(parent)}\.(\d{{1,4}})\.", f"{parent_before}.")
        number_before, others = int(match[1]) if match else None, 0
    if number_before is None:
        return None
    upsampling = not transposed and place in (len(convs) - 3, len(convs) - 2)
    extra = number - number_before - 1 - others - upsampling
    return bool(extra) if extra in (0, 1) else None
