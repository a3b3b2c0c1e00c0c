"""Unpaired pictures of two domains, for training CycleGAN."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ppgan_lite.data.crops import Resize, Side, cut, policy
from ppgan_lite.data.layouts import domains
from ppgan_lite.data.pictures import Channels, Pictures, Source, pictures_in, to_array
from ppgan_lite.signatures import FilePath, PositiveInt


class Unpaired:
    """Crops of domain A ("a") and of domain B ("b"), drawn independently, float32 channels x size x size in [0, 1].

    One item per picture of A; the picture of B is drawn at random, or follows the index if `augment` is off.

    Args:
        folder: Contains trainA/ and trainB/, train/A/ and train/B/, A/train/ and B/train/, or only A/ and B/.
        split: The split: "train", "test", "val".
        a, b: Instead of `folder`: folders (searched recursively, by content) or files of each domain.
        size, resize, resize_to, flip, augment: The crop, see `crops.policy`.
        channels_a, channels_b: 3 for RGB, 1 for grayscale, whatever the files contain.
        exclude: File names (without folder) to leave out.
    """

    gives = ("a", "b")

    def __init__(
        self,
        *,
        folder: FilePath | None = None,
        split: str = "train",
        a: Sequence[FilePath] = (),
        b: Sequence[FilePath] = (),
        size: PositiveInt = 256,
        resize: Resize = "short_side",
        resize_to: Side | None = None,
        flip: bool = True,
        augment: bool = True,
        channels_a: Channels = 3,
        channels_b: Channels = 3,
        exclude: Sequence[str] = (),
    ) -> None:
        self.policy = policy(size, resize, resize_to, flip=flip, augment=augment)
        a, b = domains(folder, split, a, b)
        self.files_a = pictures_in(a, "domain A", exclude=exclude)
        self.files_b = pictures_in(b, "domain B", exclude=exclude)
        self._a, self._b = (Pictures(channels, self.policy.largest) for channels in (channels_a, channels_b))

    def __len__(self) -> int:
        return len(self.files_a)

    def get(self, index: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Return picture `index` of A and one of B, cropped independently."""
        other = int(rng.integers(len(self.files_b))) if self.policy.augment else index % len(self.files_b)
        sample = {}
        for name, pictures, file in (("a", self._a, self.files_a[index]), ("b", self._b, self.files_b[other])):
            image = pictures[file]
            sample[name] = to_array(cut(image, self.policy.choose(image, rng)), pictures.channels)
        return sample

    def sources(self) -> list[Source]:
        """Return the files of the dataset, for the doctor."""
        return [
            Source(name, tuple(files), self.policy.size, pictures.channels)
            for name, files, pictures in (("a", self.files_a, self._a), ("b", self.files_b, self._b))
        ]
