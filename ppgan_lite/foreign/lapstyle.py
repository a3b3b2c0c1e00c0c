"""State-dict layout of PaddleGAN's LapStyle: its names of the parameters and ours, one to one.

Compared with PaddleGAN at commit 094a2eb: models/generators/generater_lapstyle.py and apps/lapstyle_predictor.py. Its
nets are sequences whose layers are numbered by place.
"""

from __future__ import annotations

from ppgan_lite.foreign.vgg import encoder_names, with_parts

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


def decoder_names() -> dict[str, str]:
    """Return our name in `DraftDecoder` -> PaddleGAN's in `DecoderNet`."""
    return with_parts(_DECODER)


def revision_names() -> dict[str, str]:
    """Return our name in `RevisionNet` -> PaddleGAN's in its class of the same name."""
    return with_parts(_REVISION)


def lapstyle_names(revisions: int) -> dict[str, str]:
    """Return our name in `LapStyleNet(revisions=revisions)` -> PaddleGAN's as `read_pdparams` joins it.

    The first revision net is "net_rev", the second "net_rev_2"; PaddleGAN trains no third.
    """
    parts = {"encoder.": ("net_enc", encoder_names()), "decoder.": ("net_dec", decoder_names())}
    for level in range(revisions):
        parts[f"revisions.{level}."] = ("net_rev" if level == 0 else f"net_rev_{level + 1}", revision_names())
    return {
        f"{prefix}{ours}": f"{net}/{theirs}" for prefix, (net, names) in parts.items() for ours, theirs in names.items()
    }
