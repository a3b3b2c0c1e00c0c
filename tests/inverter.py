"""A predictor that inverts, in place of the one that a verb would load."""

from __future__ import annotations

import hashlib
import io
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ppgan_lite.images import NamedFile, ResultSettings, read_settings

LOADING = "ppgan_lite.inference.loading"


class Inverter:
    """A predictor that inverts the photo."""

    name = "wave"
    device = "cpu"
    device_note = "no GPU was found"
    engine = "paddle"
    checkpoint = NamedFile("wave.ppgan", "0" * 64)
    painting = None
    blend = ()
    colors = None

    def __init__(self, inputs: tuple[str, ...] = ("photo",)) -> None:
        self.spec = types.SimpleNamespace(task="stylize", inputs=inputs)
        self.calls: list[dict[str, Any]] = []

    def __call__(self, image: np.ndarray, **settings: Any) -> np.ndarray:
        progress = settings.pop("progress", None)
        if progress:
            progress(0.5)
        self.calls.append(settings)
        return 255 - image


def replace_module(monkeypatch: pytest.MonkeyPatch, name: str, **content: Any) -> None:
    """Replace a module that would load Paddle."""
    module = types.ModuleType(name)
    vars(module).update(content)
    monkeypatch.setitem(sys.modules, name, module)
    package, _, attribute = name.rpartition(".")
    monkeypatch.setattr(sys.modules[package], attribute, module, raising=False)


def stored_in(path: str | Path) -> ResultSettings:
    settings = read_settings(path)
    assert settings is not None
    return settings


def painted_with(photo: Path, **options: Any) -> ResultSettings:
    """Return the settings of a photo painted by an `Inverter`."""
    return ResultSettings(
        "stylize",
        {"strength": 1.0, "keep_colors": False, "brush": None, "faces": 0.6, "depth": None, **options},
        checkpoint=Inverter.checkpoint,
        photo=NamedFile(photo.name, hashlib.sha256(photo.read_bytes()).hexdigest()),
        engine="paddle",
        device="cpu",
    )


def stdin_of(data: bytes) -> types.SimpleNamespace:
    return types.SimpleNamespace(buffer=io.BytesIO(data), isatty=lambda: False)
