"""Moving averages of nets' weights: what predictors use where `train.ema` is set."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import paddle
    from paddle import nn


class Averages:
    """Exponential moving averages of the parameters and buffers of some nets.

    average = decay * average + (1 - decay) * weight after each iteration, with a decay that starts low, at
    (1 + iteration) / (10 + iteration), so that the fresh weights are soon forgotten (Tensorflow's
    ExponentialMovingAverage). Buffers, such as a batch norm's statistics, are averaged likewise; integers are copied.

    Args:
        nets: Name -> net; its weights now are the first average.
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
        """Let the weights of an iteration, counted from 1, into the averages."""
        import paddle

        decay = min(self.decay, (1 + iteration) / (10 + iteration))
        with paddle.no_grad():
            for name, net in self._nets.items():
                for key, value in net.state_dict().items():
                    average = self._averages[name][key]
                    if value.is_floating_point():
                        # As average + (1 - decay) * (weight - average): a frozen weight stays what it is, to the bit.
                        average.lerp_(value.detach(), 1 - decay)
                    else:
                        average.set_value(value.detach())

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """Give the nets their averages meanwhile; afterwards they have their own weights again, to the bit."""
        own = {
            name: {key: value.detach().clone() for key, value in net.state_dict().items()}
            for name, net in self._nets.items()
        }
        self._give(self._averages)
        try:
            yield
        finally:
            self._give(own)

    def restart(self) -> None:
        """Take the nets' present weights as the averages."""
        for name, net in self._nets.items():
            for key, value in net.state_dict().items():
                self._averages[name][key].set_value(value.detach())

    def _give(self, weights: Mapping[str, Mapping[str, paddle.Tensor]]) -> None:
        for name, net in self._nets.items():
            for key, value in net.state_dict().items():
                value.set_value(weights[name][key])
