"""Predictors: images in, image out, built from a checkpoint alone."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ppgan_lite.checkpoint import SUFFIX, PredictorSpec, build_net, read_checkpoint
from ppgan_lite.errors import CancelledError, CheckpointError, UsageError
from ppgan_lite.images import READABLE_SUFFIXES, read_image, resize
from ppgan_lite.inference.device import choose_device, require_paddle
from ppgan_lite.styles import any_painting, catalogue, find_style

if TYPE_CHECKING:
    import paddle

    from ppgan_lite.nets.lapstyle import LapStyleNet

ANY = "any"
DRAFT_PX = 370  # short side of a draft where a checkpoint does not say
DRAFT_RANGE_PX = (64, 1024)  # what `brush` may make of it
STROKE_PX = 8  # width of a typical stroke in a draft: what turns `brush` into a draft's size
LONGEST_DRAFT = 4  # a draft's long side is at most this many times DRAFT_PX
LUMA = np.array([0.299, 0.587, 0.114], np.float32)

Progress = Callable[[float], None]


def load_predictor(source: str | Path, *, device: str = "auto") -> Predictor:
    """Build a predictor.

    Args:
        source: The name of a style that ships, "any" for the painter that takes a painting with every call, a picture
            whose manner to paint in, or a checkpoint.
        device: "auto", "cpu" or "gpu:N".

    Raises:
        UsageError: There is no such style, file or device.
        CheckpointError: The file is damaged or no checkpoint that can paint.
        ImageError: The picture cannot be read.
        MissingDependencyError: Paddle is not installed.
    """
    path = Path(source)
    names = [style.name for style in catalogue()]
    if str(source) == ANY:
        return _from_checkpoint(any_painting(), ANY, device)
    if str(source) in names:
        return _from_checkpoint(find_style(str(source)).path, str(source), device)
    if path.suffix.lower() in READABLE_SUFFIXES:
        painting, _ = read_image(path)
        return _from_checkpoint(any_painting(), path.stem, device).with_style(painting)
    if path.exists() or path.suffix.lower() == SUFFIX:
        return _from_checkpoint(path, path.stem, device)
    if not path.suffix and path.name == str(source):
        find_style(str(source))  # raises, naming the style that may have been meant
    raise UsageError(source, "there is no such file", "a style's name, a picture or a checkpoint")


def _from_checkpoint(path: Path, name: str, device: str) -> Predictor:
    require_paddle()
    header, tensors = read_checkpoint(path)
    for spec in header.predictors.values():
        if spec.task == "stylize":
            used, note = choose_device(device)
            return Predictor(build_net(spec.net, header, tensors), spec, name=name, device=used, device_note=note)
    found = ", ".join(sorted({spec.task for spec in header.predictors.values()})) or "no predictor"
    raise CheckpointError(path, f"holds {found}", "a net that stylizes")


class Predictor:
    """Paints pictures; see `load_predictor`.

    Attributes:
        name: Of the style, or of the file.
        spec: What the net takes; `spec.inputs` is ("photo",) or ("photo", "style").
        device: Where it runs: "cpu" or "gpu:N".
        device_note: Why that is not the device asked for; "" if there is nothing to say.
    """

    def __init__(
        self,
        net: LapStyleNet,
        spec: PredictorSpec,
        *,
        name: str,
        device: str = "cpu",
        device_note: str = "",
        style: Any = None,
    ) -> None:
        self.name = name
        self.spec = spec
        self.device = device
        self.device_note = device_note
        self._net = net
        self._style = net.own_statistics() if net.own_style else style

    def with_style(self, painting: np.ndarray) -> Predictor:
        """Return a predictor that always paints in the manner of `painting` (uint8 H x W x 3 RGB)."""
        if self._net.own_style:
            raise UsageError("style", f"{self.name} paints in a style of its own", "a painter of any style")
        return Predictor(
            self._net,
            dataclasses.replace(self.spec, inputs=("photo",)),
            name=self.name,
            device=self.device,
            device_note=self.device_note,
            style=self._measure(painting),
        )

    def __call__(
        self,
        image: np.ndarray,
        *,
        style: np.ndarray | None = None,
        strength: float = 1.0,
        keep_colors: bool = False,
        brush: float | None = None,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> np.ndarray:
        """Paint a photo.

        Args:
            image: uint8 H x W x 3 RGB, any size.
            style: The painting, uint8 h x w x 3 RGB; given if and only if "style" is in `spec.inputs`.
            strength: 0 (the photo, as the net repaints it) to 1 (the full style); blended between features.
            keep_colors: Keep the photo's colours and take only the brushwork.
            brush: Width of a typical stroke in pixels of the photo. None follows the picture, so
                that a photo looks the same at any resolution.
            progress: Called with the share that is done, 0 to 1.
            cancelled: Asked between tiles; True stops the work.

        Returns:
            uint8 RGB image of the same size; the same for the same arguments.

        Raises:
            UsageError: An argument is out of its range, or the style is missing or not wanted.
            CancelledError: `cancelled` said so.
        """
        _check_image("image", image)
        if not 0 <= strength <= 1:
            raise UsageError("strength", f"{strength}", "a number from 0 to 1")
        if brush is not None and not (math.isfinite(brush) and brush > 0):
            raise UsageError("brush", f"{brush}", "a width in pixels above 0")
        if ("style" in self.spec.inputs) != (style is not None):
            found = "none was given" if style is None else f"{self.name} has a style already"
            raise UsageError("style", found, "a painting" if style is None else "no painting")
        statistics = self._style if style is None else self._measure(style)
        with _evaluating(self.device):
            result = self._paint(image, statistics, float(strength), brush, _Steps(progress, cancelled))
        return _with_colors_of(image, result) if keep_colors else result

    def _paint(
        self, image: np.ndarray, statistics: Any, strength: float, brush: float | None, steps: _Steps
    ) -> np.ndarray:
        import paddle

        from ppgan_lite.inference.tiling import in_tiles, tile_count
        from ppgan_lite.nets.blocks import resize_bilinear
        from ppgan_lite.nets.lapstyle import add_grain, halved, pyramid

        height, width = image.shape[:2]
        draft_height, draft_width, levels = self._plan(height, width, brush)
        sizes = [(height, width)]
        for _ in range(levels):
            sizes.append(halved(*sizes[-1]))
        draft_steps = draft_height * draft_width // 30_000 + 1  # a draft of a tile's pixels costs about two tiles
        steps.expect(draft_steps + sum(tile_count(*size) for size in sizes[:-1]))

        small = _to_tensor(resize(image, draft_width, draft_height))
        noise = np.random.default_rng(0).standard_normal((draft_height, draft_width), np.float32)
        grain = float(self.spec.settings.get("grain", 0.0)) * strength
        small = add_grain(small, paddle.to_tensor(noise[None, None]), grain)
        result = self._net.draft(small, statistics, strength, int(self.spec.settings.get("coats", 1)))
        steps.done(draft_steps)
        result = resize_bilinear(result, *sizes[-1])
        if levels:
            _, details = pyramid(_to_tensor(image), levels)
            for level in range(levels):
                result = self._net.revise(
                    level,
                    details.pop(0),
                    result,
                    strength,
                    lambda net, detail, draft: in_tiles(net, (detail, draft), halo=net.HALO, after_each=steps.done),
                )
        return _to_image(result)

    def _plan(self, height: int, width: int, brush: float | None) -> tuple[int, int, int]:
        """Choose the draft's height and width, and how many levels lie between it and the photo."""
        short, long = min(height, width), max(height, width)
        draft_px = float(self.spec.settings.get("draft_px", DRAFT_PX))
        if brush is not None:
            draft_px = min(max(short * STROKE_PX / brush, DRAFT_RANGE_PX[0]), DRAFT_RANGE_PX[1])
        draft_px = min(draft_px, max(LONGEST_DRAFT * draft_px * short / long, DRAFT_RANGE_PX[0] / 4))
        levels = max(0, round(math.log2(short / draft_px))) if len(self._net.revisions) else 0
        if brush is None and levels and 0.7 < short / 2**levels / draft_px < 1.42:
            draft_px = short / 2**levels  # near enough: no resizing between draft and pyramid
        scale = draft_px / short
        return max(round(height * scale), 16), max(round(width * scale), 16), levels

    def _measure(self, painting: np.ndarray) -> Any:
        _check_image("style", painting)
        height, width = painting.shape[:2]
        draft_px = float(self.spec.settings.get("style_px", DRAFT_PX))
        scale = min(draft_px / min(height, width), LONGEST_DRAFT * draft_px / max(height, width))
        small = resize(painting, max(round(width * scale), 16), max(round(height * scale), 16))
        with _evaluating(self.device):
            return self._net.style_statistics(_to_tensor(small))


