"""Photos and paintings on the device, crops of them, their colors, and noise."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ppgan_lite.images import find_images, read_image, short_side_to
from ppgan_lite.nets.color_statistics import ColorStatistics, mean_and_covariance, transport_map

FINE_SIGMA, COARSE_SIGMA = 1.5, 4.5  # in pixels, of the two kinds of input noise


def picture_files(entries: Sequence[Path]) -> list[Path]:
    """Return the pictures in folders, and files that are named themselves.

    Raises:
        ImageError: A folder or a file is not there.
    """
    return [path for entry in entries for path in ([entry] if entry.is_file() else find_images(entry))]


def read_picture(path: Path, short_side: int | None = None) -> Tensor:
    """Return a picture as uint8 3 x H x W, RGB, upright, resized to a short side.

    Raises:
        ImageError: The file cannot be read.
    """
    image, _ = read_image(path)
    if short_side:
        image = short_side_to(image, short_side)
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


def colors_of(picture: Tensor) -> ColorStatistics:
    """Return mean and covariance of the colors of 3 x H x W: uint8, or float in [0, 1]."""
    scale = 255 if picture.dtype == torch.uint8 else 1
    return mean_and_covariance(picture.cpu().numpy().astype(np.float32) / scale)


@dataclass(frozen=True)
class Pictures:
    """Pictures of one short side.

    Attributes:
        short_side: In pixels.
        pictures: uint8 3 x H x W each, on the device.
        colors: Mean and covariance of each.
    """

    short_side: int
    pictures: list[Tensor]
    colors: list[ColorStatistics]

    @classmethod
    def read(cls, paths: Sequence[Path], short_side: int, device: torch.device) -> Pictures:
        """Read files in several threads."""
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda path: read_picture(path, short_side), paths))
            colors = list(pool.map(colors_of, found))
        return cls(short_side, [picture.to(device) for picture in found], colors)

    def crops(
        self, count: int, size: int, sides: tuple[int, int], rng: np.random.Generator
    ) -> tuple[Tensor, list[ColorStatistics]]:
        """Cut random crops, all at one scale and half of the time mirrored.

        Args:
            count: How many.
            size: Height and width that come out.
            sides: The short side, in pixels, that the pictures are taken to have: from, to.
            rng: Where the randomness comes from.

        Returns:
            float32 count x 3 x size x size in [0, 1], and the colors of the pictures that they were cut from.
        """
        side = max(size, rng.uniform(*sides))
        cut = min(round(size * self.short_side / side), self.short_side)
        chosen = rng.integers(len(self.pictures), size=count)
        crops = []
        for number in chosen:
            picture = self.pictures[number]
            top, left = (int(rng.integers(length - cut + 1)) for length in picture.shape[1:])
            crops.append(picture[:, top : top + cut, left : left + cut])
        batch = torch.stack(crops).float() / 255
        if cut != size:
            batch = F.interpolate(
                batch, size=(size, size), mode="bilinear", align_corners=False, antialias=cut > size
            ).clamp(0, 1)
        return (batch.flip(3) if rng.random() < 0.5 else batch), [self.colors[number] for number in chosen]


def recolored(photos: Tensor, own: Sequence[ColorStatistics], wanted: Sequence[ColorStatistics]) -> Tensor:
    """Give photos (N x 3 x H x W) the colors of paintings: one for each, or one for all. Not clipped."""
    pairs = zip(own, list(wanted) * (len(own) if len(wanted) == 1 else 1), strict=True)
    maps = [transport_map(one, other) for one, other in pairs]
    matrices, offsets = (torch.from_numpy(np.stack(part)).to(photos.device) for part in zip(*maps, strict=True))
    return torch.einsum("nij,njhw->nihw", matrices, photos) + offsets[..., None, None]


def soft_noise(photos: Tensor, std: float, rng: np.random.Generator) -> Tensor:
    """Return soft noise for photos, N x 1 x H x W; see `ppgan_lite.nets.input_noise`."""
    generator = torch.Generator(photos.device).manual_seed(int(rng.integers(2**62)))
    return std * (_blurred(photos, FINE_SIGMA, generator) + _blurred(photos, COARSE_SIGMA, generator))


def _blurred(photos: Tensor, sigma: float, generator: torch.Generator) -> Tensor:
    """Return white noise blurred to blobs, of unit variance."""
    reach = int(3 * sigma)
    profile = torch.exp(-(torch.arange(-reach, reach + 1, device=photos.device).float() ** 2) / (2 * sigma * sigma))
    profile /= profile.square().sum().sqrt()
    n, _, height, width = photos.shape
    noise = torch.randn(n, 1, height + 2 * reach, width + 2 * reach, generator=generator, device=photos.device)
    return F.conv2d(F.conv2d(noise, profile.view(1, 1, -1, 1)), profile.view(1, 1, 1, -1))
