"""Turn photos into other pictures with one net: image translation and restoration."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from paddle import nn

from ppgan_lite.checkpoint import PredictorSpec
from ppgan_lite.errors import CheckpointError
from ppgan_lite.images import resize
from ppgan_lite.inference.arrays import LUMA, check_image, to_pixels, to_values
from ppgan_lite.inference.engines import Engines, caption_of
from ppgan_lite.inference.engines.piece import Piece
from ppgan_lite.inference.engines.sample import sample_photo
from ppgan_lite.inference.steps import Progress, Steps
from ppgan_lite.inference.tiling import spans
from ppgan_lite.nets.normalisation import instance_norms
from ppgan_lite.nets.tile_pieces import StatisticsPiece, TilePiece

# A net of base_channels 64 needs up to 1.7 kB for a pixel in eager Paddle: these keep it below 2 GB for any picture.
WHOLE_PX = 1_100_000  # a picture of so many pixels is not cut
THUMBNAIL_PX = 600_000  # a larger one is normalised by a thumbnail of so many
PIECE_PX = 768  # side of what a net sees of a larger one, unless its halo needs more
SAMPLE_PX = 128  # side of the photo that engines are compared by
SMALLEST_PX = 16  # side of the smallest picture that every net takes


def translator_pieces(net: nn.Layer, key: str) -> dict[str, Piece]:
    """Return the parts of a net that a `Translator` needs.

    Args:
        net: With `halo` and `multiple`, from pictures of `arguments["in_channels"]` to pictures.
        key: What the net's numbers are known by.
    """
    picture = (1, net.arguments["in_channels"], None, None)
    pieces = {"whole": Piece("net", key, (picture,), lambda: net)}
    norms = instance_norms(net)
    if norms:
        channels = sum(norm.channels for norm in norms.values())
        pieces["statistics"] = Piece("statistics", key, (picture,), lambda: StatisticsPiece(net))
        pieces["tile"] = Piece("tile", key, (picture, (2, channels)), lambda: TilePiece(net))
    return pieces


def sample_translation(net: nn.Layer, engines: Engines, spec: PredictorSpec) -> np.ndarray:
    """Translate a photo that is always the same, in one piece and as a tile: what engines are compared by."""
    translator = Translator(net, engines, spec, name="sample", device="cpu")
    photo = np.ascontiguousarray(sample_photo()[:SAMPLE_PX, :SAMPLE_PX])
    whole = translator(photo)
    if "tile" not in engines:
        return whole
    tile = translator.as_tile_of(photo, photo)
    return np.concatenate([whole, np.broadcast_to(tile, whole.shape)])


def check_net(net: nn.Layer, spec: PredictorSpec, *, where: object) -> None:
    """Refuse what a `Translator` cannot use.

    Raises:
        CheckpointError: The net does not make one picture of another, or its checkpoint says of it what cannot be.
    """
    channels = [net.arguments.get(key) for key in ("in_channels", "out_channels")]
    if not hasattr(net, "halo") or any(count not in (1, 3) for count in channels):
        found = f"its predictor is a {type(net).__name__} from {channels[0]} to {channels[1]} channels"
        raise CheckpointError(where, found, "a net that makes a picture of a picture, of 1 or 3 channels each")
    if spec.inputs != ("photo",):
        raise CheckpointError(where, f"its predictor needs {', '.join(spec.inputs)}", "a photo alone")
    if not spec.value_range[0] < spec.value_range[1] or spec.multiple_of < 1 or spec.scale < 1:
        found = f"values from {spec.value_range[0]} to {spec.value_range[1]}, sizes in multiples of {spec.multiple_of}"
        raise CheckpointError(where, f"its predictor is said to have {found}, a scale of {spec.scale}", "sound numbers")


class Translator:
    """A predictor that gives a photo to one net; see `load_predictor`.

    Attributes:
        name: Of the file.
        spec: What the net takes; `spec.task` is "translate" or "restore".
        device: Where it runs: "cpu" or "gpu:N".
        device_note: Why that is not the device asked for; "" if there is nothing to say.
        direction: Its name among the checkpoint's predictors.
        directions: The names of those that do the same task, its own among them.
    """

    def __init__(
        self,
        net: nn.Layer,
        engines: Engines,
        spec: PredictorSpec,
        *,
        name: str,
        device: str,
        device_note: str = "",
        direction: str = "",
        directions: tuple[str, ...] = (),
    ) -> None:
        """Describe how a net is to be called.

        Args:
            net: Is asked for its arguments, halo and multiple.
            engines: Execute its pieces; see `translator_pieces`.
            spec: See above, as for the others.
        """
        self.name = name
        self.spec = spec
        self.device = device
        self.device_note = device_note
        self.direction = direction
        self.directions = directions
        self._engines = engines
        self._in_channels = net.arguments["in_channels"]
        self._multiple = math.lcm(net.multiple, spec.multiple_of)
        self._halo = -(-net.halo // self._multiple) * self._multiple

    def __call__(
        self,
        image: np.ndarray,
        *,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> np.ndarray:
        """Translate or restore a photo.

        A large photo is done in tiles that see all around them that matters, so they give what one piece would. A net
        that normalises by statistics of the whole picture is given those of a thumbnail, the same for each tile, and no
        border can be seen. Self-attention looks at a tile and its halo.

        Args:
            image: uint8 H x W x 3 RGB, any size.
            progress: Called with the share that is done, 0 to 1.
            cancelled: Asked between tiles; True stops the work.

        Returns:
            uint8 RGB image, `spec.scale` times as high and as wide.

        Raises:
            UsageError: `image` is no image.
            CancelledError: `cancelled` said so.
        """
        check_image("image", image)
        height, width = (size * self.spec.scale for size in image.shape[:2])
        steps = Steps(self.spec.task, progress, cancelled)
        result = self._in_tiles(image, steps)[:height, :width]
        return np.ascontiguousarray(np.broadcast_to(result, (height, width, 3)))

    @property
    def engine(self) -> str:
        """What computes, and how exactly."""
        return caption_of(self._engines["whole"])

    def _channels_of(self, image: np.ndarray) -> np.ndarray:
        """The image as the net wants it: RGB, or grey as H x W x 1."""
        return image if self._in_channels == 3 else np.rint(image @ LUMA).astype(np.uint8)[..., None]

    def _padded(self, pixels: np.ndarray) -> np.ndarray:
        """Continue a picture by its mirror image, below and to the right, to a size that the net takes."""
        multiple = self.spec.multiple_of
        extra = [-(-max(size, SMALLEST_PX) // multiple) * multiple - size for size in pixels.shape[:2]]
        return np.pad(pixels, ((0, extra[0]), (0, extra[1]), (0, 0)), mode="reflect") if any(extra) else pixels

    def _in_tiles(self, image: np.ndarray, steps: Steps) -> np.ndarray:
        """Return the result of the padded picture, uint8 with as many channels as the net gives."""
        pixels = self._padded(self._channels_of(image))
        height, width = pixels.shape[:2]
        tile, scale = self._tile_px(height, width), self.spec.scale
        tiles = [(row, column) for row in spans(height, tile, self._halo) for column in spans(width, tile, self._halo)]
        statistics = None
        if len(tiles) > 1 and "statistics" in self._engines:
            steps.expect(len(tiles) + 1)
            statistics = self._statistics(_thumbnail(image))
            steps.done()
        else:
            steps.expect(len(tiles))
        result = None
        for row, column in tiles:
            piece = self._run(pixels[row.seen, column.seen], statistics)
            if result is None:
                result = np.empty((height * scale, width * scale, piece.shape[2]), np.uint8)
            result[row.scaled(scale).own, column.scaled(scale).own] = piece[
                row.scaled(scale).kept, column.scaled(scale).kept
            ]
            steps.done()
        assert result is not None
        return result

    def as_tile_of(self, whole: np.ndarray, image: np.ndarray) -> np.ndarray:
        """Translate an image of a size that the net takes as a part of a whole one."""
        return self._run(self._channels_of(image), self._statistics(whole))

    def _statistics(self, image: np.ndarray) -> np.ndarray:
        """Return what the net normalises an image by."""
        values = to_values(self._channels_of(image), *self.spec.value_range)
        return self._engines["statistics"].run(values)[0]

    def _tile_px(self, height: int, width: int) -> int:
        """Choose the side of a tile; the longer side of the picture where one piece is enough."""
        tile = max(PIECE_PX - 2 * self._halo, self._halo) // self._multiple * self._multiple
        if height * width <= max(WHOLE_PX, (tile + 2 * self._halo) ** 2):
            return max(height, width)
        return tile

    def _run(self, pixels: np.ndarray, statistics: np.ndarray | None) -> np.ndarray:
        """Return what the net makes of uint8 h x w x channels."""
        low, high = self.spec.value_range
        values = to_values(pixels, low, high)
        if statistics is None:
            (made,) = self._engines["whole"].run(values)
        else:
            (made,) = self._engines["tile"].run(values, statistics)
        piece = to_pixels(made, low, high)
        expected = [size * self.spec.scale for size in pixels.shape[:2]]
        if list(piece.shape[:2]) != expected:
            found = f"its net makes {piece.shape[1]}x{piece.shape[0]} of {pixels.shape[1]}x{pixels.shape[0]} pixels"
            raise CheckpointError(self.name, found, f"{expected[1]}x{expected[0]}, by the scale that it names")
        return piece


def _thumbnail(image: np.ndarray) -> np.ndarray:
    """Shrink an image to at most THUMBNAIL_PX pixels."""
    height, width = image.shape[:2]
    scale = min(1.0, math.sqrt(THUMBNAIL_PX / (height * width)))
    return resize(image, max(SMALLEST_PX, int(width * scale)), max(SMALLEST_PX, int(height * scale)))
