"""CycleGAN's nets and update in plain PyTorch: the rival of two benchmarks, run by an interpreter that has torch."""

import torch
from torch import nn


def normed(layer, channels):
    return [layer, nn.InstanceNorm2d(channels)]


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        first, second = (normed(nn.Conv2d(256, 256, 3), 256) for _ in range(2))
        pads = [nn.ReflectionPad2d(1) for _ in range(2)]
        self.body = nn.Sequential(pads[0], *first, nn.ReLU(), pads[1], *second)

    def forward(self, x):
        return x + self.body(x)


def generator():
    up = [normed(nn.ConvTranspose2d(a, b, 3, 2, 1, 1), b) for a, b in ((256, 128), (128, 64))]
    return nn.Sequential(
        *(nn.ReflectionPad2d(3), *normed(nn.Conv2d(3, 64, 7), 64), nn.ReLU()),
        *(*normed(nn.Conv2d(64, 128, 3, 2, 1), 128), nn.ReLU()),
        *(*normed(nn.Conv2d(128, 256, 3, 2, 1), 256), nn.ReLU()),
        *[Block() for _ in range(9)],
        *(*up[0], nn.ReLU(), *up[1], nn.ReLU()),
        *(nn.ReflectionPad2d(3), nn.Conv2d(64, 3, 7), nn.Tanh()),
    )


def discriminator(channels=3):
    layers = [nn.Conv2d(channels, 64, 4, 2, 1), nn.LeakyReLU(0.2)]
    for a, b, stride in ((64, 128, 2), (128, 256, 2), (256, 512, 1)):
        layers += [*normed(nn.Conv2d(a, b, 4, stride, 1), b), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(512, 1, 4, 1, 1))


class Training:
    """CycleGAN's update as in the paper and its authors' code: lsgan, cycle weight 10, identity weight 5, Adam."""

    def __init__(self, size: int, *, channels_last: bool = False, compiled: bool = False) -> None:
        form = torch.channels_last if channels_last else torch.contiguous_format
        nets = [make().to(memory_format=form) for make in (generator, generator, discriminator, discriminator)]
        pairs = (nets[:2], nets[2:])
        called = [torch.compile(net, dynamic=False) if compiled else net for net in nets]
        self.ab, self.ba, self.discriminator_a, self.discriminator_b = called
        self.adams = [
            torch.optim.Adam([p for net in pair for p in net.parameters()], 2e-4, (0.5, 0.999)) for pair in pairs
        ]
        self.a, self.b = ((torch.rand(1, 3, size, size) * 2 - 1).to(memory_format=form) for _ in range(2))

    def step(self) -> list[float]:
        a, b, l1 = self.a, self.b, nn.functional.l1_loss
        discriminators = (self.discriminator_a, self.discriminator_b)
        for discriminator in discriminators:
            discriminator.requires_grad_(False)
        fake_a, fake_b = self.ba(b), self.ab(a)
        loss = far(self.discriminator_b(fake_b), 1) + far(self.discriminator_a(fake_a), 1)
        loss = loss + 10 * (l1(self.ba(fake_b), a) + l1(self.ab(fake_a), b))
        loss = loss + 5 * (l1(self.ba(a), a) + l1(self.ab(b), b))
        self._step(loss, self.adams[0])
        for discriminator in discriminators:
            discriminator.requires_grad_(True)
        pairs = ((self.discriminator_a, a, fake_a), (self.discriminator_b, b, fake_b))
        losses = [
            0.5 * (far(discriminator(real), 1) + far(discriminator(fake.detach()), 0))
            for discriminator, real, fake in pairs
        ]
        self._step(sum(losses), self.adams[1])
        return [loss.item(), *(one.item() for one in losses)]

    @staticmethod
    def _step(loss: torch.Tensor, adam: torch.optim.Adam) -> None:
        adam.zero_grad()
        loss.backward()
        adam.step()


def far(score: torch.Tensor, target: float) -> torch.Tensor:
    return (score - target).square().mean()
