"""Nets that were trained before: the two encoders that ship, files of the user's, the published nets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ppgan_lite.checkpoint import FOREIGN_SUFFIXES, build_net, load_net, read_checkpoint
from ppgan_lite.encoders import vgg16
from ppgan_lite.errors import CheckpointError
from ppgan_lite.foreign.metric_nets import TORCHVISION_MEANS, inception_tensors, vgg16_tensors
from ppgan_lite.foreign.npz_files import read_npz
from ppgan_lite.foreign.vgg import vgg_encoder_tensors
from ppgan_lite.foreign.weights_files import read_weights
from ppgan_lite.published import fetched

if TYPE_CHECKING:
    from paddle import nn

    from ppgan_lite.autodiff.tape import Precision
    from ppgan_lite.nets.inception import InceptionV3
    from ppgan_lite.nets.vgg import VGGEncoder
    from ppgan_lite.nets.vgg16 import VGG16

SHIPPED = "small"
VGG_16 = "vgg16"
PUBLISHED = "vgg19"
LPIPS = "lpips"
INCEPTION = "inception"

# Painters with a VGGEncoder inside, and the prefix of its tensors.
_ENCODER_PREFIXES = {"LapStyleNet": "encoder.", "AnyStyleNet": "predictor.encoder."}


def load_encoder(source: str, *, precision: Precision | None = None) -> VGGEncoder | VGG16:
    """Build a frozen encoder whose features losses compare.

    Args:
        source: "vgg16" or "small" for an encoder that ships with the package; "vgg19" for the published one, which
            `paddlegan fetch vgg19` has put into the cache folder; or the path of a .ppgan, .pdparams, .pth,
            .safetensors or .npz file.
        precision: Of a VGG-16 on a CPU: "f32" where numbers that compare matter more than speed.

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
    reader = readers.get(path.suffix.lower())
    encoder = _from_checkpoint(path, precision) if reader is None else reader(path)
    for parameter in encoder.parameters():
        parameter.stop_gradient = True
    encoder.eval()
    return encoder


def load_lpips_net() -> VGG16:
    """Build torchvision's VGG-16 up to relu5_3, whose features LPIPS compares, in float32.

    Raises:
        CheckpointError: It was not fetched (`paddlegan fetch lpips`), or has changed since.
    """
    return vgg16_of_torchvision(fetched(LPIPS))


def vgg16_of_torchvision(path: Path) -> VGG16:
    """Build the VGG-16 up to relu5_3 that a file of torchvision's holds, whatever its weights."""
    from ppgan_lite.autodiff.vgg16 import frozen
    from ppgan_lite.nets.vgg16 import CONVS, VGG16

    tensors = vgg16_tensors(read_weights(path).arrays, where=path)
    channels = [tensors[f"conv{stage}_1.bias"].size for stage in range(1, len(CONVS) + 1)]
    net = VGG16(channels, TORCHVISION_MEANS)
    _fill(net, tensors, path)
    return frozen(net, "f32")


def load_inception() -> InceptionV3:
    """Build the Inception net whose features FID and KID compare.

    Raises:
        CheckpointError: It was not fetched (`paddlegan fetch inception`), or has changed since.
    """
    return inception_of(fetched(INCEPTION))


def inception_of(path: Path) -> InceptionV3:
    """Build the Inception net that a file of pytorch-fid or torch-fidelity holds, whatever its weights."""
    from ppgan_lite.nets.inception import InceptionV3

    tensors = inception_tensors(read_weights(path).arrays, where=path)
    net = InceptionV3()
    _fill(net, tensors, path)
    net.eval()
    return net


def _from_checkpoint(path: Path, precision: Precision | None) -> VGGEncoder | VGG16:
    """Take the encoder out of a checkpoint: a VGG16, a VGGEncoder, or that of a LapStyleNet or an AnyStyleNet."""
    header, tensors = read_checkpoint(path)
    for name, spec in header.nets.items():
        if spec.kind == "VGG16":
            from ppgan_lite.autodiff.vgg16 import frozen

            return frozen(build_net(name, header, tensors), precision)
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
    _fill(encoder, tensors, path)
    return encoder


def _fill(net: nn.Layer, tensors: dict[str, np.ndarray], path: Path) -> None:
    """Load tensors that have the net's own names."""
    load_net(net, "net", {f"net/net/{key}": tensor for key, tensor in tensors.items()}, where=path)
