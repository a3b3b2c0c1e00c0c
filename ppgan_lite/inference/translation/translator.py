"""Image translation and restoration: one net makes a picture of a photo."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

import numpy as np
from paddle import nn

from ppgan_lite.checkpoint import PredictorSpec
from ppgan_lite.errors import CheckpointError
from ppgan_lite.images import UNNAMED, BlendPart, NamedFile, resize
from ppgan_lite.inference.arrays import LUMA, check_image, to_pixels, to_values
from ppgan_lite.inference.cost import CALIBRATION_PX, MEASURED_PX, Cost, Rates
from ppgan_lite.inference.engines.engine import Engines, caption_of
from ppgan_lite.inference.engines.sample import sample_photo
from ppgan_lite.inference.steps import Cancelled, ProgressCallback, Steps
from ppgan_lite.inference.tiling import spans
from ppgan_lite.inference.translation.planning import LOADING, STAGES, StagePlan, plan_stages
from ppgan_lite.inference.translation.staging import NormStatistics, run_stages, strips_of
from ppgan_lite.inference.translation.subgraphs import WHOLE
from ppgan_lite.nets.stages import Stages

# A net of base_channels 64 needs up to 1.7 kB for a pixel in eager Paddle: these keep it below 2 GB for any picture.
WHOLE_PX = 1_100_000  # a picture of at most so many pixels is done in one go
ATTENTION_PX = 131_072  # ... by a net with self-attention, whose memory grows with the square
TILE_PX = 768  # side of a tile and its halo, for a net without stages, unless its halo needs more
PROCESS_BYTES = 830_000_000  # of a process that translates, beside maps and pictures; benchmarks/large_pictures.py
STAGED_CALIBRATION_PX = 512  # side of the part that is done in stages to learn how long they take
UNCUT_BYTES = 64  # for a pixel of a large picture, by a net that is never cut into tiles: a few maps in float32
SAMPLE_PX = 128  # side of the photo that engines are compared by
SMALLEST_PX = 16  # side of the smallest picture that every net takes


def check_net(net: nn.Layer, spec: PredictorSpec, *, where: object) -> None:
    """Refuse a net that a `Translator` cannot use.

    Raises:
        CheckpointError: The net does not make one picture of another, or its checkpoint's description cannot be true.
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


def sample_translation(
    net: nn.Layer,
    engines: Engines,
    spec: PredictorSpec,
    stages: Stages | None = None,
    *,
    cancelled: Cancelled | None = None,
) -> np.ndarray:
    """Translate a photo that is always the same, whole or in stages: the picture that engines are compared by."""
    staged = None if stages is None else StagedNet(stages, lambda _cancelled: engines)
    translator = Translator(net, engines, spec, name="sample", device="cpu", staged=staged)
    photo = np.ascontiguousarray(sample_photo()[:SAMPLE_PX, :SAMPLE_PX])
    translate = translator if stages is None else translator.translate_in_stages
    return translate(photo, cancelled=cancelled)


class StagedNet:
    """A net's stages, and the engines that execute them, chosen when the first large picture comes.

    Args:
        stages: The net's.
        load: Returns the engines of their subgraphs; asks now and then whether to stop, and raises CancelledError then.
    """

    def __init__(self, stages: Stages, load: Callable[[Cancelled | None], Engines]) -> None:
        self.stages = stages
        self._load = load
        self._engines: Engines | None = None
        self._lock = threading.Lock()

    def engines(self, cancelled: Cancelled | None) -> Engines:
        """Return the engines."""
        with self._lock:
            if self._engines is None:
                self._engines = self._load(cancelled)
            return self._engines


