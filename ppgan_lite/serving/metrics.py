"""The metrics of a service, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.process_collector import ProcessCollector

MEDIA_TYPE = CONTENT_TYPE_LATEST
_BUCKETS_S = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60)
_OTHER = "other"  # addresses that there are none of: clients make them up, and each would stay in memory


class Metrics:
    """Counts of one service.

    Args:
        paths: The addresses that it has.
        taken: Returns how many photos are uploaded, wait or are worked on.
        loaded: Returns how many predictors are in memory.
    """

    def __init__(self, paths: tuple[str, ...], taken: Callable[[], int], loaded: Callable[[], int]) -> None:
        self._paths = paths
        self._registry = CollectorRegistry()
        name, registry = "paddlegan", self._registry
        self._requests = Counter(f"{name}_requests", "Requests answered", ["path", "status"], registry=registry)
        self._seconds = Histogram(
            f"{name}_photo_seconds", "Time to make a photo", ["task"], buckets=_BUCKETS_S, registry=registry
        )
        self._pixels = Counter(f"{name}_photo_pixels", "Pixels of photos made", ["task"], registry=registry)
        photos = Gauge(f"{name}_photos_taken", "Photos uploaded, waiting or worked on now", registry=registry)
        photos.set_function(taken)
        predictors = Gauge(f"{name}_predictors", "Predictors in memory", registry=registry)
        predictors.set_function(loaded)
        ProcessCollector(registry=registry)
        disable_created_metrics()  # a time of creation for each, which nobody asks for

    def count(self, path: str, status: int) -> None:
        """Count an answer."""
        self._requests.labels(path if path in self._paths else _OTHER, status).inc()

    def made(self, task: str, seconds: float, pixels: int) -> None:
        """Count a photo; called from any thread."""
        self._seconds.labels(task).observe(seconds)
        self._pixels.labels(task).inc(pixels)

    def text(self) -> bytes:
        """Return all of it in Prometheus' format."""
        return generate_latest(self._registry)
