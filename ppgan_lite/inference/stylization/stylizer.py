"""The predictor that paints."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ppgan_lite.checkpoint import PredictorSpec
from ppgan_lite.errors import UsageError
from ppgan_lite.images import UNNAMED, BlendPart, NamedFile, resize
from ppgan_lite.inference.arrays import check_image, to_values
from ppgan_lite.inference.cost import CALIBRATION_PX, Cost, Rates
from ppgan_lite.inference.engines.engine import Engines, caption_of, prefetch
from ppgan_lite.inference.engines.sample import REFERENCE_PX, sample_photo
from ppgan_lite.inference.steps import Cancelled, ProgressCallback, Steps
from ppgan_lite.inference.stylization.blending import blend_styles
from ppgan_lite.inference.stylization.drafting import with_input_noise
from ppgan_lite.inference.stylization.kept_colors import take_chroma
from ppgan_lite.inference.stylization.painters import PainterSpec
from ppgan_lite.inference.stylization.revising import (
    photo_pyramid,
    pyramid_sizes,
    resized_rows,
    revise,
    strip_px,
    tiles_of_levels,
)
from ppgan_lite.inference.stylization.strength import Strength
from ppgan_lite.nets.painter_interface import DRAFT_PX, IMAGE, LEAST_DRAFT, StyleArrays
from ppgan_lite.runtime.opencv import opencv

DRAFT_RANGE_PX = (64, 1024)  # of a draft's short side, as `brush` sets it
STROKE_PX = 8  # width of a typical stroke in a draft, by which `brush` becomes a draft's size
SAMPLE_DRAFT_PX = 128  # half of the sample's size, so that a revision net has its part in it

PROCESS_BYTES = 520_000_000  # of a process that paints, beside the photo's share; benchmarks/large_pictures.py
DEEP_BYTES = 200_000_000  # more of a process that paints 16 bits: its engines compute in float32
BYTES_PER_PIXEL = 8.0  # photo, result, and the levels between them in half precision
FRAME_DRAFT = 0.7  # of the short side of a small frame of a clip: strokes are larger, and flicker less
LEVEL_TOLERANCE = 0.1  # octaves that a draft is smaller than `draft_px` at most where a photo is far larger
REDUCED = 0.7  # octaves that a draft as `brush` sets it is reduced at most to meet the pyramid
STYLE_SIDE_PX = 32  # the smallest side of a painting that an encoder of five stages takes
LONGEST_DRAFT = 4  # a draft's long side is at most this many times DRAFT_PX


class Stylizer:
    """A predictor that paints; see `load_stylizer`.

    Attributes:
        name: Of the style, or of the file.
        spec: The checkpoint's description; `spec.inputs` is ("photo",) or ("photo", "style").
        device: The device that computes: "cpu", "gpu:N" or "intel".
        device_note: Why that is not the device asked for; "" if there is nothing to say.
        direction: "", as it paints one way only.
        directions: Empty, likewise.
        checkpoint: The file that it was built from.
        painting: The picture whose style it always paints in; None if it has none, or was given an array.
        blend: The styles that it mixes; empty if it has one.
        colors: The picture whose colors it always paints in; None if it has none, or was given an array.
    """

    direction: str = ""
    directions: tuple[str, ...] = ()

    def __init__(
        self,
        engines: Engines,
        spec: PredictorSpec,
        painter: PainterSpec,
        *,
        name: str,
        device: str = "cpu",
        device_note: str = "",
        key: str = "",
        checkpoint: NamedFile = UNNAMED,
        blend: tuple[BlendPart, ...] = (),
    ) -> None:
        """Hold a net's facts and engines.

        Args:
            engines: Execute its subgraphs; see `painter_subgraphs`.
            spec: As above.
            painter: The net's facts.
            name: As above.
            device: As above.
            device_note: As above.
            key: Identifies the checkpoint, for the time that its pictures take.
            checkpoint: As above.
            blend: As above.
        """
        self.name = name
        self.checkpoint = checkpoint
        self.painting: NamedFile | None = None
        self.blend = blend
        self.colors: NamedFile | None = None
        self.spec = spec
        self.device = device
        self.device_note = device_note
        self._engines = engines
        self._painter = painter
        self._key = key
        self._colors: StyleArrays = {}  # take the place of the style's
        self._last_measured: tuple[object, StyleArrays] | None = None  # key of the painting measured last, its style
        self._draft = painter.drafter({name: engines[name].run for name in painter.draft})
        self._revisions = [engines[f"revise{level}"].run for level in range(painter.revisions)]

    @property
    def engine(self) -> str:
        """The engine that executes the net, with its precision unless that is float32."""
        return caption_of(self._engines[self._painter.draft[0]])

    def with_style(self, painting: np.ndarray, *, file: NamedFile | None = None) -> Stylizer:
        """Return a predictor that always paints in the manner of a painting.

        Args:
            painting: uint8 H x W x 3 RGB.
            file: It was read from.

        Raises:
            UsageError: It has a style of its own.
        """
        found = self._with_measured(self._measure_style(painting))
        found.painting = file
        return found

    def with_blend(self, paintings: Sequence[np.ndarray], blend: Sequence[BlendPart]) -> Stylizer:
        """Return a predictor that always paints in a manner between those of several paintings.

        Args:
            paintings: uint8 H x W x 3 RGB each.
            blend: The share and the file of each.

        Raises:
            UsageError: It has a style of its own.
        """
        measured = [self._measure_style(painting) for painting in paintings]
        found = self._with_measured(blend_styles(measured, [part.share for part in blend]))
        found.blend = tuple(blend)
        return found

    def with_colors(self, picture: np.ndarray, *, file: NamedFile | None = None) -> Stylizer:
        """Return a predictor with the strokes of this one and the colors of a picture.

        Args:
            picture: uint8 H x W x 3 RGB.
            file: It was read from.

        Raises:
            UsageError: Its net chooses the colors.
        """
        measured = self._measure(picture)
        if IMAGE not in measured:
            raise no_other_colors(self.name)
        found = copy.copy(self)
        found._colors, found.colors = {IMAGE: measured[IMAGE]}, file
        return found

    def _measure_style(self, painting: np.ndarray) -> StyleArrays:
        if self._painter.style is not None:
            raise UsageError("style", f"{self.name} paints in a style of its own", "a painter of any style")
        return self._measure(painting)

    def _with_measured(self, style: StyleArrays) -> Stylizer:
        found = copy.copy(self)
        found.spec = dataclasses.replace(self.spec, inputs=("photo",))
        found._painter = self._painter._replace(style=style)
        return found

    def cost(self, height: int, width: int, *, brush: float | None = None, depth: int = 8) -> Cost:
        """Return the cost of painting a photo of a size, and of a depth of 8 or 16 bits."""
        draft_height, draft_width, levels = self._plan(height, width, brush)
        work = {"draft": float(draft_height * draft_width)}
        if levels:
            work["revise"] = float(_revised_px(height, width, levels))
        process = PROCESS_BYTES + (DEEP_BYTES if depth > 8 else 0)
        return Cost(self._rates().seconds(work), process + depth / 8 * BYTES_PER_PIXEL * height * width)

    def calibrate(self, image: np.ndarray, *, cancelled: Cancelled | None = None) -> None:
        """Paint a part of a photo, so that `cost` knows how long the whole will take."""
        style = None if "style" not in self.spec.inputs else image[:CALIBRATION_PX, :CALIBRATION_PX]
        part = np.ascontiguousarray(image[:CALIBRATION_PX, :CALIBRATION_PX])
        for _ in range(2):
            self(part, style=style, brush=2 * STROKE_PX, cancelled=cancelled)

    def _rates(self) -> Rates:
        return Rates(f"{self._key} {self.engine}")

    def __call__(
        self,
        image: np.ndarray,
        *,
        style: np.ndarray | None = None,
        strength: float | np.ndarray = 1.0,
        strokes: np.ndarray | None = None,
        keep_colors: bool = False,
        brush: float | None = None,
        of_clip: bool = False,
        progress: ProgressCallback | None = None,
        cancelled: Cancelled | None = None,
    ) -> np.ndarray:
        """Paint a photo.

        Args:
            image: uint8 or uint16 H x W x 3 RGB, any size. Only engines in float32 are fine enough for 16 bits: load it
                with `engine="auto:float32"` for these.
            style: The painting, uint8 h x w x 3 RGB; given if and only if "style" is in `spec.inputs`.
            strength: 0 (the photo, as the net repaints it) to 1 (the full style): a number, or a map of numbers, a
                float array h x w of any size, which is stretched over the photo.
            strokes: A map of the same kind: the share of the strength at which strokes are painted, while colors keep
                all of it. `inference.faces.sparing` makes one that spares faces. None is 1 everywhere.
            keep_colors: Keep the photo's colors and take only the brushwork.
            brush: Width of a typical stroke in pixels of the photo. None follows the picture, so
                that a photo looks the same at any resolution.
            of_clip: Whether the photo is a frame of a clip. Small ones are drafted smaller than photos of their size.
            progress: Called with the share that is done, 0 to 1.
            cancelled: Asked between steps of the draft and between tiles; True stops the work.

        Returns:
            RGB image of the same size and type; the same for the same arguments.

        Raises:
            UsageError: An argument is out of its range, or the style is missing or not wanted.
            CancelledError: `cancelled` said so.
        """
        check_image("image", image)
        amounts = Strength.checked(strength, strokes)
        check_brush(brush)
        if ("style" in self.spec.inputs) != (style is not None):
            found = "none was given" if style is None else f"{self.name} has a style already"
            raise UsageError("style", found, "a painting" if style is None else "no painting")
        measured = self._painter.style if style is None else self._measure(style)
        assert measured is not None
        measured = {**measured, **self._colors}
        steps = Steps("stylize", progress, cancelled)
        height, width = image.shape[:2]
        result = self._paint(image, measured, amounts, self._plan(height, width, brush, of_clip=of_clip), steps)
        if keep_colors:
            take_chroma(result, image)
        return result

    def _paint(
        self, image: np.ndarray, style: StyleArrays, strength: Strength, plan: tuple[int, int, int], steps: Steps
    ) -> np.ndarray:
        height, width = image.shape[:2]
        draft_height, draft_width, levels = plan
        if levels:  # loaded while the draft is painted
            prefetch(self._engines, ["revise0"], afterwards=opencv)
        sizes = pyramid_sizes(height, width, levels)
        draft_steps = draft_height * draft_width // 100_000 + 1  # a draft of a tile's pixels costs about two tiles
        strip = strip_px(width)
        steps.expect(draft_steps + tiles_of_levels(sizes, self._painter.halo, strip))
        with ThreadPoolExecutor(1) as beside:  # the draft begins and ends with work for one core
            photos = beside.submit(photo_pyramid, image, levels)
            draft = self._drafted(image, style, strength, (draft_height, draft_width), steps)
        steps.done(draft_steps)
        rows = resized_rows(
            lambda start, stop: draft[start:stop], (draft_height, draft_width), sizes[-1], 0, sizes[-1][0]
        )
        with self._rates().timed("revise", _revised_px(height, width, levels)):
            return revise(
                image.dtype,
                photos.result(),
                rows,
                self._revisions,
                self._painter.halo,
                strength=strength,
                strip_px=strip,
                after_each=steps.done,
            )

    def _drafted(
        self, image: np.ndarray, style: StyleArrays, strength: Strength, size: tuple[int, int], steps: Steps
    ) -> np.ndarray:
        """Paint the photo at a size (height, width): float32 height x width x 3, about [0, 1]."""
        height, width = size
        small = to_values(resize(image, width, height), 0.0, 1.0)
        of_draft = strength.at(height, width)
        noise_std = float(self.spec.settings.get("noise_std", 0.0)) * strength.amount
        small = with_input_noise(small, noise_std, of_draft.strokes)
        with self._rates().timed("draft", height * width):
            painted = self._draft(small, style, of_draft, steps.ask)
        return opencv().merge(list(painted[0]))  # in a tenth of the time of a transposed copy

    def _plan(self, height: int, width: int, brush: float | None, *, of_clip: bool = False) -> tuple[int, int, int]:
        """Choose the draft's height and width, and how many levels lie between it and the photo."""
        short, long = min(height, width), max(height, width)
        draft_px, levels = float(self.spec.settings.get("draft_px", DRAFT_PX)), 0
        if brush is not None:
            draft_px = min(max(short * STROKE_PX / brush, DRAFT_RANGE_PX[0]), DRAFT_RANGE_PX[1])
        elif self._revisions:
            # A photo of `draft_px` is drafted smaller too: strokes are larger, and unrevised drafts have a weave.
            least_px = LEAST_DRAFT * draft_px
            levels = max(math.floor(math.log2(short / draft_px) + LEVEL_TOLERANCE), int(short >= least_px / 2))
            if of_clip and levels:
                least_px = min(least_px, max(FRAME_DRAFT * short, draft_px / 2))
            draft_px = max(least_px, short / 2**levels)
        elif draft_px < short < 2 * draft_px:
            draft_px = short  # nothing would sharpen what is enlarged
        draft_px = min(draft_px, max(LONGEST_DRAFT * draft_px * short / long, DRAFT_RANGE_PX[0] / 4))
        if self._revisions:
            levels = max(levels, math.floor(math.log2(short / draft_px) + REDUCED))
        scale = draft_px / short
        return max(round(height * scale), 16), max(round(width * scale), 16), levels

    def _measure(self, painting: np.ndarray) -> StyleArrays:
        """Measure a painting; the same one as the last time is known, as where many photos are painted in its style."""
        check_image("style", painting)
        key = hashlib.sha256(np.ascontiguousarray(painting).data).digest(), painting.shape, painting.dtype
        last = self._last_measured  # another thread may change it
        if last is None or last[0] != key:
            self._last_measured = last = key, self._measure_anew(painting)
        return last[1]

    def _measure_anew(self, painting: np.ndarray) -> StyleArrays:
        height, width = painting.shape[:2]
        style_px = float(self.spec.settings.get("style_px", DRAFT_PX))
        scale = min(style_px / min(height, width), LONGEST_DRAFT * style_px / max(height, width))
        small = resize(painting, max(round(width * scale), STYLE_SIDE_PX), max(round(height * scale), STYLE_SIDE_PX))
        return self._draft.measure(to_values(small, 0.0, 1.0))