class Translator:
    """A predictor that gives a photo to one net; see `load_translator`.

    Attributes:
        name: Of the file.
        spec: The checkpoint's description; `spec.task` is "translate" or "restore".
        device: The device that computes: "cpu", "gpu:N" or "intel".
        device_note: Why that is not the device asked for; "" if there is nothing to say.
        direction: Its name among the checkpoint's predictors.
        directions: The names of those that do the same task, its own among them.
        checkpoint: The file that it was built from.
        painting: None, as it has no style.
        blend: Empty, likewise.
        colors: None, likewise.
    """

    painting: NamedFile | None = None
    blend: tuple[BlendPart, ...] = ()
    colors: NamedFile | None = None

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
        staged: StagedNet | None = None,
        key: str = "",
        checkpoint: NamedFile = UNNAMED,
        is_exact: bool = False,
    ) -> None:
        """Hold a net and its engines.

        Args:
            net: Gives its arguments, halo and multiple.
            engines: Execute `whole_subgraph`.
            spec: See above, as for the others.
            staged: The net's stages, if it has any.
            key: Identifies the checkpoint, for the time that its pictures take.
            checkpoint: As above.
            is_exact: Whether maps between stages are kept in float32 where they fit.
        """
        self.name = name
        self.checkpoint = checkpoint
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
        self._is_exact = is_exact
        attends = staged is not None and any(stage.extra == "reduced_maps" for stage in staged.stages.all)
        self._whole_px = ATTENTION_PX if attends else WHOLE_PX
        self._halo = -(-net.halo // self._multiple) * self._multiple

    @property
    def engine(self) -> str:
        """The engine that executes the net, with its precision unless that is float32."""
        return caption_of(self._engines[WHOLE])

    def __call__(
        self,
        image: np.ndarray,
        *,
        progress: ProgressCallback | None = None,
        cancelled: Cancelled | None = None,
    ) -> np.ndarray:
        """Translate or restore a photo.

        A large photo is done stage by stage, each for the whole picture, so it comes out as a small one does, whatever
        the net normalizes by. Where memory is short this happens in bands with halos; these are normalized by the
        statistics of a reduced copy, the same for each band, so no border can be seen. Self-attention attends to a
        reduced copy of a large photo. A net without stages does tiles.

        Args:
            image: uint8 or uint16 H x W x 3 RGB, any size. Only engines in float32 are fine enough for 16 bits: load it
                with `engine="auto:float32"` for these.
            progress: Called with the share that is done, 0 to 1.
            cancelled: Asked between tiles, several times in a strip, and while engines are compared; True stops it.

        Returns:
            RGB image of the same type, `spec.scale` times as high and as wide.

        Raises:
            UsageError: `image` is no image.
            CancelledError: `cancelled` said so.
        """
        check_image("image", image)
        height, width = (size * self.spec.scale for size in image.shape[:2])
        steps = Steps(self.spec.task, progress, cancelled)
        result = self._translate(self._pad(self._to_channels(image)), steps)[:height, :width]
        return np.ascontiguousarray(np.broadcast_to(result, (height, width, 3)))

    def cost(self, height: int, width: int, *, depth: int = 8) -> Cost:
        """Return the cost of a photo of a size, and of a depth of 8 or 16 bits."""
        work, maps = {WHOLE: float(height * width)}, 0.0
        if self._is_staged(height, width):
            assert self._staged is not None
            plan = self._plan(height, width)
            work = plan.work
            maps = self._staged.stages.bytes_per_pixel * plan.largest_px * (2 if plan.is_exact else 1)
        elif height * width > self._whole_px and self._tile_px(height, width) == max(height, width):
            maps = UNCUT_BYTES * height * width
        pictures = depth / 8 * (3 + 3 * self.spec.scale**2) * height * width
        return Cost(self._rates().seconds(work), PROCESS_BYTES + maps + pictures)

    def calibrate(self, image: np.ndarray, *, cancelled: Cancelled | None = None) -> None:
        """Do a part of a photo as the whole will be done, so that `cost` knows how long it takes."""
        if self._staged is None:
            part = np.ascontiguousarray(image[:CALIBRATION_PX, :CALIBRATION_PX])
            for _ in range(2):
                self(part, cancelled=cancelled)
            return
        small = np.ascontiguousarray(image[:SAMPLE_PX, :SAMPLE_PX])
        self.translate_in_stages(small, cancelled=cancelled)  # makes the engines
        started = time.perf_counter()
        self.translate_in_stages(small, cancelled=cancelled)  # nearly all of its time goes into loading them
        self._rates().record(LOADING, 1, time.perf_counter() - started)
        part = np.ascontiguousarray(image[:STAGED_CALIBRATION_PX, :STAGED_CALIBRATION_PX])
        self.translate_in_stages(part, cancelled=cancelled)

    def translate_in_stages(self, image: np.ndarray, *, cancelled: Cancelled | None = None) -> np.ndarray:
        """Translate an image as a large one is; the result has as many channels as the net gives."""
        return self._in_stages(self._pad(self._to_channels(image)), Steps(self.spec.task, None, cancelled))

    def _rates(self) -> Rates:
        return Rates(f"{self._key} {self.engine}")

    def _is_staged(self, height: int, width: int) -> bool:
        """Say whether a picture is done in stages."""
        return self._staged is not None and height * width > self._whole_px

    def _plan(self, height: int, width: int) -> StagePlan:
        assert self._staged is not None
        stages = self._staged.stages
        return plan_stages(stages, height, width, halo=self._halo, multiple=self._multiple, is_exact=self._is_exact)

    def _to_channels(self, image: np.ndarray) -> np.ndarray:
        """Return an image as the net takes it: RGB, or gray as H x W x 1."""
        return image if self._in_channels == 3 else np.rint(image @ LUMA).astype(image.dtype)[..., None]

    def _pad(self, pixels: np.ndarray) -> np.ndarray:
        """Continue a picture by its reflection, below and to the right, to a size that the net takes."""
        multiple = self.spec.multiple_of
        extra = [-(-max(size, SMALLEST_PX) // multiple) * multiple - size for size in pixels.shape[:2]]
        return np.pad(pixels, ((0, extra[0]), (0, extra[1]), (0, 0)), mode="reflect") if any(extra) else pixels

    def _translate(self, pixels: np.ndarray, steps: Steps) -> np.ndarray:
        """Return the result of a picture of a size that the net takes, with as many channels as the net gives."""
        height, width = pixels.shape[:2]
        if self._is_staged(height, width):
            self._engines[WHOLE].close()  # it keeps the memory of its largest picture
            return self._in_stages(pixels, steps)
        with self._rates().timed(WHOLE, height * width):
            return self._in_tiles(pixels, steps)

    def _in_tiles(self, pixels: np.ndarray, steps: Steps) -> np.ndarray:
        """Translate a picture of a size that the net takes, in one tile if it is not large."""
        height, width = pixels.shape[:2]
        tile, scale = self._tile_px(height, width), self.spec.scale
        tiles = [(row, column) for row in spans(height, tile, self._halo) for column in spans(width, tile, self._halo)]
        steps.expect(len(tiles))
        result = None
        for row, column in tiles:
            made = self._run(pixels[row.input, column.input])
            if result is None:
                result = np.empty((height * scale, width * scale, made.shape[2]), made.dtype)
            rows, columns = row.scaled(scale), column.scaled(scale)
            result[rows.output, columns.output] = made[rows.crop, columns.crop]
            steps.done()
        assert result is not None
        return result

    def _tile_px(self, height: int, width: int) -> int:
        """Choose the side of a tile; the longer side of the picture where one tile is enough."""
        tile = max(TILE_PX - 2 * self._halo, self._halo) // self._multiple * self._multiple
        if height * width <= max(self._whole_px, (tile + 2 * self._halo) ** 2):
            return max(height, width)
        return tile

    def _run(self, pixels: np.ndarray) -> np.ndarray:
        """Return the net's result of h x w x channels."""
        low, high = self.spec.value_range
        (values,) = self._engines[WHOLE].run(to_values(pixels, low, high))
        made = to_pixels(values, low, high, pixels.dtype)
        self._check_scale(made.shape, pixels.shape)
        return made

    def _in_stages(self, pixels: np.ndarray, steps: Steps) -> np.ndarray:
        """Translate a picture stage by stage; in bands, normalized by a reduced copy, where its maps do not fit."""
        assert self._staged is not None
        stages = self._staged.stages
        size = pixels.shape[:2]
        extra = [-side % stages.multiple for side in size]
        pixels = np.pad(pixels, ((0, extra[0]), (0, extra[1]), (0, 0)), mode="edge") if any(extra) else pixels
        plan = self._plan(*pixels.shape[:2])
        steps.expect(sum(strips_of(stages, *part) for part in plan.sizes))
        engines = self._staged.engines(steps.cancelled)
        started = time.perf_counter()

        def run(part: np.ndarray, statistics: NormStatistics | None) -> tuple[np.ndarray, NormStatistics]:
            return run_stages(
                stages,
                engines,
                part,
                self.spec.value_range,
                statistics=statistics,
                is_exact=plan.is_exact,
                after_each=steps.done,
                within=steps.ask,
            )

        statistics = None if plan.reduced is None else run(_resized(pixels, *plan.reduced), None)[1]
        result: np.ndarray | None = None
        for band in plan.bands:
            made, _ = run(pixels[band.input], statistics)
            self._check_scale(made.shape, pixels[band.input].shape)
            if len(plan.bands) == 1:
                result = made
                break
            if result is None:
                result = np.empty((*pixels.shape[:2], made.shape[2]), made.dtype)
            result[band.output] = made[band.crop]
        assert result is not None
        self._record_stages(plan, time.perf_counter() - started)
        return result[: size[0], : size[1]]

    def _record_stages(self, plan: StagePlan, seconds: float) -> None:
        pixels = plan.work[STAGES]
        if pixels < MEASURED_PX:
            return
        rates = self._rates()
        loading = rates.seconds({LOADING: plan.work[LOADING]})
        if loading is not None:
            rates.record(STAGES, pixels, max(seconds - loading, seconds / 10))

    def _check_scale(self, made: tuple[int, ...], of: tuple[int, ...]) -> None:
        expected = [size * self.spec.scale for size in of[:2]]
        if list(made[:2]) != expected:
            found = f"its net makes {made[1]}x{made[0]} of {of[1]}x{of[0]} pixels"
            raise CheckpointError(self.name, found, f"{expected[1]}x{expected[0]}, by the scale that it names")


def _resized(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return pixels, H x W x C, at another size."""
    is_gray = pixels.shape[2] == 1
    small = resize(pixels[..., 0] if is_gray else pixels, width, height)
    return small[..., None] if is_gray else small
