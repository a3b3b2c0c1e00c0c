"""The options of which style to paint in: one or several, and whose colors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from ppgan_lite.cli.predictors import check_task, print_predictor
from ppgan_lite.errors import UsageError
from ppgan_lite.runs import name_of

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


@dataclass(frozen=True)
class StyleChoice:
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
        from ppgan_lite.inference.shares import shares_of

        if colors is not None and keep_colors:
            raise UsageError("--color-from", "and --keep-colors are both given", "one of them")
        pairs = [_parsed(style) for style in styles]
        if len(pairs) == 1:
            name, weight = pairs[0]
            if weight is not None:
                found = f"{name} is the only style, so that its weight says nothing"
                raise UsageError("--style", found, remedy=f"Use --strength {weight:g} for less of it")
            return cls({name: 1.0}, painting, colors)
        if painting is not None:
            raise UsageError("--painting", "is for one checkpoint that takes any picture", "the pictures as --style")
        given = [weight for _, weight in pairs if weight is not None]
        if given and len(given) < len(pairs):
            name = next(name for name, weight in pairs if weight is None)
            raise UsageError("--style", f"{name} has no weight, but others do", "a weight for all styles, or for none")
        names = [name for name, _ in pairs]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise UsageError("--style", f"{twice} is given twice", "each style once")
        return cls(shares_of({name: 1.0 if weight is None else weight for name, weight in pairs}), None, colors)

    @property
    def source(self) -> str:
        """The one style, or "" for a mixture."""
        return next(iter(self.shares)) if len(self.shares) == 1 else ""

    @property
    def label(self) -> str:
        """Part of the name of a result."""
        if self.source:
            return name_of(self.source)
        return "+".join(f"{name_of(source)}{100 * share:.0f}" for source, share in self.shares.items())

    @property
    def report(self) -> Any:
        """The style as a JSON value: its name, or the shares by name."""
        return self.source or dict(self.shares)

    @property
    def inputs(self) -> dict[str, str | None]:
        """What is read of files: option -> path."""
        styles = {f"--style {source}" if len(self.shares) > 1 else "--style": source for source in self.shares}
        return {**styles, "--painting": self.painting, "--color-from": self.colors}

    def load(self, device: str, engine: str) -> Predictor:
        """Load the predictor, and print its name, device and engine."""
        predictor: Predictor
        if self.source:
            from ppgan_lite.inference.loading import load_predictor

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


def _parsed(style: str) -> tuple[str, float | None]:
    """Split "udnie:0.6" into source and weight; None if there is no weight."""
    source, colon, weight = style.rpartition(":")
    try:
        return (source, float(weight)) if colon and source and not Path(style).exists() else (style, None)
    except ValueError:  # such as C:\udnie.ppgan
        return style, None


def _read(path: str) -> tuple[np.ndarray, NamedFile]:
    from ppgan_lite.images import NamedFile
    from ppgan_lite.inference.batch import read_photo

    image, metadata = read_photo(Path(path))
    return image, NamedFile(Path(path).name, metadata.sha256)
