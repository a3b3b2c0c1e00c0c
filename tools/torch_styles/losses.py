"""The losses that painters learn by, on features of VGG-16, as `ppgan_lite.losses` has them for Paddle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ppgan_lite.checkpoint import read_checkpoint

LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")
CONVS = (2, 2, 3, 3)
MEANS_BGR = (103.939, 116.779, 123.68)


class VGG16(nn.Module):
    """`ppgan_lite.nets.vgg16.VGG16` with the weights that ship; in bfloat16 on a GPU."""

    means: Tensor

    def __init__(self, path: Path, device: torch.device) -> None:
        super().__init__()
        self.dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
        for name, array in read_checkpoint(path)[1].items():
            tensor = torch.from_numpy(array.copy()).to(device, self.dtype)
            if tensor.ndim == 4:
                tensor = tensor.contiguous(memory_format=torch.channels_last)
            self.register_buffer(name.removeprefix("net/encoder/").replace(".", "_"), tensor)
        self.register_buffer("means", torch.tensor(MEANS_BGR, device=device).view(1, 3, 1, 1))

    def forward(self, x: Tensor, last: str = LAYERS[-1]) -> dict[str, Tensor]:
        """Return relu1_2 .. `last` of N x 3 x H x W, RGB in [0, 1]."""
        found = {}
        x = (255 * x.flip(1) - self.means).to(self.dtype).contiguous(memory_format=torch.channels_last)
        for stage, layer in enumerate(LAYERS[: LAYERS.index(last) + 1], start=1):
            if stage > 1:
                x = F.max_pool2d(x, 2)
            for number in range(1, CONVS[stage - 1] + 1):
                name = f"conv{stage}_{number}"
                x = F.relu(F.conv2d(x, self.get_buffer(f"{name}_weight"), self.get_buffer(f"{name}_bias"), padding=1))
            found[layer] = x
        return found


def gram(features: Tensor) -> Tensor:
    """Return the Gram matrix, N x C x C, divided by the number of positions."""
    flat = features.flatten(2)
    return torch.bmm(flat, flat.transpose(1, 2)).float() / flat.shape[2]


def relative_gram_loss(result: Tensor, of_painting: Tensor) -> Tensor:
    """Return the squared distance of Gram matrices in units of the painting's."""
    difference = (gram(result) - of_painting).square().sum((1, 2))
    return (difference / of_painting.square().sum((1, 2))).mean()


def relative_content_loss(result: Tensor, photo: Tensor) -> Tensor:
    """Return the squared distance of features in units of the photo's."""
    result, photo = result.float(), photo.float()
    difference = (result - photo).square().sum((1, 2, 3))
    return (difference / (photo.square().sum((1, 2, 3)) + 1e-6)).mean()


def shift_consistency_loss(result: Tensor, shifted: Tensor, rows: int, columns: int) -> Tensor:
    """Return the squared difference of what is made of a photo and of the same photo moved by a few pixels."""
    down, right, up, left = max(rows, 0), max(columns, 0), max(-rows, 0), max(-columns, 0)
    height, width = result.shape[2] - abs(rows), result.shape[3] - abs(columns)
    one = result[:, :, down : down + height, right : right + width]
    return (one - shifted[:, :, up : up + height, left : left + width]).square().mean()


def style_loss(found: Mapping[str, Tensor], of_painting: Mapping[str, Tensor]) -> Tensor:
    """Return the mean of `relative_gram_loss` over the layers that the painting's Gram matrices are of."""
    return torch.stack([relative_gram_loss(found[layer], matrix) for layer, matrix in of_painting.items()]).mean()


def content_loss(found: Mapping[str, Tensor], photo: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """Return the weighted sum of `relative_content_loss` over layers."""
    terms = [weight * relative_content_loss(found[layer], photo[layer]) for layer, weight in weights.items()]
    return torch.stack(terms).sum()