@contextlib.contextmanager
def _evaluating(device: str) -> Iterator[None]:
    """Ready this thread to run a net: device, gradients and mode are each thread's own in Paddle (3.3)."""
    import paddle

    if not paddle.in_dynamic_mode():
        paddle.disable_static()
    paddle.set_device(device)
    with paddle.no_grad():
        yield


class _Steps:
    """Counts what is done, reports it, and asks whether to go on."""

    def __init__(self, progress: Progress | None, cancelled: Callable[[], bool] | None) -> None:
        self._progress = progress
        self._cancelled = cancelled
        self._total = 1
        self._count = 0

    def expect(self, total: int) -> None:
        self._total = total
        self.done(0)

    def done(self, count: int = 1) -> None:
        self._count += count
        if self._cancelled is not None and self._cancelled():
            raise CancelledError("stylize")
        if self._progress is not None:
            self._progress(min(self._count / self._total, 1.0))


def _check_image(name: str, image: np.ndarray) -> None:
    if not (isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3):
        found = f"{image.dtype} {list(image.shape)}" if isinstance(image, np.ndarray) else type(image).__name__
        raise UsageError(name, found, "a uint8 array, height x width x 3 (RGB)")
    if 0 in image.shape:
        raise UsageError(name, f"is empty ({image.shape[1]}x{image.shape[0]})", "at least one pixel")


def _to_tensor(image: np.ndarray) -> paddle.Tensor:
    """uint8 H x W x 3 -> float32 1 x 3 x H x W in [0, 1]."""
    import paddle

    return paddle.to_tensor(image.transpose(2, 0, 1)[None].astype(np.float32) / 255)


def _to_image(tensor: paddle.Tensor) -> np.ndarray:
    """Float 1 x 3 x H x W about [0, 1] -> uint8 H x W x 3."""
    return np.ascontiguousarray(((tensor[0].clip(0, 1) * 255).round()).astype("uint8").numpy().transpose(1, 2, 0))


def _with_colors_of(photo: np.ndarray, painted: np.ndarray) -> np.ndarray:
    """Return the painted brightness, brought to the photo's mean and contrast, in the photo's colours."""
    of_photo, of_painting = photo @ LUMA, painted @ LUMA
    gain = min(of_photo.std() / max(of_painting.std(), 1.0), 2.0)
    luma = (of_painting - of_painting.mean()) * gain + of_photo.mean()
    difference = luma - of_photo
    result = np.empty_like(photo)
    for channel in range(3):
        result[..., channel] = np.clip(np.rint(photo[..., channel] + difference), 0, 255)
    return result
