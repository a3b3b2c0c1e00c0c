"""Single pictures of folders."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ppgan_lite.data.crops import Resize, Side, cut, policy
from ppgan_lite.data.pictures import Channels, Pictures, Source, pictures_in, to_array
from ppgan_lite.signatures import FilePath, PositiveInt


class Folder:
    """Crops of pictures ("photo"), float32 channels x size x size in [0, 1].

    Args:
        folders: Folders (searched recursively, by content) or files.
        size, resize, resize_to, flip, augment: The crop, see `crops.policy`.
        channels: 3 for RGB, 1 for grayscale, whatever the files contain.
        exclude: File names (without folder) to leave out.
    """

    gives = ("photo",)

    def __init__(
        self,
        *,
        folders: Sequence[FilePath],
        size: PositiveInt = 256,
        resize: Resize = "short_side",
        resize_to: Side | None = None,
        flip: bool = True,
        augment: bool = True,
        channels: Channels = 3,
        exclude: Sequence[str] = (),
    ) -> None:
        self.policy = policy(size, resize, resize_to, flip=flip, augment=augment)
        self.channels = channels
        self.files = pictures_in(folders, "photos", exclude=exclude)
        self._pictures = Pictures(channels, self.policy.largest)

    def __len__(self) -> int:
        return len(self.files)

    def get(self, index: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Return a crop of picture `index`."""
        image = self._pictures[self.files[index]]
        return {"photo": to_array(cut(image, self.policy.choose(image, rng)), self.channels)}

    def sources(self) -> list[Source]:
        """Return the files of the dataset, for the doctor."""
        return [Source("photo", tuple(self.files), self.policy.size, self.channels)]
