"""pix2pix's nets and update in plain PyTorch: the rival of a benchmark, run by an interpreter that has torch."""

import torch
from torch import nn
from torch_cyclegan import discriminator, normed

WIDEST = 512


class Level(nn.Module):
    """One level of the U-Net: down, what is inside, up, and beside it the skip."""

    def __init__(self, outer, inner, within, drops):
        super().__init__()
        down = [nn.LeakyReLU(0.2), nn.Conv2d(outer, inner, 4, 2, 1)]
        if within is not None:
            down = [down[0], *normed(down[1], inner)]
        joined = inner if within is None else 2 * inner
        up = [nn.ReLU(), *normed(nn.ConvTranspose2d(joined, outer, 4, 2, 1), outer)]
        self.body = nn.Sequential(*down, *([within] if within else []), *up, *([nn.Dropout(0.5)] if drops else []))

    def forward(self, x):
        return torch.cat([x, self.body(x)], 1)


def generator(depth):
    widths = [64 * min(2**level, 8) for level in range(depth)]
    level = None
    for number in reversed(range(1, depth)):
        drops = number != depth - 1 and widths[number] == widths[number - 1] == WIDEST
        level = Level(widths[number - 1], widths[number], level, drops)
    last = (nn.ReLU(), nn.ConvTranspose2d(128, 3, 4, 2, 1), nn.Tanh())
    return nn.Sequential(nn.Conv2d(3, 64, 4, 2, 1), level, *last)


class Training:
    """pix2pix's update as in the paper and its authors' code: vanilla, L1 weight 100, Adam; instance norm."""

    def __init__(self, size: int, *, channels_last: bool = False, compiled: bool = False) -> None:
        form = torch.channels_last if channels_last else torch.contiguous_format
        nets = generator(size.bit_length() - 1), discriminator(6)
        nets = [net.to(memory_format=form) for net in nets]
        self.adams = [torch.optim.Adam(net.parameters(), 2e-4, (0.5, 0.999)) for net in nets]
        self.generator, self.discriminator = (torch.compile(net, dynamic=False) if compiled else net for net in nets)
        self.a, self.b = ((torch.rand(1, 3, size, size) * 2 - 1).to(memory_format=form) for _ in range(2))

    def step(self) -> list[float]:
        fake = self.generator(self.a)
        self.discriminator.requires_grad_(False)
        loss = judged(self.discriminator(torch.cat([self.a, fake], 1)), 1)
        loss = loss + 100 * nn.functional.l1_loss(fake, self.b)
        self._step(loss, self.adams[0])
        self.discriminator.requires_grad_(True)
        of_fake = judged(self.discriminator(torch.cat([self.a, fake.detach()], 1)), 0)
        of_real = judged(self.discriminator(torch.cat([self.a, self.b], 1)), 1)
        self._step(0.5 * (of_fake + of_real), self.adams[1])
        return [loss.item(), of_fake.item(), of_real.item()]

    @staticmethod
    def _step(loss: torch.Tensor, adam: torch.optim.Adam) -> None:
        adam.zero_grad()
        loss.backward()
        adam.step()


def judged(logits: torch.Tensor, target: float) -> torch.Tensor:
    return nn.functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))
