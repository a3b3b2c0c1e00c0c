"""A service: what it offers, what it takes, and what makes its photos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from ppgan_lite.serving.metrics import Metrics
from ppgan_lite.serving.predictors import Predictors
from ppgan_lite.serving.served import Served
from ppgan_lite.serving.workers import Workers

_PATHS = ("/", "/health", "/metrics", "/styles", "/stylize", "/translate", "/restore", "/docs", "/openapi.json")


@dataclass(frozen=True)
class Limits:
    """The limits of a service.

    Attributes:
        upload_bytes: The largest upload.
        pixels: The most pixels of a photo or a painting.
        waiting: Photos that may wait, beside those that are worked on.
        threads: Photos that are worked on at a time.
        timeout_s: How long an upload may take, and again the waiting and the work.
    """

    upload_bytes: int = 32_000_000
    pixels: int = 40_000_000
    waiting: int = 16
    threads: int = 2
    timeout_s: float = 60.0


class Service:
    """The parts of one service, which its routes share.

    Args:
        served: See the attributes.
        predictors: See the attributes.
        limits: See the attributes.

    Attributes:
        served: What it offers.
        predictors: Make the photos.
        limits: What it takes.
        workers: The threads on which photos are made, and the slots for those that wait.
        metrics: Counts for Prometheus.
    """

    def __init__(self, served: Served, predictors: Predictors, limits: Limits) -> None:
        self.served = served
        self.predictors = predictors
        self.limits = limits
        self.workers = Workers(limits.threads, limits.waiting, limits.timeout_s)
        self.metrics = Metrics(_PATHS, lambda: self.workers.taken, lambda: predictors.loaded)


async def _service_of(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


# The annotation of a route's parameter that gets the service of its application.
ThisService = Annotated[Service, Depends(_service_of)]
