"""Encoders that were trained before: the two that ship, files of the user's, the published VGG-19."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ppgan_lite.checkpoint import FOREIGN_SUFFIXES, build_net, load_net, read_checkpoint
from ppgan_lite.encoders import vgg16
from ppgan_lite.errors import CheckpointError
from ppgan_lite.foreign.npz_files import read_npz
from ppgan_lite.foreign.vgg import vgg_encoder_tensors
from ppgan_lite.foreign.weights_files import read_weights
from ppgan_lite.published import fetched

if TYPE_CHECKING:
    from ppgan_lite.nets.vgg import VGGEncoder
    from ppgan_lite.nets.vgg16 import VGG16

SHIPPED = "small"
VGG_16 = "vgg16"
PUBLISHED = "vgg19"

# Painters with a VGGEncoder inside, and the prefix of its tensors.
_ENCODER_PREFIXES = {"LapStyleNet": "encoder.", "AnyStyleNet": "predictor.encoder."}


def load_encoder(source: str) -> VGGEncoder | VGG16:
    """Build a frozen encoder whose features losses compare.

    Args:
        source: "vgg16" or "small" for an encoder that ships with the package; "vgg19" for the published one, which
            `paddlegan fetch vgg19` has put into the cache folder; or the path of a .ppgan, .pdparams, .pth,
            .safetensors or .npz file.

    Raises:
        CheckpointError: The file is missing, damaged, or holds no VGG encoder.
    """
    if source == SHIPPED:
        from ppgan_lite.styles import any_painting

        source = str(any_painting())
    elif source == VGG_16:
        source = str(vgg16())
    elif source == PUBLISHED:
        source = str(fetched(PUBLISHED))
    path = Path(source)
    readers = {".npz": _from_npz, **dict.fromkeys(FOREIGN_SUFFIXES, _from_weights)}
    encoder = readers.get(path.suffix.lower(), _from_checkpoint)(path)
    for parameter in encoder.parameters():
        parameter.stop_gradient = True
    encoder.eval()
    return encoder


def _from_checkpoint(path: Path) -> VGGEncoder | VGG16:
    """Take the encoder out of a checkpoint: a VGG16, a VGGEncoder, or that of a LapStyleNet or an AnyStyleNet."""
    header, tensors = read_checkpoint(path)
    for name, spec in header.nets.items():
        if spec.kind == "VGG16":
            from ppgan_lite.encoders.frozen_vgg16 import frozen

            return frozen(build_net(name, header, tensors))
        if spec.kind == "VGGEncoder":
            return build_net(name, header, tensors)
        if spec.kind in _ENCODER_PREFIXES:
            prefix = f"net/{name}/{_ENCODER_PREFIXES[spec.kind]}"
            inner = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
            return _vgg_encoder(inner, path)
    expected = "a VGG16, a VGGEncoder, a LapStyleNet or an AnyStyleNet"
    raise CheckpointError(path, f"holds {', '.join(header.nets)}", expected)


def _from_weights(path: Path) -> VGGEncoder:
    """Read another program's file: torchvision's VGG-19, the normalized one, or that of a LapStyle of PaddleGAN."""
    return _vgg_encoder(vgg_encoder_tensors(read_weights(path).arrays, where=path), path)


def _from_npz(path: Path) -> VGGEncoder:
    """Read conv0, conv11, conv12 ... (weight and bias, any width) from a NumPy archive; nothing is unpickled."""
    tensors = {}
    pattern = r"conv(0|[1-5][1-9])\.(weight|bias)"
    for name, array in read_npz(path, pattern, expected="a NumPy archive of VGG weights").items():
        conv, part = name.removeprefix("conv").split(".")
        if array.size and array.ndim == (4 if part == "weight" else 1):
            tensors[f"conv{'_'.join(conv)}.{part}"] = array.astype(np.float32, copy=False)
    return _vgg_encoder(tensors, path)


def _vgg_encoder(tensors: dict[str, np.ndarray], path: Path) -> VGGEncoder:
    """Build the encoder whose widths and number of convolutions the tensors have, and load them into it."""
    from ppgan_lite.nets.vgg import VGGEncoder

    channels, convs = [], []
    for stage in range(1, 6):
        weights = [tensors[key] for key in tensors if re.fullmatch(rf"conv{stage}_\d\.weight", key)]
        if not weights:
            raise CheckpointError(path, f"has no convolution of stage {stage}", "a VGG encoder up to relu5_1")
        channels.append(weights[0].shape[0])
        convs.append(len(weights))
    encoder = VGGEncoder(channels, convs)
    load_net(encoder, "encoder", {f"net/encoder/{key}": tensor for key, tensor in tensors.items()}, where=path)
    return encoder
