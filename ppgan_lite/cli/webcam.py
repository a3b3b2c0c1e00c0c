"""The verb that paints what a camera films."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ppgan_lite.cli.brushwork import brushwork_options
from ppgan_lite.cli.styling import StyleChoice, color_option, style_option
from ppgan_lite.cli.terminal import check_finite, device_option, engine_option, overwrite_option, say

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from ppgan_lite.inference.predictor import Predictor


@click.command()
@style_option(required=True)
@click.option(
    "--camera",
    default="0",
    show_default=True,
    metavar="N|CLIP",
    help="0 is the first camera; a clip plays in place of one.",
)
@color_option
@brushwork_options
@click.option(
    "--size",
    "size_px",
    type=click.IntRange(64, 4096),
    default=360,
    show_default=True,
    metavar="PX",
    help="Short side of what is painted; smaller is faster.",
)
@click.option("--mirror/--no-mirror", default=True, show_default=True, help="As in a mirror; key M.")
@click.option(
    "--steady",
    type=click.FloatRange(0, 1),
    default=0.4,
    show_default=True,
    callback=check_finite,
    help="How firmly strokes stay on things that move.",
)
@click.option("--record", metavar="FILE", help="Write what is painted to an .mp4, without sound.")
@device_option
@engine_option
@overwrite_option
@click.pass_context
def webcam(
    ctx: click.Context,
    styles: tuple[str, ...],
    camera: str,
    color_from: str | None,
    strength: float,
    keep_colors: bool,
    brush: float | None,
    faces: float,
    size_px: int,
    mirror: bool,
    steady: float,
    record: str | None,
    device: str,
    engine: str,
    overwrite: bool,
) -> None:
    """Paint what a camera films, in a window.

    Each frame that is painted is the camera's newest. Space saves a picture into the current folder.
    """
    style = StyleChoice.of(styles, None, color_from, keep_colors=keep_colors)
    from ppgan_lite.gui.display import prepare as prepare_display
    from ppgan_lite.video.camera import Camera
    from ppgan_lite.video.live import Live, check_recording

    if record is not None:
        check_recording(Path(record), overwrite=overwrite)
    prepare_display()
    painter = _Painter(style, {"strength": strength, "keep_colors": keep_colors, "brush": brush}, faces)
    source = int(camera) if re.fullmatch(r"[0-9]{1,3}", camera) else Path(camera)
    live = Live(
        Camera(source),
        painter.paint,
        size_px=size_px,
        mirrored=mirror,
        steady=steady,
        record=None if record is None else Path(record),
    )
    from ppgan_lite.gui.webcam import show_webcam

    code = show_webcam(style.label, live, lambda: painter.load(device, engine), painter.save)
    if record is not None and Path(record).exists():
        say(record)
    ctx.exit(code)


class _Painter:
    """A predictor that is loaded when the window is there."""

    def __init__(self, style: StyleChoice, options: dict[str, Any], faces: float) -> None:
        self._style = style
        self._options = options
        self._faces = faces
        self._predictor: Predictor | None = None
        self._paint: Callable[[np.ndarray], np.ndarray] | None = None

    def load(self, device: str, engine: str) -> None:
        """Load it; takes seconds."""
        from ppgan_lite.video.painting import FramePainter

        self._predictor = self._style.load(device, engine)
        self._paint = FramePainter(self._predictor, self._options, self._faces)

    def paint(self, image: np.ndarray) -> np.ndarray:
        """Paint a frame, once it is loaded."""
        assert self._paint is not None
        return self._paint(image)

    def save(self, image: np.ndarray) -> Path:
        """Write a picture beside the others; return its file."""
        from ppgan_lite.images import free_path, write_image
        from ppgan_lite.inference.stored_settings import settings_of_result

        assert self._predictor is not None
        options = {**self._options, "faces": self._faces}
        settings = settings_of_result(self._predictor, self._style.source, options, photo=None)
        path = free_path(Path(f"webcam_{self._style.label}.png"))
        write_image(path, image, settings=settings)
        say(str(path))
        return path
