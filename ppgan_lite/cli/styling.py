"""The options of which style to paint in: one or several, and whose colors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import click

from ppgan_lite.cli.predictors import announcing_preparation, check_task, print_predictor
from ppgan_lite.errors import UsageError
from ppgan_lite.inference.shares import label_of, shares_given, weighted

if TYPE_CHECKING:
    import numpy as np

    from ppgan_lite.images import NamedFile
    from ppgan_lite.inference.predictor import Predictor
    from ppgan_lite.inference.stylization.stylizer import Stylizer

Command = Callable[..., None]


def style_option(*, required: bool) -> Callable[[Command], Command]:
    """Return the option of one or several styles; the command's `styles`."""
    return click.option(
        "--style",
        "styles",
        multiple=True,
        required=required,
        metavar="NAME|PICTURE|CHECKPOINT",
        help="To paint in; see `paddlegan styles`. Given several times, styles mix: equally, or by weights such as "
        "--style udnie:0.6 --style the_dance:0.4.",
    )


color_option = click.option(
    "--color-from", "color_from", metavar="PICTURE", help="The colors of this picture instead of the style's."
)


class StyleChoice(NamedTuple):
    """One style or a mixture.

    Attributes:
        shares: Source, as of `load_predictor`, -> its share; 1 together.
        painting: The picture whose style it is, for a checkpoint that takes any.
        colors: The picture whose colors the result has.
    """

    shares: Mapping[str, float]
    painting: str | None = None
    colors: str | None = None

    @classmethod
    def of(cls, styles: tuple[str, ...], painting: str | None, colors: str | None, *, keep_colors: bool) -> StyleChoice:
        """Make one of the options' values.

        Raises:
            UsageError: They contradict each other, or a weight is none.
        """
        if colors is not None and keep_colors:
            raise UsageError("--color-from", "and --keep-colors are both given", "one of them")
        if len(styles) > 1 and painting is not None:
            raise UsageError("--painting", "is for one checkpoint that takes any picture", "the pictures as --style")
        pairs = [weighted(style, lambda found: Path(found).exists()) for style in styles]
        return cls(shares_given(pairs), painting, colors)

    @property
    def source(self) -> str:
        """The one style, or "" for a mixture."""
        return next(iter(self.shares)) if len(self.shares) == 1 else ""

    @property
    def label(self) -> str:
        """Part of the name of a result."""
        return label_of(self.shares)

    @property
    def report(self) -> Any:
        """The style as a JSON value: its name, or the shares by name."""
        return self.source or dict(self.shares)

    @property
    def inputs(self) -> dict[str, str | None]:
        """The files that are read: option -> path."""
        styles = {f"--style {source}" if len(self.shares) > 1 else "--style": source for source in self.shares}
        return {**styles, "--painting": self.painting, "--color-from": self.colors}

    def load(self, device: str, engine: str) -> Predictor:
        """Load the predictor, and print its name, device and engine."""
        from ppgan_lite.runtime.startup import preload_libraries

        preload_libraries()
        predictor: Predictor
        if self.source:
            from ppgan_lite.inference.loading import load_predictor

            with announcing_preparation(self.source):
                predictor = load_predictor(self.source, device=device, engine=engine)
            check_task(self.source, predictor, "stylize")
            if self.painting is not None:
                image, file = _read(self.painting)
                predictor = cast("Stylizer", predictor).with_style(image, file=file)
            elif "style" in predictor.spec.inputs:
                found, expected = f"{self.source} paints in the style of any picture", "that picture's file"
                is_any = self.source == "any"
                raise UsageError("--style", found, expected if is_any else "--painting with that picture's file")
        else:
            from ppgan_lite.inference.loading import load_blend

            predictor = load_blend(self.shares, device=device, engine=engine)
        if self.colors is not None:
            image, file = _read(self.colors)
            predictor = cast("Stylizer", predictor).with_colors(image, file=file)
        print_predictor(predictor)
        return predictor


def _read(path: str) -> tuple[np.ndarray, NamedFile]:
    from ppgan_lite.images import NamedFile
    from ppgan_lite.inference.batch import read_photo

    image, metadata = read_photo(Path(path))
    return image, NamedFile(Path(path).name, metadata.sha256)
