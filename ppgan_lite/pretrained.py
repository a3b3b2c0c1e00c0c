"""Encoders that were trained before: the small one that ships, files of the user's, the published VGG-19."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ppgan_lite.checkpoint import build_net, load_net, read_checkpoint
from ppgan_lite.errors import CheckpointError

if TYPE_CHECKING:
    from ppgan_lite.nets.vgg import VGGEncoder

SHIPPED = "small"
PUBLISHED = "vgg19"


def load_encoder(source: str) -> VGGEncoder:
    """Build a frozen encoder whose features losses compare.

    Args:
        source: "small" for the encoder that ships with the package; "vgg19" for the published one, which
            `paddlegan fetch vgg19` has put into the cache folder; or the path of a .ppgan, .pdparams or .npz file.

    Raises:
        CheckpointError: The file is missing, damaged, or holds no VGG encoder.
    """
    if source == SHIPPED:
        from ppgan_lite.styles import any_painting

        source = str(any_painting())
    path = Path(source)
    encoder = _from_npz(path) if path.suffix == ".npz" else _from_checkpoint(path)
    for parameter in encoder.parameters():
        parameter.stop_gradient = True
    encoder.eval()
    return encoder


def _from_checkpoint(path: Path) -> VGGEncoder:
    """Take the encoder out of a checkpoint: a VGGEncoder, or the one inside a LapStyleNet."""
    from ppgan_lite.nets.lapstyle import LapStyleNet
    from ppgan_lite.nets.vgg import VGGEncoder

    header, tensors = read_checkpoint(path)
    for name in header.nets:
        net = build_net(name, header, tensors)
        if isinstance(net, VGGEncoder):
            return net
        if isinstance(net, LapStyleNet):
            return net.encoder
    raise CheckpointError(path, f"holds {', '.join(header.nets)}", "a VGGEncoder or a LapStyleNet")


def _from_npz(path: Path) -> VGGEncoder:
    """Read conv0, conv11, conv12 ... (weight and bias, any width) from a NumPy archive; nothing is unpickled."""
    from ppgan_lite.nets.vgg import VGGEncoder

    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise CheckpointError(path, f"cannot be read ({error})", "a NumPy archive of VGG weights") from error
    stages = sorted({key.split(".")[0] for key in arrays if key.startswith("conv") and "_aux" not in key} - {"conv0"})
    channels, convs = [0] * 5, [0] * 5
    tensors = {}
    for conv in ["conv0", *stages]:
        name = conv if conv == "conv0" else f"conv{conv[4]}_{conv[5]}"
        for part in ("weight", "bias"):
            if f"{conv}.{part}" not in arrays:
                raise CheckpointError(path, f"has no {conv}.{part}", "weight and bias of every convolution")
            tensors[f"net/encoder/{name}.{part}"] = arrays[f"{conv}.{part}"].astype(np.float32)
        if conv != "conv0":
            channels[int(conv[4]) - 1] = arrays[f"{conv}.weight"].shape[0]
            convs[int(conv[4]) - 1] += 1
    encoder = VGGEncoder(channels, convs)
    load_net(encoder, "encoder", tensors, where=path)
    return encoder