def sample_painting(
    engines: Engines, spec: PredictorSpec, painter: PainterSpec, *, cancelled: Cancelled | None = None
) -> np.ndarray:
    """Paint a photo that is always the same, and return its middle: the picture that engines are compared by.

    Returns:
        uint8 `REFERENCE_PX` x `REFERENCE_PX` x 3 RGB.
    """
    photo = sample_photo()
    stylizer = Stylizer(engines, spec, painter, name="sample")
    style = None if painter.style is not None else np.ascontiguousarray(photo[::-1, ::-1, ::-1])
    brush = STROKE_PX * len(photo) / SAMPLE_DRAFT_PX
    strokes = np.linspace(1, 0.5, 16, dtype=np.float32)[None]  # from left to right, so that maps are compared too
    painted = stylizer(photo, style=style, strokes=strokes, brush=brush, cancelled=cancelled)
    top, left = ((side - REFERENCE_PX) // 2 for side in painted.shape[:2])
    return painted[top : top + REFERENCE_PX, left : left + REFERENCE_PX]


def check_brush(brush: float | None) -> None:
    """Refuse a width of strokes that is none.

    Raises:
        UsageError: It is not above 0, or not finite.
    """
    if brush is not None and not (math.isfinite(brush) and brush > 0):
        raise UsageError("brush", f"{brush}", "a width in pixels above 0")


def no_other_colors(name: str) -> UsageError:
    """Return the error of a painter whose colors cannot be others."""
    expected = "a style that ships, or one that was learned by `paddlegan learn`, or a picture"
    return UsageError("colors", f"{name} chooses colors in its net, which knows no others", expected)


def _revised_px(height: int, width: int, levels: int) -> int:
    return sum(rows * columns for rows, columns in pyramid_sizes(height, width, levels)[:-1])
