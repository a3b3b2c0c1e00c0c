"""Photos and paintings, drawn independently: what style transfer trains on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ppgan_lite.errors import DataError
from ppgan_lite.images import find_images, read_image, resize


class ContentAndStyle:
    """Random crops of photos ("photo") and of paintings ("style"), float32 3 x size x size in [0, 1], RGB.

    One item per photo; the painting is drawn at random. Decoded pictures are kept in memory, shrunk to the largest size
    that a crop can need.

    Args:
        content: Folders (searched recursively) or files of photos.
        style: Folders or files of paintings; each entry of the list is drawn equally often, so a folder of a hundred
            counts as much as a single file.
        size: Side of a photo's crop in pixels.
        style_size: Side of a painting's crop; `size` if not given.
        content_short_side: Range of the short side that a photo is resized to before it is cropped.
        style_short_side: The same for paintings. It fixes how large the strokes are beside the photo's objects.
        exclude: File names (without folder) that are left out, to be measured on later.
        recolour: Share of paintings whose colour channels are shuffled and partly inverted, for more palettes.
    """

    gives = ("photo", "style")

    def __init__(
        self,
        *,
        content: Sequence[str],
        style: Sequence[str],
        size: int = 128,
        style_size: int | None = None,
        content_short_side: tuple[int, int] = (136, 136),
        style_short_side: tuple[int, int] = (136, 136),
        exclude: Sequence[str] = (),
        recolour: float = 0.0,
    ) -> None:
        self.size = size
        self.style_size = style_size or size
        self.content_short_side = content_short_side
        self.style_short_side = style_short_side
        self.recolour = recolour
        for name, sides, least in (
            ("content_short_side", content_short_side, self.size),
            ("style_short_side", style_short_side, self.style_size),
        ):
            if not least <= sides[0] <= sides[1]:
                raise DataError(name, f"{list(sides)}", f"two rising numbers of at least the crop's {least} px")
        self.photos = [path for entry in content for path in _files(entry, exclude, "content")]
        self.styles = [_files(entry, exclude, "style") for entry in style]
        self._cache: dict[Path, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self.photos)

    def get(self, index: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Return photo `index` and a painting, cropped, turned left to right and recoloured as `rng` says."""
        paintings = self.styles[rng.integers(len(self.styles))]
        painting = self._crop(paintings[rng.integers(len(paintings))], self.style_short_side, self.style_size, rng)
        if rng.random() < self.recolour:
            painting = painting[rng.permutation(3)]
            inverted = rng.random(3) < 0.3
            painting = np.where(inverted[:, None, None], 1 - painting, painting)
        return {"photo": self._crop(self.photos[index], self.content_short_side, self.size, rng), "style": painting}

    def _crop(self, path: Path, short_side: tuple[int, int], size: int, rng: np.random.Generator) -> np.ndarray:
        image = self._read(path, short_side[1])
        side = int(rng.integers(short_side[0], short_side[1] + 1))
        height, width = image.shape[:2]
        scale = side / min(height, width)
        image = resize(image, max(round(width * scale), side), max(round(height * scale), side))
        top = int(rng.integers(image.shape[0] - size + 1))
        left = int(rng.integers(image.shape[1] - size + 1))
        image = image[top : top + size, left : left + size]
        if rng.random() < 0.5:
            image = image[:, ::-1]
        return np.ascontiguousarray(image.transpose(2, 0, 1), dtype=np.float32) / 255

    def _read(self, path: Path, short_side: int) -> np.ndarray:
        """Return the picture at a short side of at most `short_side` pixels, from memory if it was read before."""
        image = self._cache.get(path)
        if image is None:
            image, _ = read_image(path)
            scale = short_side / min(image.shape[:2])
            if scale < 1:
                image = resize(image, round(image.shape[1] * scale), round(image.shape[0] * scale))
            self._cache[path] = image
        return image


def _files(entry: str, exclude: Sequence[str], what: str) -> list[Path]:
    """Return the pictures of a folder, or the one file, without the excluded ones."""
    path = Path(entry)
    if not path.exists():
        raise DataError(path, "there is no such file or folder", f"pictures to use as {what}")
    found = [file for file in (find_images(path) if path.is_dir() else [path]) if file.name not in set(exclude)]
    if not found:
        raise DataError(path, "holds no picture", f"at least one to use as {what}")
    return found
