"""The two tables of the window's colors: neutral grays, so that only the pictures have colors, and one warm accent."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Colors:
    """Colors as #rrggbb.

    Attributes:
        window: Behind everything.
        panel: Behind controls, menus and fields.
        canvas: Behind pictures.
        field: Behind texts and lists that can be edited or chosen from.
        checks: The two grays that show through transparent places of a picture.
        line: Of frames and grooves that need not be seen to use the window.
        edge: Of what must be seen, such as an empty check box.
        hover: Behind a button under the pointer.
        text: Of most texts.
        bright: Of texts that stand out.
        muted: Of texts that step back.
        disabled: Of texts that cannot be used now.
        accent: Of what is chosen or has the focus.
        accent_hover: The same on a button under the pointer.
        accent_pressed: The same on a pressed button.
        accent_disabled: The same on a button that cannot be used now.
        on_accent: Of texts on these.
        on_accent_disabled: Of texts on `accent_disabled`.
    """

    window: str
    panel: str
    canvas: str
    field: str
    checks: tuple[str, str]
    line: str
    edge: str
    hover: str
    text: str
    bright: str
    muted: str
    disabled: str
    accent: str
    accent_hover: str
    accent_pressed: str
    accent_disabled: str
    on_accent: str
    on_accent_disabled: str


DARK = Colors(
    window="#2b2c2f",
    panel="#343539",
    canvas="#1d1e20",
    field="#1d1e20",
    checks=("#333437", "#45464a"),
    line="#4a4b50",
    edge="#7d7e84",
    hover="#3f4045",
    text="#d9d9db",
    bright="#f4f4f5",
    muted="#adaeb4",
    disabled="#85868c",
    accent="#e0a458",
    accent_hover="#ecb36b",
    accent_pressed="#c98f46",
    accent_disabled="#4b4436",
    on_accent="#221a0e",
    on_accent_disabled="#9c917d",
)

LIGHT = Colors(
    window="#ececed",
    panel="#f8f8f9",
    canvas="#dcdcde",
    field="#ffffff",
    checks=("#ffffff", "#d2d2d5"),
    line="#c2c3c7",
    edge="#77787d",
    hover="#e2e2e4",
    text="#2a2b2e",
    bright="#111214",
    muted="#56575c",
    disabled="#78797f",
    accent="#8a4f05",
    accent_hover="#7a4504",
    accent_pressed="#663a03",
    accent_disabled="#d8cdbc",
    on_accent="#ffffff",
    on_accent_disabled="#7a6f5c",
)

BY_APPEARANCE = {"dark": DARK, "light": LIGHT}


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colors as WCAG 2 defines it: 1 (equal) to 21 (black on white)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    values = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in values)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
