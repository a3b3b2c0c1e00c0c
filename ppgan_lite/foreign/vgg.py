"""State-dict layouts of the published VGG-19 files, and our names of the parameters.

- "normalized": AdaIN's `vgg_normalised.pth` and PaddleGAN's `vgg_normalised.pdparams`, whose first 1x1 convolution
  takes RGB in [0, 1]; a sequence of layers numbered by place, paddings among them.
- PaddleGAN's `Encoder`, and that inside a file of LapStyle: the same sequence in five parts.
- torchvision's and paddle.vision's `vgg19`: its `features`, for RGB from which ImageNet's mean was taken.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ppgan_lite.errors import CheckpointError

CONVS = (2, 2, 4, 4, 1)
# The layers at which PaddleGAN's `Encoder` cuts the sequence: after relu1_1, relu2_1, relu3_1 and relu4_1.
_ENCODER_CUTS = (0, 4, 11, 18, 31)

# Of ImageNet, as torchvision's documentation of its weights has them.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def vgg_names() -> dict[str, str]:
    """Return our name in `VGGEncoder` -> name in the normalized layout, up to relu5_1."""
    places = {"conv0": 0, **_places(first=2, layers_of_a_conv=3)}  # padding, convolution, ReLU
    return with_parts({conv: str(place) for conv, place in places.items()})


def encoder_names() -> dict[str, str]:
    """Return our name in `VGGEncoder` -> PaddleGAN's in `Encoder`."""
    names = {}
    for ours, flat in vgg_names().items():
        place, part = flat.split(".")
        stage = max(i for i, cut in enumerate(_ENCODER_CUTS) if cut <= int(place))
        names[ours] = f"enc_{stage + 1}.{int(place) - _ENCODER_CUTS[stage]}.{part}"
    return names


def torchvision_names() -> dict[str, str]:
    """Return our name in `VGGEncoder` -> torchvision's in `vgg19().features`; it has no conv0."""
    places = _places(first=0, layers_of_a_conv=2)  # convolution, ReLU
    return with_parts({conv: str(place) for conv, place in places.items()})


def vgg_encoder_tensors(state: Mapping[str, np.ndarray], *, where: object) -> dict[str, np.ndarray]:
    """Find a VGG-19 encoder among the arrays of a file: by itself, or inside a file of LapStyle.

    Returns:
        Our name in `VGGEncoder` -> array; layers after relu5_1 are left out.

    Raises:
        CheckpointError: No such encoder is in it.
    """
    in_lapstyle = {ours: f"net_enc/{theirs}" for ours, theirs in encoder_names().items()}
    for names in (vgg_names(), encoder_names(), in_lapstyle):
        if _holds(state, names):
            return {ours: state[theirs] for ours, theirs in names.items()}
    for prefix in ("features.", ""):
        names = {ours: f"{prefix}{theirs}" for ours, theirs in torchvision_names().items()}
        if _holds(state, names):
            return {**_imagenet_conv0(), **{ours: state[theirs] for ours, theirs in names.items()}}
    found = ", ".join(list(state)[:3]) or "no arrays"
    raise CheckpointError(
        where, f"holds {found[:100]!r} ...", "the convolutions of a VGG-19 (0.weight, 0.bias, 2.weight ...)"
    )


def with_parts(layers: Mapping[str, str]) -> dict[str, str]:
    """Expand names of layers, ours -> theirs, to those of their weights and biases."""
    return {f"{ours}.{part}": f"{theirs}.{part}" for ours, theirs in layers.items() for part in ("weight", "bias")}


def _places(*, first: int, layers_of_a_conv: int) -> dict[str, int]:
    """Return each convolution's place in a sequence with one pooling after each stage."""
    places = {}
    place = first
    for stage, convs in enumerate(CONVS, start=1):
        for number in range(1, convs + 1):
            places[f"conv{stage}_{number}"] = place
            place += layers_of_a_conv
        place += 1
    return places


def _imagenet_conv0() -> dict[str, np.ndarray]:
    """Return the 1x1 convolution that normalizes RGB in [0, 1] as torchvision's preprocessing does."""
    std = np.array(IMAGENET_STD, np.float32)
    bias = -np.array(IMAGENET_MEAN, np.float32) / std
    return {"conv0.weight": np.diag(1 / std).reshape(3, 3, 1, 1), "conv0.bias": bias}


def _holds(state: Mapping[str, np.ndarray], names: Mapping[str, str]) -> bool:
    return all(_is_part(state.get(theirs), ours) for ours, theirs in names.items())


def _is_part(array: np.ndarray | None, name: str) -> bool:
    return array is not None and array.dtype == np.float32 and array.ndim == (4 if name.endswith(".weight") else 1)
