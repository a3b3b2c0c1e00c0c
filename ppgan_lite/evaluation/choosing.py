"""Which metrics are measured: those that were asked for, else those that suit and whose weights are there."""

from __future__ import annotations

from collections.abc import Sequence

from ppgan_lite.errors import UsageError
from ppgan_lite.metrics.table import METRICS, Compares, metrics_that_compare
from ppgan_lite.published import cached
from ppgan_lite.tables import did_you_mean

# Named metrics, and what stands in for them where their weights were not fetched.
_STAND_INS = {"kid": "kid_vgg16", "fid": "frechet_vgg16"}
_MEASURABLE = [name for name, metric in METRICS.items() if metric.compares != "recipe"]
_NEEDS: dict[Compares, str] = {
    "pair": "pairs of pictures",
    "painting": "a painter",
    "set": "pictures of the target domain",
    "cycle": "a net with both directions",
    "results": "a checkpoint",
}


def check_known(names: Sequence[str]) -> None:
    """Refuse names of no metric.

    Raises:
        UsageError: One is unknown.
    """
    for name in names:
        if name not in _MEASURABLE:
            raise UsageError(
                "--metric",
                f"{name!r} is not known",
                f"one of {', '.join(_MEASURABLE)}",
                did_you_mean(name, _MEASURABLE),
            )


def choose(
    asked: Sequence[str], kinds: Sequence[Compares], on_request: Sequence[Compares] = ()
) -> tuple[list[str], list[str]]:
    """Return the metrics to measure, and what is to be said about those that are left out.

    Args:
        asked: Names; empty for those that suit.
        kinds: What is compared unless metrics are asked for.
        on_request: What else can be compared.
    """
    if asked:
        unfit = [name for name in asked if METRICS[name].compares not in (*kinds, *on_request)]
        notes = [f"{name}: needs {_NEEDS[METRICS[name].compares]}" for name in unfit]
        return [name for name in dict.fromkeys(asked) if name not in unfit], notes
    names = list(metrics_that_compare(*kinds))
    missing = [name for name in names if METRICS[name].weights and not cached(METRICS[name].weights).exists()]
    left_out = {*missing, *(other for name, other in _STAND_INS.items() if name not in missing)}
    weights = dict.fromkeys(METRICS[name].weights for name in missing)
    notes = [
        f"{', '.join(name for name in missing if METRICS[name].weights == one)}: not measured without its published "
        f"weights; run `paddlegan fetch {one}`"
        for one in weights
    ]
    return [name for name in names if name not in left_out], notes
