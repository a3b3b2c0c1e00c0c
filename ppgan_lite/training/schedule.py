"""Learning rates and random seeds as functions of the iteration alone, so that a resumed run gives the same results."""

from __future__ import annotations

import math

import numpy as np

from ppgan_lite.config import ScheduleSettings


def rate_factor(schedule: ScheduleSettings, iteration: int, iterations: int) -> float:
    """Return the factor of the learning rates in one iteration.

    Args:
        schedule: The shape of the schedule.
        iteration: From 1 to `iterations`.
        iterations: The length of the whole training.
    """
    factor = 1.0
    if schedule.name == "step":
        factor = schedule.step_factor ** ((iteration - 1) // (schedule.step_every or iterations))
    elif schedule.name != "constant":
        begin = schedule.decay_from * iterations if schedule.decay_from < 1 else schedule.decay_from
        span = max(1, iterations - begin)
        fallen = min(1.0, max(0.0, (iteration - 1 - begin) / span))
        left = 1 - fallen if schedule.name == "linear" else (1 + math.cos(math.pi * fallen)) / 2
        factor = schedule.final + (1 - schedule.final) * left
    return factor * min(1.0, iteration / schedule.warmup) if schedule.warmup else factor


def seed_of(seed: int, iteration: int, rank: int = 0) -> int:
    """Mix the seed of a run with iteration and rank: neighboring iterations and ranks draw independent numbers."""
    return int(np.random.SeedSequence((seed, iteration, rank)).generate_state(1)[0])
