"""Turn photos into other pictures with one net: image translation and restoration."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from paddle import nn

from ppgan_lite.checkpoint import PredictorSpec
from ppgan_lite.errors import CheckpointError
from ppgan_lite.images import resize
from ppgan_lite.inference.arrays import LUMA, check_image, to_pixels, to_values
from ppgan_lite.inference.cost import CALIBRATION_PX, LEARNED_PX, Cost, Rates
from ppgan_lite.inference.engines.engine import Engines, caption_of
from ppgan_lite.inference.engines.sample import sample_photo
from ppgan_lite.inference.engines.subgraph import Subgraph
from ppgan_lite.inference.staging import Statistics, run_stages, stage_subgraphs, strips_of
from ppgan_lite.inference.steps import Cancelled, Progress, Steps
from ppgan_lite.inference.tiling import Span, spans
from ppgan_lite.nets.stages import Stages, stages_of
from ppgan_lite.runtime.memory import affordable

# A net of base_channels 64 needs up to 1.7 kB for a pixel in eager Paddle: these keep it below 2 GB for any picture.
WHOLE_PX = 1_100_000  # a picture of so many pixels is done in one go
LOOKING_PX = 131_072  # ... by a net with self-attention, whose memory grows with the square
TILE_PX = 768  # side of what a net without stages sees of a larger one, unless its halo needs more
PROCESS_BYTES = 830_000_000  # of a process that translates, beside maps and pictures; benchmarks/large_pictures.py
MAPS_BYTES = 800_000_000  # what the maps between the stages of a net may take, if there is memory
STAGED_CALIBRATION_PX = 512  # side of what is done in stages to learn how long they take
SAMPLE_PX = 128  # side of the photo that engines are compared by
WHOLE, STAGES, LOADING = "whole", "stages", "loading stages"  # kinds of work, see `Rates`; the last is counted
SMALLEST_PX = 16  # side of the smallest picture that every net takes


def whole_subgraph(net: nn.Layer, key: str) -> dict[str, Subgraph]:
    """Return a net as a subgraph.

    Args:
        net: With `halo` and `multiple`, from pictures of `arguments["in_channels"]` to pictures.
        key: What the net's numbers are known by.
    """
    return {"whole": Subgraph("net", key, ((1, net.arguments["in_channels"], None, None),), lambda: net)}


def staged_net(net: nn.Layer, key: str) -> tuple[Stages, dict[str, Subgraph]] | None:
    """Return what does a large picture exactly: a net's stages and their subgraphs; None for a net without stages."""
    stages = stages_of(net)
    return None if stages is None else (stages, stage_subgraphs(net, stages, key))


def sample_translation(
    net: nn.Layer,
    engines: Engines,
    spec: PredictorSpec,
    stages: Stages | None = None,
    *,
    cancelled: Cancelled | None = None,
) -> np.ndarray:
    """Translate a photo that is always the same, in one go or in stages: what engines are compared by."""
    staged = None if stages is None else Staged(stages, lambda _cancelled: engines)
    translator = Translator(net, engines, spec, name="sample", device="cpu", staged=staged)
    photo = np.ascontiguousarray(sample_photo()[:SAMPLE_PX, :SAMPLE_PX])
    translate = translator if stages is None else translator.in_stages
    return translate(photo, cancelled=cancelled)


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


class Staged:
    """A net's stages and what executes them.

    Args:
        stages: The net's.
        load: Returns the engines of their subgraphs; asks now and then whether to stop, and raises CancelledError then.
    """

    def __init__(self, stages: Stages, load: Callable[[Cancelled | None], Engines]) -> None:
        self.stages = stages
        self._load = load
        self._engines: Engines | None = None

    def engines(self, cancelled: Cancelled | None) -> Engines:
        """Return the engines, which are chosen when the first large picture comes."""
        if self._engines is None:
            self._engines = self._load(cancelled)
        return self._engines


