"""What a report says of curves: recorded ones of real trainings, and made ones for what is rare or exact."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ppgan_lite.training.report.curves import Curve, moving_mean, noise_of, rises, thinned, trend_of
from ppgan_lite.training.report.record import DataFinding, NotFinite, Numbers, Record, make_record
from ppgan_lite.training.report.rules import MIN_LINES, MIN_VALIDATIONS, Judgement, advise, judge, progress

CURVES = Path(__file__).parent / "curves"


def recorded(name: str, until: float = math.inf) -> Record:
    """Return the record of a real training, as it was after some iterations."""
    with gzip.open(CURVES / f"{name}.json.gz", "rt", encoding="utf-8") as file:
        run = json.load(file)
    lines = [line for line in run["lines"] if line["iteration"] <= until]
    ended = until == math.inf
    state, error = (run["state"], run["error"]) if ended else ("running", "")
    return make_record(Path("run"), run["config"], Numbers(lines), state=state, error=error)


def codes(record: Record) -> list[str]:
    return [judgement.code for judgement in judge(record)]


def found(record: Record, code: str) -> Judgement:
    return next(judgement for judgement in judge(record) if judgement.code == code)


def advice(record: Record) -> str:
    return advise(record, judge(record)).code


def curve(values: Any, *, every: int = 10) -> Curve:
    return Curve.of([(every * (index + 1), float(value)) for index, value in enumerate(values)])


def noisy(values: np.ndarray, std: float, seed: int = 0) -> np.ndarray:
    return values + np.random.default_rng(seed).normal(0, std, len(values))


def measured(values: Any, *, loss: Any = None, best: str = "psnr", **fields: Any) -> Record:
    """Return a record with a validation every 10 iterations and, if given, a loss "l1"."""
    losses = {} if loss is None else {"l1": curve(loss)}
    return Record(validation={best: curve(values)}, best=best, losses=losses, **fields)


RISING = 20 + 5 * (1 - np.exp(-np.arange(30) / 15))
FLAT_LATER = 20 + 5 * (1 - np.exp(-np.arange(60) / 4))


# Recorded: small nets, 24 to 64 px, on a CPU


@pytest.mark.parametrize(
    ("name", "until", "expected"),
    [
        ("pix2pix", 100, "too_early"),  # facades, PSNR against a discriminator
        ("pix2pix", 300, "unclear"),  # 14.02, 14.27, 14.23, 14.27, 14.22, 14.30 dB; it fell after that
        ("pix2pix", math.inf, "compare"),  # it became sharper while PSNR fell
        ("cyclegan", 100, "too_early"),  # photos and Monet, as in the paper
        ("cyclegan", 400, "go_on"),
        ("cyclegan", math.inf, "longer"),
        ("collapse", math.inf, "change_something"),  # the same without cycle and identity, at ten times the rate
        ("winning", math.inf, "compare"),  # five steps of the discriminator for each of a small generator
        ("dead", 60, "too_early"),  # pix2pix at a rate of 0.3
        ("dead", math.inf, "change_something"),
        ("overfit", 200, "too_early"),  # restoration of four photos
        ("overfit", 1000, "go_on"),
        ("overfit", 1500, "may_stop"),
        ("memorized", 200, "unclear"),  # a U-Net, three photos without augmentation, validated on 20 others
        ("memorized", 400, "take_best"),
        ("memorized", math.inf, "take_best"),
        ("slow", 300, "go_on"),  # tiny/restore_saltpepper_unet on 103 photos, at a constant rate
        ("slow", 500, "unclear"),  # 20.56, 20.45, 20.30, 20.34, 20.53 dB
        ("slow", 700, "go_on"),
        ("slow", math.inf, "longer"),
    ],
)
def test_recorded_trainings_get_the_advice_that_their_pictures_confirm(name, until, expected):
    assert advice(recorded(name, until)) == expected


def test_a_recorded_collapse_is_found_and_recorded_trainings_without_one_are_not_suspected():
    collapsed = found(recorded("collapse"), "collapsed").values
    assert collapsed["name"] == "fake_b" and collapsed["now"] < 0.3 * collapsed["peak"]
    for name in ("pix2pix", "cyclegan", "overfit", "winning"):
        for until in (200, 400, 600, math.inf):
            assert "collapsed" not in codes(recorded(name, until))


def test_a_recorded_net_that_learns_its_pictures_by_heart_is_told_so_with_its_best_iteration():
    values = found(recorded("memorized"), "overfitting").values
    assert (values["best_iteration"], values["top_iteration"]) == (60, 60)
    assert values["top"] - values["now"] > 1.3 and values["loss_last"] < 0.15 * values["loss_first"]


def test_recorded_discriminators_in_balance_are_told_so():
    for name, count in (("pix2pix", 1), ("cyclegan", 2)):
        assert codes(recorded(name)).count("balanced") == count


def test_a_recorded_discriminator_that_wins_is_found():
    values = found(recorded("winning"), "discriminator_wins").values
    assert values["loss"] < 0.1 < values["chance"] and values["generator"] > 3


def test_psnr_that_fell_while_pictures_became_sharper_is_told_to_favor_blur():
    assert {"worse", "favors_blur"} <= {*codes(recorded("pix2pix"))}


# Progress


@pytest.mark.parametrize("seed", range(5))
def test_a_rising_psnr_improves_and_a_falling_distance_too(seed):
    assert advice(measured(noisy(RISING, 0.05, seed))) == "go_on"
    assert advice(measured(noisy(-RISING, 0.05, seed), best="style_and_content")) == "go_on"
    assert advice(measured(noisy(RISING, 0.05, seed), state="finished")) == "longer"


@pytest.mark.parametrize("seed", range(5))
def test_a_curve_that_gains_no_more_than_its_noise_is_flat_since_its_last_gain(seed):
    judgement = found(measured(noisy(FLAT_LATER, 0.05, seed)), "flat")
    assert 80 <= judgement.values["since"] <= 480
    assert judgement.values["validations"] == 60 - judgement.values["since"] // 10
    assert 0.02 < judgement.values["noise"] < 0.1
    assert advice(measured(noisy(FLAT_LATER, 0.05, seed))) == "may_stop"


def test_flat_before_the_learning_rate_falls_waits_for_it():
    config = {"train": {"iterations": 1200, "schedule": {"name": "linear", "decay_from": 700}}}
    record = measured(noisy(FLAT_LATER, 0.05), config=config)
    assert advise(record, judge(record)).code == "wait_for_rate"
    assert found(record, "rate_ahead").values == {"from": 700, "iterations": 1200, "iteration": 600}
    later = {"train": {"iterations": 1200, "schedule": {"name": "linear", "decay_from": 500}}}
    assert advice(measured(noisy(FLAT_LATER, 0.05), config=later)) == "may_stop"


@pytest.mark.parametrize("seed", range(5))
def test_validation_that_turns_while_the_loss_falls_is_overfitting(seed):
    values = noisy(np.concatenate([np.linspace(20, 25, 20), np.linspace(25, 23, 20)]), 0.1, seed)
    judgement = found(measured(values, loss=noisy(np.linspace(1, 0.2, 40), 0.02, seed)), "overfitting")
    assert 170 <= judgement.values["best_iteration"] <= 230
    assert judgement.values["now"] == pytest.approx(23, abs=0.4) and judgement.values["top"] == pytest.approx(
        25, abs=0.4
    )
    assert judgement.values["loss_last"] < judgement.values["loss_first"]
    assert advice(measured(values, loss=np.linspace(1, 0.2, 40))) == "take_best"


def test_validation_that_turns_with_the_loss_or_without_pairs_is_only_worse():
    values = np.concatenate([np.linspace(20, 25, 20), np.linspace(25, 23, 20)])
    for record in (
        measured(values, loss=np.linspace(0.2, 1, 40)),
        measured(values, loss=np.full(40, 0.2)),
        measured(values),
        measured(-values, loss=np.linspace(1, 0.2, 40), best="style_and_content"),
    ):
        assert "worse" in codes(record) and "overfitting" not in codes(record)
        assert advice(record) == "compare"


def test_validation_that_never_beats_the_first_one_is_said_to_learn_nothing():
    assert advice(measured(noisy(np.full(20, 20.0), 1e-9))) == "change_something"
    assert "never_better" in codes(measured(np.full(20, 20.0)))


def wandering(count: int, correlation: float, rng: np.random.Generator) -> np.ndarray:
    """Return noise of standard deviation 1 whose neighbors are alike."""
    values = [rng.normal()]
    while len(values) < count:
        values.append(correlation * values[-1] + math.sqrt(1 - correlation**2) * rng.normal())
    return np.array(values)


def called(values: np.ndarray) -> str:
    return next(progress(measured(values))).code


@pytest.mark.parametrize(("correlation", "most"), [(0.0, 0.01), (0.3, 0.01), (0.5, 0.02)])
def test_noise_alone_is_hardly_ever_called_progress(correlation, most):
    rng = np.random.default_rng(3)
    calls = [called(20 + 0.5 * wandering(count, correlation, rng)) for count in (6, 8, 12, 20, 40) for _ in range(120)]
    assert calls.count("improving") <= most * len(calls)
    assert calls.count("worse") + calls.count("overfitting") <= 2 * most * len(calls) + 6
    assert "never_better" not in [called(20 + wandering(count, 0.0, rng)) for count in (5, 6, 7) for _ in range(20)]


def test_noise_around_a_level_reached_long_ago_is_hardly_ever_called_progress():
    rng = np.random.default_rng(4)
    calls = [called(20 + 5 * (1 - np.exp(-np.arange(n) / 2)) + rng.normal(0, 0.3, n)) for n in [30, 60] * 100]
    assert calls.count("improving") <= 2


def test_a_slow_rise_is_seen_through_its_noise():
    rng = np.random.default_rng(5)
    # From one validation to the next it gains an eighth of the noise.
    calls = [called(20 + 0.5 * (np.arange(80) / 8 + rng.normal(0, 1, 80))) for _ in range(40)]
    assert calls.count("improving") >= 36
    calls = [
        called(20 + 5 * (1 - np.exp(-np.arange(count) / 12)) + rng.normal(0, 0.1, count)) for count in range(6, 22)
    ]
    assert calls.count("improving") >= 15


def test_a_short_run_is_too_short_and_says_what_is_missing():
    record = measured(RISING[: MIN_VALIDATIONS - 1], config={"validation": {"every": 10}})
    assert advice(record) == "too_early"
    assert found(record, "few_validations").values == {"count": 4, "needed": 5, "every": 10}
    short = Record(
        losses={"l1": curve(np.linspace(1, 0, MIN_LINES - 1)), "discriminator": curve(np.zeros(MIN_LINES - 1))}
    )
    assert codes(short) == ["few_losses"] and advice(short) == "too_early"
    assert codes(Record()) == ["few_losses"]


def test_psnr_of_a_training_with_a_discriminator_is_said_to_favor_blur():
    losses = {"adversarial": curve(np.ones(30)), "discriminator": curve(np.full(30, 0.4))}
    assert "favors_blur" in codes(Record(validation={"psnr": curve(RISING)}, best="psnr", losses=losses))
    assert "favors_blur" not in codes(measured(RISING, loss=np.ones(30)))


def test_without_validation_the_losses_tell_little_and_it_is_said():
    falling = Record(losses={"l1": curve(noisy(np.linspace(1, 0.2, 60), 0.05))})
    assert advice(falling) == "unmeasured_go_on" and "no_validation" in codes(falling)
    assert found(falling, "losses_fall").values["percent"] < -30
    flat = Record(losses={"l1": curve(noisy(np.full(60, 0.5), 0.05))}, state="finished")
    assert advice(flat) == "unmeasured"
    only_the_game = Record(losses={"adversarial": curve(np.ones(60)), "discriminator": curve(np.full(60, 0.4))})
    assert advice(only_the_game) == "cannot_tell"


# NaN


def test_a_training_that_met_nan_starts_again_whatever_else_is_good():
    record = measured(RISING, not_finite=NotFinite(123, "l1"), rates={"nets": curve([2e-4])})
    assert advice(record) == "start_again"
    assert judge(record)[0] == Judgement("not_finite", "bad", {"iteration": 123, "name": "l1", "rate": 2e-4})


def test_losses_that_explode_warn_of_nan_and_a_start_that_is_large_does_not():
    exploding = Record(losses={"l1": curve([*noisy(np.full(30, 0.5), 0.05), 3, 9, 40, 200])})
    assert found(exploding, "exploding").values["now"] == 9 and advice(exploding) == "look_now"
    settling = Record(losses={"l1": curve([900, 300, 40, *noisy(np.full(30, 0.5), 0.05)])})
    spike = Record(losses={"l1": curve([*np.full(30, 0.5), 90, 0.5, 0.5, 0.5])})
    near_zero = Record(losses={"l1": curve(np.zeros(40))})
    for record in (settling, spike, near_zero):
        assert "exploding" not in codes(record)


def test_validations_without_a_number_are_counted():
    record = measured([*RISING, np.nan, np.nan])
    assert found(record, "validation_not_finite").values == {"name": "psnr", "count": 2, "of": 32, "iteration": 320}
    assert advice(record) == "go_on"


def test_another_error_is_shown_as_it_is():
    record = Record(state="failed", error="photo.png: cannot be read")
    assert judge(record)[0].values == {"error": "photo.png: cannot be read"}
    assert advice(record) == "failed"


# The game


@pytest.mark.parametrize(
    ("objective", "loss", "code"),
    [
        ("lsgan", 0.02, "discriminator_wins"),
        ("lsgan", 0.15, "balanced"),
        ("lsgan", 0.25, "discriminator_guesses"),
        ("lsgan", 0.4, "discriminator_fooled"),
        ("vanilla", 0.05, "discriminator_wins"),
        ("vanilla", 0.25, "balanced"),
        ("vanilla", 0.69, "discriminator_guesses"),
        ("hinge", 0.1, "discriminator_wins"),
        ("hinge", 0.6, "balanced"),
        ("wgan-gp", -3.0, "game_unbounded"),
    ],
)
def test_a_discriminator_is_judged_by_what_guessing_would_cost(objective, loss, code):
    losses = {"adversarial": curve(np.full(40, 0.9)), "discriminator": curve(noisy(np.full(40, loss), 0.005))}
    record = Record(config={"recipe": {"objective": objective}}, losses=losses)
    assert code in codes(record)
    if code != "game_unbounded":
        assert found(record, code).values["generator"] == pytest.approx(0.9)


def test_of_two_domains_each_discriminator_stands_beside_its_own_generator():
    losses = {name: curve(np.full(40, value)) for name, value in (("adversarial_ab", 0.1), ("adversarial_ba", 0.7))}
    losses |= {"discriminator_a": curve(np.full(40, 0.02)), "discriminator_b": curve(np.full(40, 0.35))}
    judgements = {
        judgement.values.get("name"): judgement
        for judgement in judge(Record(config={"recipe": {"objective": "lsgan"}}, losses=losses))
    }
    assert judgements["discriminator_a"].code == "discriminator_wins"
    assert judgements["discriminator_a"].values["generator"] == pytest.approx(0.7)
    assert judgements["discriminator_b"].code == "discriminator_fooled"


def test_a_discriminator_that_won_only_for_a_moment_has_not_won():
    values = np.full(60, 0.15)
    values[-3:] = 0.01
    record = Record(config={"recipe": {"objective": "lsgan"}}, losses={"discriminator": curve(values)})
    assert "balanced" in codes(record)


@pytest.mark.parametrize(
    ("values", "collapsed"),
    [
        ([0.02, 0.3, 0.5, 0.6, 0.6], False),
        ([0.02, 0.04, 0.05, 0.04, 0.03], True),
        ([0.5, 0.8, 0.7, 0.2, 0.15, 0.1], True),
        ([0.5, 0.8, 0.7, 0.2, 0.7, 0.6], False),
        ([2.0, 2.0, 1.0, 0.5, 0.5, 0.5], False),
        ([0.01, 0.01, 0.01], None),
    ],
)
def test_results_that_are_all_alike_are_signs_of_collapse(values, collapsed):
    record = Record(diversity={"fake_b": curve(values)})
    assert ("collapsed" in codes(record), "diverse" in codes(record)) == (collapsed is True, collapsed is False)


def test_random_weights_before_the_first_update_are_no_collapse():
    values = Curve.of([(1, 0.01), (50, 0.01), (100, 0.02), (150, 0.03)])
    assert codes(Record(diversity={"fake_b": values})) == ["few_losses"]


# Time, data, learning rate


def test_waiting_for_data_is_told_with_the_workers_that_there_are():
    record = Record(waiting=curve([0.5, 0.02, 0.3, 0.35, 0.4]), config={"loader": {"workers": 1}})
    values = found(record, "waiting").values
    assert values["percent"] == pytest.approx(35) and values["workers"] == 1
    assert "waiting" not in codes(Record(waiting=curve([0.9, 0.9, 0.05, 0.05, 0.04])))


def test_speed_counts_samples_of_all_batches_and_processes_and_tells_of_a_loss():
    config = {"loader": {"batch_size": 4}, "train": {"accumulate": 2}}
    seconds = np.concatenate([np.arange(1, 31), 30 + 4 * np.arange(1, 31)])
    record = Record(config=config, seconds=curve(seconds), starts=[{"iteration": 0, "processes": 2}])
    assert record.speed().values[0] == 10 * 16
    assert found(record, "slower").values == {"before": 160.0, "now": 40.0}
    assert "slower" not in codes(Record(seconds=curve(np.arange(1, 61))))


def test_findings_of_the_doctor_are_told():
    record = Record(findings=[DataFinding("warning", "duplicate", 3, "a.png: is the same file as b.png")])
    assert found(record, "data").values == {
        "kind": "duplicate",
        "count": 3,
        "example": "a.png: is the same file as b.png",
    }


def test_a_learning_rate_near_0_is_told_but_not_in_its_warmup():
    config = {"train": {"schedule": {"name": "cosine", "warmup": 100}}}
    over = Record(config=config, rates={"nets": curve([1e-4, 2e-4, 1e-4, 1e-6])})
    assert found(over, "rate_over").values == {"rate": 1e-6, "highest": 2e-4}
    warming = Record(config=config, rates={"nets": curve([1e-6, 2e-6, 3e-6])})
    assert "rate_over" not in codes(warming)


def test_judgements_that_matter_most_come_first():
    record = measured(RISING, not_finite=NotFinite(9, "l1"), waiting=curve([0.5] * 5))
    levels = [judgement.level for judgement in judge(record)]
    assert levels == sorted(levels, key=("bad", "warning", "note", "good").index) and levels[0] == "bad"


# Curves


def test_a_moving_mean_leaves_out_what_is_no_number_and_follows_a_steep_start():
    assert moving_mean(np.array([1.0, np.nan, 3.0]), 3).tolist() == [1.0, 2.0, 3.0]
    line = np.arange(48.0)
    smooth = moving_mean(line)
    np.testing.assert_allclose(smooth[:40], line[:40])
    assert np.isnan(moving_mean(np.array([np.nan, np.nan]), 1)).all()


def test_noise_is_that_of_the_values_not_of_their_trend():
    values = noisy(np.linspace(0, 1000, 400), 2.0)
    assert noise_of(values) == pytest.approx(2.0, rel=0.2)
    assert noise_of(np.array([1.0, 2.0, 5.0])) == 0


def test_a_trend_is_significant_beyond_the_noise_only():
    assert trend_of(curve(noisy(np.linspace(1, 0.5, 40), 0.05))).is_significant
    wandering = np.cumsum(np.random.default_rng(1).normal(0, 0.01, 60))
    assert not trend_of(curve(1 + wandering - np.linspace(0, wandering[-1], 60))).is_significant
    assert not trend_of(curve(np.full(10, 3.0))).is_significant


def test_a_rise_is_one_whatever_its_shape_and_one_value_makes_none():
    assert rises(np.arange(6.0)) and rises(np.exp(np.arange(12.0))) and not rises(-np.arange(12.0))
    assert not rises(np.arange(5.0))  # 1 in 120 by chance, more where neighbors are alike
    assert not rises(np.array([0.0] * 12 + [1000.0])) and not rises(np.full(20, 3.0))
    assert rises(noisy(np.linspace(0, 1, 100_000), 1.0)) and not rises(noisy(np.zeros(100_000), 1.0))
    assert rises(noisy(np.linspace(0, 3, 60), 1.0)) and not rises(noisy(np.zeros(60), 1.0))


@pytest.mark.parametrize("count", [1, 240, 241, 5000])
def test_a_thinned_curve_keeps_ends_and_extremes(count):
    values = noisy(np.zeros(count), 1.0)
    few = thinned(curve(values))
    assert len(few) <= 243 and (np.diff(few.iterations) > 0).all()
    assert few.values.max() == values.max() and few.values.min() == values.min()
    assert few.iterations[0] == 10 and few.iterations[-1] == 10 * count


def test_a_curve_without_numbers_is_thinned_too():
    assert len(thinned(curve(np.full(1000, np.nan)))) <= 243
