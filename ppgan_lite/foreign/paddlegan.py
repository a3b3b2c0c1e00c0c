"""PaddleGAN's names of the parameters of LapStyle, and ours: one to one, both ways.

Compared with PaddleGAN at commit 094a2eb: models/generators/generater_lapstyle.py and apps/lapstyle_predictor.py. Its
nets are sequences whose layers are numbered by place.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ppgan_lite.errors import CheckpointError

_VGG_CONVS = (2, 2, 4, 4, 1)
# Where `Encoder` cuts the sequence of VGG-19's layers: behind relu1_1, relu2_1, relu3_1 and relu4_1.
_ENCODER_CUTS = (0, 4, 11, 18, 31)

_DECODER = {
    "residual4.conv1": "resblock_41.conv_block.1",
    "residual4.conv2": "resblock_41.conv_block.4",
    "conv4": "convblock_41.conv_block.1",
    "residual3.conv1": "resblock_31.conv_block.1",
    "residual3.conv2": "resblock_31.conv_block.4",
    "conv3": "convblock_31.conv_block.1",
    "conv2_1": "convblock_21.conv_block.1",
    "conv2_2": "convblock_22.conv_block.1",
    "conv1": "convblock_11.conv_block.1",
    "to_rgb": "final_conv.1",
}
_REVISION = {
    "conv1": "DownBlock.1",
    "down": "DownBlock.4",
    "residual.conv1": "resblock.conv_block.1",
    "residual.conv2": "resblock.conv_block.4",
    "up": "UpBlock.2",
    "to_rgb": "UpBlock.5",
}


def vgg_names() -> dict[str, str]:
    """Our name -> name in vgg_normalised.pdparams (and in AdaIN's vgg_normalised.pth), up to relu5_1."""
    places = {"conv0": 0}
    place = 0
    for stage, convs in enumerate(_VGG_CONVS, start=1):
        for number in range(1, convs + 1):
            places[f"conv{stage}_{number}"] = place + 2  # behind a padding
            place += 3  # padding, convolution, ReLU
        place += 1  # pooling
    return _with_parts({conv: str(place) for conv, place in places.items()})


def encoder_names() -> dict[str, str]:
    """Our name in `VGGEncoder` -> PaddleGAN's in `Encoder`."""
    names = {}
    for ours, flat in vgg_names().items():
        place, part = flat.split(".")
        stage = max(i for i, cut in enumerate(_ENCODER_CUTS) if cut <= int(place))
        names[ours] = f"enc_{stage + 1}.{int(place) - _ENCODER_CUTS[stage]}.{part}"
    return names


def decoder_names() -> dict[str, str]:
    """Our name in `DraftDecoder` -> PaddleGAN's in `DecoderNet`."""
    return _with_parts(_DECODER)


def revision_names() -> dict[str, str]:
    """Our name in `RevisionNet` -> PaddleGAN's of the same name."""
    return _with_parts(_REVISION)


def lapstyle_names(revisions: int) -> dict[str, str]:
    """Our name in `LapStyleNet(revisions=revisions)` -> PaddleGAN's as `read_pdparams` gives it.

    The first revision net is "net_rev", the second "net_rev_2"; PaddleGAN trains no third.
    """
    parts = {"encoder.": ("net_enc", encoder_names()), "decoder.": ("net_dec", decoder_names())}
    for level in range(revisions):
        parts[f"revisions.{level}."] = ("net_rev" if level == 0 else f"net_rev_{level + 1}", revision_names())
    return {
        f"{prefix}{ours}": f"{net}/{theirs}" for prefix, (net, names) in parts.items() for ours, theirs in names.items()
    }


def vgg_encoder_tensors(state: Mapping[str, np.ndarray], *, where: object) -> dict[str, np.ndarray]:
    """Find a VGG-19 encoder in what `read_pdparams` gave: by itself, or inside a file of LapStyle.

    Returns:
        Our name in `VGGEncoder` -> array; what lies behind relu5_1 is left out.

    Raises:
        CheckpointError: No such encoder is in it.
    """
    in_lapstyle = {ours: f"net_enc/{theirs}" for ours, theirs in encoder_names().items()}
    for names in (vgg_names(), encoder_names(), in_lapstyle):
        if all(_is_conv_part(state.get(theirs), ours) for ours, theirs in names.items()):
            return {ours: state[theirs] for ours, theirs in names.items()}
    found = ", ".join(list(state)[:3]) or "no arrays"
    raise CheckpointError(
        where, f"holds {found[:100]!r} ...", "the convolutions of a VGG-19 (0.weight, 0.bias, 2.weight ...)"
    )


def _is_conv_part(array: np.ndarray | None, name: str) -> bool:
    return array is not None and array.dtype == np.float32 and array.ndim == (4 if name.endswith(".weight") else 1)


def _with_parts(layers: Mapping[str, str]) -> dict[str, str]:
    return {f"{ours}.{part}": f"{theirs}.{part}" for ours, theirs in layers.items() for part in ("weight", "bias")}
