"""Photos and paintings, drawn independently, for training style transfer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np

from ppgan_lite.data.crops import Policy, cut
from ppgan_lite.data.pictures import Pictures, Source, pictures_in, to_array
from ppgan_lite.errors import DataError
from ppgan_lite.images import resize
from ppgan_lite.signatures import FilePath, PositiveInt, Within

SAMPLE_PX = 64  # side of the grid of pixels that stand for the colors of a photo


class ContentAndStyle:
    """Crops of photos ("photo") and of paintings ("style"), float32 3 x side x side in [0, 1], RGB.

    One item per photo; the painting is drawn at random. With each crop come pixels of the whole photo, 3 x 64 x 64 on a
    regular grid ("photo_sample"): its colors.

    Args:
        content: Folders (searched recursively) or files of photos.
        style: Folders or files of paintings; all entries of the list are drawn equally often, so a folder of
            a hundred counts as much as a single file.
        size: Side of a photo's crop in pixels.
        style_size: Side of a painting's crop; `size` if not given.
        content_short_side: Range of the short side that a photo is resized to before it is cropped.
        style_short_side: The same for paintings. It sets the size of strokes relative to the objects of the photo.
        exclude: File names (without folder) to leave out, for example those held out for validation.
        whole: Whether to return the whole painting, always in the same size, its short side in the middle of
            `style_short_side`, instead of crops of it, whose colors and strokes differ. Takes one painting.
        recolor: Share of paintings whose color channels are shuffled and partly inverted, for more palettes.
        augment: Whether to draw at random. If not: the middles of ranges, the centers of pictures, the paintings in
            turn.
    """

    gives = ("photo", "photo_sample", "style")

    def __init__(
        self,
        *,
        content: Sequence[FilePath],
        style: Sequence[FilePath],
        size: PositiveInt = 128,
        style_size: PositiveInt | None = None,
        content_short_side: tuple[PositiveInt, PositiveInt] = (136, 136),
        style_short_side: tuple[PositiveInt, PositiveInt] = (136, 136),
        exclude: Sequence[str] = (),
        whole: bool = False,
        recolor: Annotated[float, Within(0, 1)] = 0.0,
        augment: bool = True,
    ) -> None:
        style_size = 1 if whole else style_size or size
        for name, sides, least in (
            ("content_short_side", content_short_side, size),
            ("style_short_side", style_short_side, style_size),
        ):
            if not least <= sides[0] <= sides[1]:
                raise DataError(name, f"{list(sides)}", f"two rising numbers of at least the crop's {least} px")
        self.whole = whole
        self.recolor = recolor
        self.augment = augment
        self.photos = pictures_in(content, "content", exclude=exclude)
        self.styles = [pictures_in([entry], "style", exclude=exclude) for entry in style]
        if whole and [len(files) for files in self.styles] != [1]:
            found = f"{sum(map(len, self.styles))} paintings"
            raise DataError("style", found, "one painting, as data.whole is set")
        self._photo_policy = Policy(size, "short_side", content_short_side, augment=augment)
        self._style_policy = Policy(style_size, "short_side", style_short_side, augment=augment and not whole)
        self._photos = Pictures(3, self._photo_policy.largest)
        self._paintings = Pictures(3, self._style_policy.largest)

    def __len__(self) -> int:
        return len(self.photos)

    def get(self, index: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Return photo `index` and a painting, randomly cropped, flipped and recolored."""
        image = self._paintings[self._painting(index, rng)]
        where = self._style_policy.choose(image, rng)
        painting = to_array(resize(image, where.width, where.height) if self.whole else cut(image, where), 3)
        if self.augment and rng.random() < self.recolor:
            painting = painting[rng.permutation(3)]
            inverted = rng.random(3) < 0.3
            painting = np.where(inverted[:, None, None], 1 - painting, painting)
        image = self._photos[self.photos[index]]
        return {
            "photo": to_array(cut(image, self._photo_policy.choose(image, rng)), 3),
            "photo_sample": to_array(_sample(image), 3),
            "style": painting,
        }

    def sources(self) -> list[Source]:
        """Return the files of the dataset, for the doctor."""
        return [
            Source("photo", tuple(self.photos), self._photo_policy.size),
            Source("style", tuple(file for files in self.styles for file in files), self._style_policy.size),
        ]

    def _painting(self, index: int, rng: np.random.Generator) -> Path:
        """Return the painting for a photo: a random one, or one of each entry in turn without augmentation."""
        if self.augment:
            files = self.styles[rng.integers(len(self.styles))]
            return files[rng.integers(len(files))]
        turn, entry = divmod(index, len(self.styles))
        files = self.styles[entry]
        return files[turn % len(files)]


def _sample(image: np.ndarray) -> np.ndarray:
    """Return `SAMPLE_PX` x `SAMPLE_PX` pixels of a picture, on a grid over all of it."""
    rows, columns = ((np.arange(SAMPLE_PX) + 0.5) / SAMPLE_PX * side for side in image.shape[:2])
    return image[rows.astype(np.intp)[:, None], columns.astype(np.intp)]