@dataclass(frozen=True)
class _Parts:
    """What is done in stages of a picture.

    Attributes:
        width: Of the picture.
        bands: Of rows.
        reduced: Height and width of the reduced copy that is measured before; None where none is.
    """

    width: int
    bands: list[Span]
    reduced: tuple[int, int] | None

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """Height and width of all that is done, in its order."""
        first = [] if self.reduced is None else [self.reduced]
        return first + [(band.seen_stop - band.seen_start, self.width) for band in self.bands]

    @property
    def largest_px(self) -> int:
        return max(height * width for height, width in self.sizes)

    @property
    def work(self) -> dict[str, float]:
        """Kind -> amount, see `Rates`."""
        return {LOADING: len(self.sizes), STAGES: sum(height * width for height, width in self.sizes)}


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
        staged: Staged | None = None,
        key: str = "",
    ) -> None:
        """Describe how a net is to be called.

        Args:
            net: Is asked for its arguments, halo and multiple.
            engines: Execute `whole_subgraph`.
            spec: See above, as for the others.
            staged: The net's stages, if it has any.
            key: What its speed is known by.
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
        self._staged = staged
        self._key = key
        looks = staged is not None and any(stage.beside == "reduced" for stage in staged.stages.all)
        self._whole_px = LOOKING_PX if looks else WHOLE_PX
        self._halo = -(-net.halo // self._multiple) * self._multiple

    def __call__(
        self,
        image: np.ndarray,
        *,
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
    ) -> np.ndarray:
        """Translate or restore a photo.

        A large photo is done stage by stage, each for the whole picture, so it comes out as in one go, whatever the
        net normalises by. Where memory is short this happens in bands that see all around them that matters; what then
        normalises them are the statistics of a reduced copy, the same for each band, so no border can be seen.
        Self-attention looks at a reduced copy of a large photo. A net without stages does tiles.

        Args:
            image: uint8 H x W x 3 RGB, any size.
            progress: Called with the share that is done, 0 to 1.
            cancelled: Asked between tiles, several times in a strip, and while engines are compared; True stops it.

        Returns:
            uint8 RGB image, `spec.scale` times as high and as wide.

        Raises:
            UsageError: `image` is no image.
            CancelledError: `cancelled` said so.
        """
        check_image("image", image)
        height, width = (size * self.spec.scale for size in image.shape[:2])
        steps = Steps(self.spec.task, progress, cancelled)
        pixels = self._padded(self._channels_of(image))
        result = self._made(pixels, steps)[:height, :width]
        return np.ascontiguousarray(np.broadcast_to(result, (height, width, 3)))

    def cost(self, height: int, width: int) -> Cost:
        """Return what a photo of a size will cost."""
        work, maps = {WHOLE: float(height * width)}, 0.0
        if self._is_staged(height, width):
            assert self._staged is not None
            parts = self._parts(height, width)
            work = parts.work
            maps = self._staged.stages.bytes_per_pixel * parts.largest_px
        pictures = (3 + 3 * self.spec.scale**2) * height * width
        return Cost(self._rates().seconds(work), PROCESS_BYTES + maps + pictures)

    def calibrate(self, image: np.ndarray, *, cancelled: Cancelled | None = None) -> None:
        """Do a part of a photo as the whole will be done, so that `cost` knows how long it takes."""
        if self._staged is None:
            part = np.ascontiguousarray(image[:CALIBRATION_PX, :CALIBRATION_PX])
            for _ in range(2):
                self(part, cancelled=cancelled)
            return
        small = np.ascontiguousarray(image[:SAMPLE_PX, :SAMPLE_PX])
        self.in_stages(
            small, cancelled=cancelled
        )  # once the engines have been made, nearly all of its time goes into loading them
        started = time.perf_counter()
        self.in_stages(small, cancelled=cancelled)
        self._rates().learn(LOADING, 1, time.perf_counter() - started)
        part = np.ascontiguousarray(image[:STAGED_CALIBRATION_PX, :STAGED_CALIBRATION_PX])
        self.in_stages(part, cancelled=cancelled)

    def _rates(self) -> Rates:
        return Rates(f"{self._key} {self.engine}")

    def _is_staged(self, height: int, width: int) -> bool:
        """Say whether a picture is done in stages."""
        return self._staged is not None and height * width > self._whole_px

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

    def _made(self, pixels: np.ndarray, steps: Steps) -> np.ndarray:
        """Return the result of a picture of a size that the net takes, uint8 with as many channels as the net gives."""
        height, width = pixels.shape[:2]
        if self._is_staged(height, width):
            self._engines["whole"].close()  # it keeps the memory of its largest picture
            return self._in_stages(pixels, steps)
        with self._rates().learning(WHOLE, height * width):
            return self._in_tiles(pixels, steps)

    def _in_tiles(self, pixels: np.ndarray, steps: Steps) -> np.ndarray:
        """Do a picture of a size that the net takes, in one tile if it is not large."""
        height, width = pixels.shape[:2]
        tile, scale = self._tile_px(height, width), self.spec.scale
        tiles = [(row, column) for row in spans(height, tile, self._halo) for column in spans(width, tile, self._halo)]
        steps.expect(len(tiles))
        result = None
        for row, column in tiles:
            made = self._run(pixels[row.seen, column.seen])
            if result is None:
                result = np.empty((height * scale, width * scale, made.shape[2]), np.uint8)
            result[row.scaled(scale).own, column.scaled(scale).own] = made[
                row.scaled(scale).kept, column.scaled(scale).kept
            ]
            steps.done()
        assert result is not None
        return result

    def in_stages(self, image: np.ndarray, *, cancelled: Cancelled | None = None) -> np.ndarray:
        """Translate an image as a large one is: uint8 with as many channels as the net gives."""
        return self._in_stages(self._padded(self._channels_of(image)), Steps(self.spec.task, None, cancelled))

    def _in_stages(self, pixels: np.ndarray, steps: Steps) -> np.ndarray:
        """Do the whole picture stage by stage; in bands, normalised by a reduced copy, where its maps do not fit."""
        assert self._staged is not None
        stages = self._staged.stages
        size = pixels.shape[:2]
        extra = [-side % stages.multiple for side in size]
        pixels = np.pad(pixels, ((0, extra[0]), (0, extra[1]), (0, 0)), mode="edge") if any(extra) else pixels
        parts = self._parts(*pixels.shape[:2])
        bands = parts.bands
        steps.expect(sum(strips_of(stages, *one) for one in parts.sizes))
        engines = self._staged.engines(steps.cancelled)
        started = time.perf_counter()

        def run(part: np.ndarray, statistics: Statistics | None) -> tuple[np.ndarray, Statistics]:
            return run_stages(
                stages,
                engines,
                part,
                self.spec.value_range,
                statistics=statistics,
                after_each=steps.done,
                within=steps.ask,
            )

        statistics = None if parts.reduced is None else run(_shrunk(pixels, *parts.reduced), None)[1]
        result: np.ndarray | None = None
        for band in bands:
            made, _ = run(pixels[band.seen], statistics)
            self._check_scale(made.shape, pixels[band.seen].shape)
            if len(bands) == 1:
                result = made
                break
            if result is None:
                result = np.empty((*pixels.shape[:2], made.shape[2]), np.uint8)
            result[band.own] = made[band.kept]
        assert result is not None
        self._learn_stages(parts, time.perf_counter() - started)
        return result[: size[0], : size[1]]

    def _learn_stages(self, parts: _Parts, seconds: float) -> None:
        pixels = parts.work[STAGES]
        if pixels < LEARNED_PX:
            return
        rates = self._rates()
        loading = rates.seconds({LOADING: parts.work[LOADING]})
        if loading is not None:
            rates.learn(STAGES, pixels, max(seconds - loading, seconds / 10))

    def _parts(self, height: int, width: int) -> _Parts:
        """Choose what is done in stages of a picture: all of it, or bands and before them a reduced copy."""
        assert self._staged is not None
        stages = self._staged.stages
        fitting = int(affordable(MAPS_BYTES) / stages.bytes_per_pixel)
        if height * width <= fitting:
            return _Parts(width, [Span(0, height, 0, height)], None)
        most = max(fitting // width - 2 * self._halo, self._halo)
        rows = -(-height // math.ceil(height / most))
        bands = spans(height, -(-rows // self._multiple) * self._multiple, self._halo)
        if not stages.measure or len(bands) == 1:
            return _Parts(width, bands, None)
        scale = min(1.0, math.sqrt(fitting / 2 / (height * width)))
        sides = [max(int(side * scale) // self._multiple, 1) * self._multiple for side in (height, width)]
        return _Parts(width, bands, (sides[0], sides[1]))

    def _tile_px(self, height: int, width: int) -> int:
        """Choose the side of a tile; the longer side of the picture where one tile is enough."""
        tile = max(TILE_PX - 2 * self._halo, self._halo) // self._multiple * self._multiple
        if height * width <= max(self._whole_px, (tile + 2 * self._halo) ** 2):
            return max(height, width)
        return tile

    def _run(self, pixels: np.ndarray) -> np.ndarray:
        """Return what the net makes of uint8 h x w x channels."""
        low, high = self.spec.value_range
        (made,) = self._engines["whole"].run(to_values(pixels, low, high))
        result = to_pixels(made, low, high)
        self._check_scale(result.shape, pixels.shape)
        return result

    def _check_scale(self, made: tuple[int, ...], of: tuple[int, ...]) -> None:
        expected = [size * self.spec.scale for size in of[:2]]
        if list(made[:2]) != expected:
            found = f"its net makes {made[1]}x{made[0]} of {of[1]}x{of[0]} pixels"
            raise CheckpointError(self.name, found, f"{expected[1]}x{expected[0]}, by the scale that it names")


def _shrunk(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return uint8 H x W x C at another size."""
    is_grey = pixels.shape[2] == 1
    small = resize(pixels[..., 0] if is_grey else pixels, width, height)
    return small[..., None] if is_grey else small
