"""The loop: iterations until a budget is spent, in steps that can be interrupted and resumed."""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ppgan_lite.safetensors_files import replace_file
from torch_styles.stages import Stage

FINAL_RATE = 0.02  # of the learning rate, what the last iterations have


@dataclass(frozen=True)
class Budget:
    """The limit of a training: so many iterations or seconds, whichever comes first.

    Attributes:
        iterations: None for no limit.
        seconds: Of training, those before a resumption too; None for no limit.
    """

    iterations: int | None = None
    seconds: float | None = None

    def spent(self, iterations: int, seconds: float) -> float:
        """Return the share that is spent, 1 or more at the end."""
        shares = [iterations / self.iterations] if self.iterations else []
        shares += [seconds / self.seconds] if self.seconds else []
        return max(shares, default=1.0)


@dataclass
class Progress:
    """The progress of a stage."""

    iterations: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Loop:
    """The training of a stage.

    Attributes:
        seed: What is random in an iteration follows from it and from the iteration's number.
        learning_rate: Adam's, before the schedule: a warmup, then half a cosine.
        save_every_s: Seconds between two saves of what resuming needs.
        log_every: Iterations between two lines.
        say: Prints a line.
    """

    seed: int = 0
    learning_rate: float = 1e-3
    save_every_s: float = 60.0
    log_every: int = 50
    say: Callable[[str], None] = print

    def run(self, stage: Stage, budget: Budget, state: Path) -> Progress:
        """Train a stage, on from a state file if there is one; the file stays, with what was learned.

        With a budget of iterations the result does not depend on where it was interrupted.

        Args:
            stage: What learns.
            budget: When to stop.
            state: Where what resuming needs is saved: now and then, at the end, and on Ctrl-C.
        """
        optimizer = torch.optim.Adam(stage.learning.parameters(), lr=self.learning_rate, betas=(0.9, 0.99))
        progress = _resumed(state, stage.learning, optimizer)
        before, began, saved = progress.seconds, time.monotonic(), time.monotonic()
        try:
            while (spent := budget.spent(progress.iterations, progress.seconds)) < 1:
                for group in optimizer.param_groups:
                    group["lr"] = self.learning_rate * rate(progress.iterations, spent, stage.warmup)
                rng = np.random.default_rng([self.seed, progress.iterations])
                terms = stage.terms(progress.iterations, rng)
                optimizer.zero_grad(set_to_none=True)
                torch.stack(list(terms.values())).sum().backward()
                nn.utils.clip_grad_norm_(stage.learning.parameters(), 1.0)
                optimizer.step()
                if progress.iterations % self.log_every == 0:
                    numbers = "  ".join(f"{name} {term.item():.4f}" for name, term in terms.items())
                    self.say(f"{state.stem} {progress.iterations}  {progress.seconds:.0f} s  {numbers}")
                progress.iterations += 1
                progress.seconds = before + time.monotonic() - began
                if time.monotonic() - saved > self.save_every_s:
                    _save(state, stage.learning, optimizer, progress)
                    saved = time.monotonic()
        finally:
            _save(state, stage.learning, optimizer, progress)
        return progress


def rate(iteration: int, spent: float, warmup: int) -> float:
    """Return the share of the learning rate that an iteration has."""
    cosine = 0.5 * (1 + math.cos(math.pi * min(spent, 1)))
    return min(1, (iteration + 1) / warmup) * (FINAL_RATE + (1 - FINAL_RATE) * cosine)


def _save(path: Path, learning: nn.Module, optimizer: torch.optim.Optimizer, progress: Progress) -> None:
    buffer = io.BytesIO()
    content = {"learning": learning.state_dict(), "optimizer": optimizer.state_dict(), "progress": vars(progress)}
    torch.save(content, buffer)
    replace_file(path, buffer.getvalue())


def _resumed(path: Path, learning: nn.Module, optimizer: torch.optim.Optimizer) -> Progress:
    """Load what `_save` has saved, if it has."""
    if not path.exists():
        return Progress()
    content = torch.load(path, weights_only=True, map_location=next(learning.parameters()).device)
    learning.load_state_dict(content["learning"])
    optimizer.load_state_dict(content["optimizer"])
    return Progress(**content["progress"])
