"""A real server on a thread of the test, with predictors that wait for a sign, and what its tests ask it."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
from PIL import Image

from ppgan_lite.checkpoint import PredictorSpec
from ppgan_lite.errors import CancelledError
from ppgan_lite.images import UNNAMED
from ppgan_lite.inference.cost import Cost
from ppgan_lite.serving.app import create_app
from ppgan_lite.serving.predictors import Predictors
from ppgan_lite.serving.served import Served, ServedStyle
from ppgan_lite.serving.server import listen, make_server
from ppgan_lite.serving.service import Limits

FAKE = Served(
    (
        ServedStyle("inverted", "inverted", {"en": "Inverted", "zh": "反相"}, {}),
        ServedStyle("mirrored", "mirrored", {"en": "Mirrored"}, {}),
        ServedStyle("after", "after", {"en": "After"}, {}, needs_painting=True),
    ),
    (),
)


def png(width: int = 30, height: int = 20) -> bytes:
    """Return a picture of noise, which takes about its pixels in bytes."""
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


@dataclass
class FakePredictor:
    """Inverts a photo, once its gate is open; raises its error if it has one."""

    gate: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None
    calls: list[dict[str, Any]] = field(default_factory=list)
    paintings: list[np.ndarray] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    name = "inverted"
    spec = PredictorSpec("net", "stylize")
    device, device_note, engine, direction = "cpu", "", "paddle", ""
    directions = ()
    checkpoint, painting, colors = UNNAMED, None, None
    blend = ()

    def __post_init__(self) -> None:
        self.gate.set()

    def __call__(self, image: np.ndarray, *, cancelled: Any = None, **options: Any) -> np.ndarray:
        self.calls.append(options)
        while not self.gate.wait(0.005):
            if cancelled():
                self.stopped.set()
                raise CancelledError("photo")
        if self.error is not None:
            raise self.error
        return np.invert(image)

    def wait_for_calls(self, count: int) -> None:
        ends = time.monotonic() + 20
        while len(self.calls) < count:
            assert time.monotonic() < ends
            time.sleep(0.01)

    def with_style(self, painting: np.ndarray, **_: Any) -> FakePredictor:
        self.paintings.append(painting)
        return self

    def with_colors(self, picture: np.ndarray, **_: Any) -> FakePredictor:
        return self

    def cost(self, height: int, width: int, **_: Any) -> Cost:
        return Cost(None, 0)

    def calibrate(self, image: np.ndarray, **_: Any) -> None: ...


class FakePredictors(Predictors):
    """Has the same predictor for everything."""

    def __init__(self) -> None:
        super().__init__()
        self.predictor = FakePredictor()

    def get(self, source: str, **_: Any) -> Any:
        return self.predictor

    def get_blend(self, shares: Mapping[str, float], **_: Any) -> Any:
        return self.predictor


class Service(httpx.Client):
    """A client of a running server.

    Attributes:
        address: Of the server.
        predictor: That makes its photos, unless it has real ones.
    """

    def __init__(self, host: str, port: int, predictors: Predictors) -> None:
        super().__init__(base_url=f"http://{host}:{port}", timeout=60)
        self.address = (host, port)
        self.predictor: FakePredictor = getattr(predictors, "predictor", None) or FakePredictor()

    def stylize(self, photo: bytes | None = None, name: str = "photo.png", **fields: Any) -> httpx.Response:
        files = {"photo": (name, png() if photo is None else photo)}
        return self.post("/stylize", data={"style": "inverted"} | fields, files=files)

    def photos(self) -> int:
        return self.get("/health").json()["photos"]

    def wait_for_photos(self, count: int) -> None:
        ends = time.monotonic() + 20
        while self.photos() != count:
            assert time.monotonic() < ends, f"{self.photos()} photos, not {count}"
            time.sleep(0.01)


@contextmanager
def running(
    served: Served = FAKE, predictors: Predictors | None = None, limits: Limits | None = None
) -> Iterator[Service]:
    """Run a server during a block; none of its threads outlives that."""
    limits = limits or Limits(timeout_s=20)
    predictors = predictors or FakePredictors()
    started = threading.Event()
    server = make_server(create_app(served, predictors, limits), limits, started.set)
    listening = listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    assert started.wait(20)
    try:
        with Service(*listening.getsockname(), predictors) as service:
            yield service
            service.predictor.gate.set()
    finally:
        server.should_exit = True
        thread.join(20)
    assert not thread.is_alive()
    assert [other.name for other in threading.enumerate() if other.name.startswith("photos")] == []
