"""Rules that judge the curves of a training: each is a pure function of a record that returns judgements with evidence.

A judgement is a code, for which languages have words, and the numbers that these words name. A rule that has too little
to go by says nothing, or says so.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ppgan_lite.metrics.table import metrics_that_compare
from ppgan_lite.training.report.curves import Curve, moving_mean, noise_of, rises, trend_of
from ppgan_lite.training.report.record import Record

Level = Literal["bad", "warning", "note", "good"]
LEVELS: tuple[Level, ...] = ("bad", "warning", "note", "good")

# The least that a rule goes by.
MIN_VALIDATIONS = 5
MIN_LINES = 20  # of losses
_MIN_PREVIEWS = 4
# Validations without a better one after which a curve is flat.
_PATIENCE = 6
_LEAST_TO_CONDEMN = 8  # validations that never beat the first one to say that nothing is learned
_LEAST_RECENT = 12  # validations that must rise to be improving, or half of all
_PATIENCE_SHARE = 0.25
# A better value counts if it is better by this share of all that was gained, or by this share of itself.
_GAIN_SHARE, _RELATIVE_GAIN = 0.01, 0.002
_FALLS = 0.01  # a share of a loss
# Numbers that compare a result with its target: one that falls off while the training loss falls is overfitting.
_OF_PAIRS = set(metrics_that_compare("pair"))
# Those of them that a blurred result satisfies more than a sharp one whose details are elsewhere.
_FAVOR_BLUR = {"psnr", "ssim", "ms_ssim"}
# The loss of a discriminator that guesses, by objective; half of the sum over real and fake (`recipes.adversary`).
CHANCE = {"lsgan": 0.25, "vanilla": math.log(2), "hinge": 1.0}
_WINNING, _AT_CHANCE, _FOOLED = 0.2, 0.95, 1.2  # as shares of chance
# See `metrics.diversity`.
_COLLAPSED, _FALLEN, _FALLEN_BELOW = 0.08, 0.3, 0.3
_EXPLODING = 8.0  # times the median before
_WAITING = 0.1  # a share of the time
_SLOWER = 0.6


@dataclass(frozen=True)
class Judgement:
    """The finding of a rule.

    Attributes:
        code: The kind; the key of its texts.
        level: How much it matters: "bad" says stop, "warning" says look, "note" informs, "good" reassures.
        values: Numbers and names that the texts have.
    """

    code: str
    level: Level
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Advice:
    """Advice: one code, for which languages have words, its level, and the values of the judgement that it rests on."""

    code: str
    level: Level
    values: Mapping[str, Any] = field(default_factory=dict)


Rule = Callable[[Record], Iterator[Judgement]]


def judge(record: Record) -> list[Judgement]:
    """Return the judgements of all rules, those that matter most first."""
    found = [judgement for rule in RULES for judgement in rule(record)]
    return sorted(found, key=lambda judgement: LEVELS.index(judgement.level))


# What a judgement advises, the first that there is; and where it is another thing once a training has finished.
ADVICE = (
    ("not_finite", "start_again"),
    ("failed", "failed"),
    ("exploding", "look_now"),
    ("collapsed", "change_something"),
    ("overfitting", "take_best"),
    ("worse", "compare"),
    ("flat", "may_stop"),
    ("never_better", "change_something"),
    ("improving", "go_on"),
    ("unclear", "unclear"),
    ("few_validations", "too_early"),
    ("few_losses", "too_early"),
    ("losses_fall", "unmeasured_go_on"),
    ("losses_flat", "unmeasured"),
)
AFTER_THE_END = {"go_on": "longer", "unmeasured_go_on": "unmeasured_longer"}


def advise(record: Record, judgements: list[Judgement]) -> Advice:
    """Return whether to go on."""
    by_code = {judgement.code: judgement for judgement in judgements}
    ended = record.state == "finished"
    for code, advice in ADVICE:
        if code not in by_code:
            continue
        if code in ("flat", "never_better") and "rate_ahead" in by_code and not ended:
            return Advice("wait_for_rate", "note", by_code["rate_ahead"].values)
        return Advice(AFTER_THE_END.get(advice, advice) if ended else advice, by_code[code].level, by_code[code].values)
    return Advice("cannot_tell", "note")


def not_finite(record: Record) -> Iterator[Judgement]:
    """NaN or infinity: in a loss, which ended the training, or in validations."""
    if record.not_finite is not None:
        at = record.not_finite
        yield Judgement("not_finite", "bad", {"iteration": at.iteration, "name": at.name, **_rates(record)})
    elif record.error:
        yield Judgement("failed", "bad", {"error": record.error})
    for name, curve in record.validation.items():
        broken = curve.iterations[~np.isfinite(curve.values)]
        if len(broken):
            values = {"name": name, "count": len(broken), "of": len(curve), "iteration": int(broken[-1])}
            yield Judgement("validation_not_finite", "warning", values)


def exploding(record: Record) -> Iterator[Judgement]:
    """Losses that grow far beyond all that was before: NaN is near."""
    if record.not_finite is not None:
        return
    worst: tuple[float, str, float, float, int] | None = None
    for name, curve in record.losses.items():
        known = curve.finite
        if len(known) < MIN_LINES:
            continue
        sizes = np.abs(known.values)
        before, now = float(np.median(sizes[:-3])), float(sizes[-3:].min())
        # Larger than ever, not only larger than usual: losses of a start are large too.
        if now > _EXPLODING * max(before, 1e-6) and now > float(sizes[:-3].max()):
            found = (now / max(before, 1e-6), name, before, now, int(known.iterations[-3]))
            worst = max(worst, found) if worst else found
    if worst:
        times, name, before, now, iteration = worst
        values = {"name": name, "before": before, "now": now, "times": times, "iteration": iteration}
        yield Judgement("exploding", "bad", {**values, **_rates(record)})


def progress(record: Record) -> Iterator[Judgement]:
    """Judge the trend of the validations: improving, flat, overfitting, worse; without them, that of the losses."""
    measured = record.validation[record.best].finite if record.best else Curve.of([])
    if not record.best:
        yield from _progress_of_losses(record)
    elif len(measured) < MIN_VALIDATIONS:
        values = {"count": len(measured), "needed": MIN_VALIDATIONS, "every": record.count("validation.every", 0)}
        yield Judgement("few_validations", "note", values)
    else:
        yield from _progress_of(measured, record)
    if record.best in _FAVOR_BLUR and any(map(is_of_the_game, record.losses)):
        yield Judgement("favors_blur", "note", {"metric": record.best})


def _progress_of(measured: Curve, record: Record) -> Iterator[Judgement]:
    sign = 1.0 if record.more_is_better else -1.0
    scores = sign * measured.values
    noise = noise_of(scores)
    gained = float(scores.max() - scores[0])
    margin = max(noise, _GAIN_SHARE * gained, _RELATIVE_GAIN * float(np.abs(scores).mean()))
    window = max(3, len(scores) // 8)
    smooth = moving_mean(scores, window)  # single values are better than all before by chance now and then
    last_gain, level = 0, smooth[0]
    for index, score in enumerate(smooth):
        if score > level + margin:
            last_gain, level = index, score
    best = int(scores.argmax())
    since = len(scores) - 1 - last_gain
    values = {
        "metric": record.best,
        "first": float(measured.values[0]),
        "first_iteration": int(measured.iterations[0]),
        "best": float(measured.values[best]),
        "best_iteration": int(measured.iterations[best]),
        "last": float(measured.values[-1]),
        "iteration": int(measured.iterations[-1]),
        "since": int(measured.iterations[last_gain]),
        "validations": since,
        "noise": noise,
    }
    top = int(smooth.argmax())
    now = float(np.mean(scores[-window:]))
    is_flat = since >= max(_PATIENCE, _PATIENCE_SHARE * len(scores))
    recent = scores[last_gain:] if is_flat else scores[-max(_LEAST_RECENT, len(scores) // 2) :]
    if rises(-scores[top + 1 :]) and smooth[top] - now > max(2 * noise, 2 * margin):
        values |= {"top": sign * float(smooth[top]), "top_iteration": int(measured.iterations[top]), "now": sign * now}
        loss = main_loss(record).since(int(measured.iterations[top]))
        trend = trend_of(loss) if len(loss) >= 4 else None
        falls = trend is not None and trend.is_significant and trend.relative < -_FALLS
        if record.best in _OF_PAIRS and trend is not None and falls:
            yield Judgement("overfitting", "bad", {**values, "loss_first": trend.first, "loss_last": trend.last})
        else:
            yield Judgement("worse", "warning", values)
    elif rises(recent):
        yield Judgement("improving", "good", values)
    elif is_flat and (last_gain or len(scores) >= _LEAST_TO_CONDEMN):
        yield Judgement("flat" if last_gain else "never_better", "warning" if last_gain else "bad", values)
    else:
        yield Judgement("unclear", "note", values)


def _progress_of_losses(record: Record) -> Iterator[Judgement]:
    loss = main_loss(record)
    lines = max((len(curve) for curve in record.losses.values()), default=0)
    if lines < MIN_LINES:
        yield Judgement("few_losses", "note", {"count": lines, "needed": MIN_LINES})
        return
    yield Judgement("no_validation", "warning")
    if len(loss) >= MIN_LINES:
        half = loss.last_share(0.5)
        trend = trend_of(half)
        values = {"first": trend.first, "last": trend.last, "percent": 100 * trend.relative}
        values |= {"since": int(half.iterations[0]), "iteration": int(half.iterations[-1])}
        falls = trend.is_significant and trend.relative < -_FALLS
        yield Judgement("losses_fall" if falls else "losses_flat", "note", values)


def main_loss(record: Record) -> Curve:
    """Return the sum of the losses that should fall: neither those of a discriminator nor those against it."""
    if "total" in record.losses:
        return record.losses["total"].finite
    named = {name: curve.finite for name, curve in record.losses.items() if not is_of_the_game(name)}
    if not named:
        return Curve.of([])
    # Generators may step less often than lines are written: only where all of them have a number.
    shared = functools.reduce(np.intersect1d, [curve.iterations for curve in named.values()])
    parts = [curve.values[np.isin(curve.iterations, shared)] for curve in named.values()]
    return Curve(shared, np.sum(parts, axis=0))


def is_of_the_game(name: str) -> bool:
    """Return whether a loss is that of a discriminator or against one."""
    return name.startswith(("adversarial", "discriminator"))


def discriminators(record: Record) -> Iterator[Judgement]:
    """Judge whether a discriminator wins or loses, by its loss beside that of one that guesses."""
    objective = record.setting("recipe.objective", "vanilla")
    for name, curve in record.losses.items():
        known = curve.finite
        if not name.startswith("discriminator") or len(known) < MIN_LINES:
            continue
        if objective not in CHANCE:
            yield Judgement("game_unbounded", "note", {"objective": objective})
            return
        chance = CHANCE[objective]
        recent = known.last_share(0.25, at_least=5)
        mean = float(recent.values.mean())
        values = {"name": name, "loss": mean, "chance": chance, "since": int(recent.iterations[0])}
        against = record.losses.get(_generator_of(name))
        values["generator"] = float(against.finite.last_share(0.25, at_least=5).values.mean()) if against else math.nan
        if mean < _WINNING * chance and float((recent.values < _WINNING * chance).mean()) > 0.8:
            yield Judgement("discriminator_wins", "warning", values)
        elif mean > _FOOLED * chance:
            yield Judgement("discriminator_fooled", "warning", values)
        elif mean > _AT_CHANCE * chance:
            yield Judgement("discriminator_guesses", "note", values)
        else:
            yield Judgement("balanced", "good", values)


def _generator_of(discriminator: str) -> str:
    """Return the name of the loss of the generator that a discriminator judges: that of domain b sees a to b."""
    return {"discriminator_a": "adversarial_ba", "discriminator_b": "adversarial_ab"}.get(discriminator, "adversarial")


def collapse(record: Record) -> Iterator[Judgement]:
    """Results that are all alike, or much more so than they were."""
    for name, curve in record.diversity.items():
        known = curve.finite.since(2)  # a net with random weights gives the same for all pictures
        if len(known) < _MIN_PREVIEWS:
            continue
        # Of the last three, and the last one too: a small generator's results are alike at first and then part.
        now, peak = max(float(np.median(known.values[-3:])), float(known.values[-1])), int(known.values.argmax())
        values = {"name": name, "now": now, "iteration": int(known.iterations[-1])}
        values |= {"peak": float(known.values[peak]), "peak_iteration": int(known.iterations[peak])}
        if now < _COLLAPSED or (now < _FALLEN * known.values[peak] and now < _FALLEN_BELOW):
            yield Judgement("collapsed", "bad", values)
        else:
            yield Judgement("diverse", "good", values)


def learning_rate(record: Record) -> Iterator[Judgement]:
    """A learning rate that will begin to fall, or that has nearly come to 0."""
    schedule, planned = record.setting("train.schedule.name", "constant"), record.count("train.iterations", 0)
    begins = record.setting("train.schedule.decay_from", 0)
    if schedule in ("linear", "cosine") and type(begins) is int and record.iteration < begins < planned:
        yield Judgement("rate_ahead", "note", {"from": begins, "iterations": planned, "iteration": record.iteration})
    for curve in record.rates.values():
        highest = float(curve.values.max()) if len(curve) else 0.0
        if schedule != "constant" and len(curve) > 2 and 0 <= curve.values[-1] < 0.05 * highest:
            yield Judgement("rate_over", "note", {"rate": float(curve.values[-1]), "highest": highest})
            return


def time_spent(record: Record) -> Iterator[Judgement]:
    """Waiting for data, and speed that was lost."""
    recent = record.waiting.finite.last_share(0.25, at_least=3)
    if len(recent) >= 3 and float(np.median(recent.values)) > _WAITING:
        share = float(np.median(recent.values))
        yield Judgement("waiting", "warning", {"percent": 100 * share, "workers": record.setting("loader.workers", 0)})
    speed = record.speed()
    if len(speed) >= MIN_LINES:
        before, now = speed.values[: len(speed) // 2], speed.values[-(len(speed) // 4) :]
        if float(np.median(now)) < _SLOWER * float(np.median(before)):
            values = {"before": float(np.median(before)), "now": float(np.median(now))}
            yield Judgement("slower", "note", values)


def data_problems(record: Record) -> Iterator[Judgement]:
    """Judge the doctor's findings about the pictures before the start."""
    for finding in record.findings:
        values = {"kind": finding.kind, "count": finding.count, "example": finding.example}
        yield Judgement("data", "warning", values)


def _rates(record: Record) -> dict[str, float]:
    """Return the last learning rate, for texts that advise a lower one."""
    rates = [float(curve.values[-1]) for curve in record.rates.values() if len(curve)]
    return {"rate": max(rates, default=math.nan)}


RULES: tuple[Rule, ...] = (
    not_finite,
    exploding,
    progress,
    discriminators,
    collapse,
    learning_rate,
    time_spent,
    data_problems,
)
