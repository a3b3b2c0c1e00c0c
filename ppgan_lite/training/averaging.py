"""Exponential moving averages of weights, which predictors use where `train.ema` is set."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import paddle
    from paddle import nn


class MovingAverages:
    """Exponential moving averages of the parameters and buffers of several nets.

    average = decay * average + (1 - decay) * weight after each iteration, with a decay that starts low, at
    (1 + iteration) / (10 + iteration), so that the initial weights lose their influence quickly
    (TensorFlow's ExponentialMovingAverage). Floating-point buffers, such as a batch norm's statistics, are averaged
    too; integers are copied.

    Args:
        nets: Name -> net; the averages start at its current weights.
        decay: Between 0 and 1, such as 0.999.
    """

    def __init__(self, nets: Mapping[str, nn.Layer], decay: float) -> None:
        self.decay = decay
        self._nets = dict(nets)
        self._averages = {
            name: {key: value.detach().clone() for key, value in net.state_dict().items()}
            for name, net in self._nets.items()
        }

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the averaged nets."""
        return tuple(self._nets)

    def update(self, iteration: int) -> None:
        """Update the averages with the weights of an iteration, counted from 1."""
        import paddle

        decay = min(self.decay, (1 + iteration) / (10 + iteration))
        with paddle.no_grad():
            for name, net in self._nets.items():
                for key, value in net.state_dict().items():
                    average = self._averages[name][key]
                    if value.is_floating_point():
                        # As average + (1 - decay) * (weight - average): a frozen weight stays bit for bit the same.
                        average.lerp_(value.detach(), 1 - decay)
                    else:
                        average.set_value(value.detach())

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Put the averages into the nets for the duration of a block; restore the weights bit for bit afterwards."""
        own = {
            name: {key: value.detach().clone() for key, value in net.state_dict().items()}
            for name, net in self._nets.items()
        }
        self._set_weights(self._averages)
        try:
            yield
        finally:
            self._set_weights(own)

    def reset(self) -> None:
        """Set the averages to the current weights."""
        for name, net in self._nets.items():
            for key, value in net.state_dict().items():
                self._averages[name][key].set_value(value.detach())

    def _set_weights(self, weights: Mapping[str, Mapping[str, paddle.Tensor]]) -> None:
        for name, net in self._nets.items():
            for key, value in net.state_dict().items():
                value.set_value(weights[name][key])
