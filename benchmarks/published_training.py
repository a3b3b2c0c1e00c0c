"""Train CycleGAN and pix2pix beside their authors' code, from the same weights and batches, and compare step by step.

python benchmarks/published_training.py CLONE --rival-python PYTHON_WITH_TORCH [--steps 10] [--size 128] [--json FILE]

CLONE is a copy of github.com/junyanz/pytorch-CycleGAN-and-pix2pix. Both programs compute on the CPU. After each step
all losses are compared, relative to their size, and all weights: the norm of the difference, relative to how far
training has moved them. Biases that a norm takes out again are left out: their gradients are rounding errors. Of the
initial weights, which are the authors' afterwards, mean and standard deviation are compared first.

Adam divides a gradient by its size, so where one is hardly larger than its rounding error, two programs step in
different directions, and trainings part within a few steps. Hence float64, where rounding errors stay below what is
compared; --float32 shows the other. The epsilon of norms is the nearest number of float32 in both, in which Paddle has
it in any case.

The image pools hold two pictures, so that they are at work from the third step on, and draw the same numbers. pix2pix
goes without dropout; its authors' code trains the discriminator first, ours the generator: it is compared in both
orders, each once by a program whose order was changed for this.
"""

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from measuring import OtherPython, add_arguments, report

from ppgan_lite.config import ScheduleSettings
from ppgan_lite.losses.pixel import l1_loss
from ppgan_lite.recipes import cyclegan
from ppgan_lite.recipes.cyclegan import CycleGAN
from ppgan_lite.recipes.pix2pix import Pix2Pix
from ppgan_lite.training.schedule import rate_factor

RIVAL = """
import random, sys
from types import SimpleNamespace
sys.path.insert(0, {clone!r})
import numpy as np
import torch
from models.cycle_gan_model import CycleGANModel
from models.networks import get_scheduler
from models.pix2pix_model import Pix2PixModel

models = {{}}
COMMON = dict(
    gpu_ids=[], isTrain=True, checkpoints_dir="", name="", preprocess="none", direction="AtoB", input_nc=3, output_nc=3,
    ngf=64, ndf=64, netD="basic", n_layers_D=3, init_type="normal", init_gain=0.02, lr=2e-4, beta1=0.5, no_dropout=True,
)
KINDS = {{
    "cyclegan": (CycleGANModel, dict(netG="resnet_9blocks", norm="instance", gan_mode="lsgan", pool_size=2,
                                     lambda_A=10.0, lambda_B=10.0, lambda_identity=0.5)),
    "pix2pix": (Pix2PixModel, dict(netG="unet_{unet}", norm="batch", gan_mode="vanilla", lambda_L1=100.0)),
}}


def save(model, file):
    nets = [getattr(model, "net" + name) for name in model.model_names]
    np.savez(file, *[parameter.detach().numpy() for net in nets for parameter in net.parameters()])


def step_in_our_order(model):
    model.forward()
    model.set_requires_grad(model.netD, False)
    model.optimizer_G.zero_grad()
    model.backward_G()
    fake = model.fake_B
    model.optimizer_G.step()
    model.set_requires_grad(model.netD, True)
    model.optimizer_D.zero_grad()
    model.fake_B = fake
    model.backward_D()
    model.optimizer_D.step()


def work(what, key, file=None, drawn=(), order="published", dtype="float64"):
    torch.set_default_dtype(getattr(torch, dtype))
    kind = key.split(",")[0]
    if what == "build":
        torch.manual_seed(0)
        make, options = KINDS[kind]
        models[key] = make(SimpleNamespace(**COMMON, **options))
        for name in models[key].model_names:
            net = getattr(models[key], "net" + name).train()
            for norm in (layer for layer in net.modules() if hasattr(layer, "eps")):
                norm.eps = float(np.float32(norm.eps))
        save(models[key], file)
        return None
    if what == "rates":
        adam = torch.optim.Adam([torch.zeros(1, requires_grad=True)], 1.0)
        options = SimpleNamespace(lr_policy="linear", epoch_count=1, n_epochs=3, n_epochs_decay=3)
        rule = get_scheduler(adam, options).lr_lambdas[0]
        return [rule(epoch) for epoch in range(6)]
    model, batch = models[key], np.load(file)
    numbers = iter(drawn)
    random.uniform = lambda low, high: 1 - next(numbers)
    random.randint = lambda low, high: int(next(numbers))
    a, b = torch.from_numpy(batch["a"]), torch.from_numpy(batch["b"])
    model.set_input({{"A": a, "B": b, "A_paths": "", "B_paths": ""}})
    model.optimize_parameters() if order == "published" else step_in_our_order(model)
    save(model, file)
    losses = {{name: float(getattr(model, "loss_" + name)) for name in model.loss_names}}
    if kind == "pix2pix":
        losses["D"] = float(model.loss_D)
    return losses
"""

# Their name -> ours. G_A translates a to b, and D_A is the discriminator of b; idt_A is the identity of b.
CYCLEGAN_LOSSES = {
    "G_A": "adversarial_ab",
    "G_B": "adversarial_ba",
    "cycle_A": "cycle_a",
    "cycle_B": "cycle_b",
    "idt_A": "identity_b",
    "idt_B": "identity_a",
    "D_A": "discriminator_b",
    "D_B": "discriminator_a",
}
PIX2PIX_LOSSES = {"G_GAN": "adversarial", "G_L1": "l1", "D": "discriminator"}


class PublishedOrder(Pix2Pix):
    """pix2pix whose discriminator steps before the generator, as its authors have it."""

    def update(self, batch: dict[str, paddle.Tensor]) -> dict[str, float]:
        """Do one step of the discriminator, then one of the generator."""
        a, b = self._pair(batch)
        fake = self.generator(a)
        both = paddle.concat([a, fake], axis=1)
        terms = {"discriminator": self.adversary.discriminator_loss(paddle.concat([a, b], axis=1), both)}
        self.groups["discriminator"].backward_step(terms["discriminator"])
        terms["adversarial"] = self.adversary.generator_loss(both)
        terms["l1"] = self.l1 * l1_loss(fake, b)
        self.groups["generator"].backward_step(terms["adversarial"] + terms["l1"])
        return {name: float(term) for name, term in terms.items()}


class Recorded:
    """A random generator that keeps what it has drawn, for the other program's image pools."""

    def __init__(self, generator: np.random.Generator) -> None:
        self.generator = generator
        self.exchanges: list[list[float]] = []

    def random(self) -> float:
        self.exchanges.append([self.generator.random()])
        return self.exchanges[-1][0]

    def integers(self, highest: int) -> int:
        self.exchanges[-1].append(int(self.generator.integers(highest)))
        return int(self.exchanges[-1][-1])

    def in_their_order(self) -> list[float]:
        """Return the numbers with those of the fakes of b first; ours asks the pool of a first."""
        return [number for exchange in reversed(self.exchanges) for number in exchange]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clone", type=Path)
    parser.add_argument("--rival-python", type=Path, required=True, help="an interpreter that has torch")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--size", type=int, default=128, choices=(128, 256), help="height and width of the pictures")
    parser.add_argument("--float32", action="store_const", const="float32", default="float64", dest="dtype")
    add_arguments(parser)
    arguments = parser.parse_args()
    paddle.set_default_dtype(arguments.dtype)
    code = RIVAL.format(clone=str(arguments.clone.resolve()), unet=arguments.size)
    with (
        tempfile.TemporaryDirectory() as scratch,
        contextlib.closing(OtherPython(arguments.rival_python, code)) as torch,
    ):
        rows = []
        for key, order in (("cyclegan", "published"), ("pix2pix, their order", "published"), ("pix2pix, ours", "ours")):
            rows += compare(torch, key, order, Path(scratch, "exchange.npz"), arguments)
        report("published_training", rows, arguments.json)
        schedule = ScheduleSettings(name="linear", decay_from=3)
        print("learning rate by epoch, theirs:", [round(rate, 4) for rate in torch("rates", "cyclegan")])
        print("ours, one iteration an epoch:  ", [round(rate_factor(schedule, i, 6), 4) for i in range(1, 7)])


def compare(
    torch: OtherPython, key: str, order: str, file: Path, arguments: argparse.Namespace
) -> list[dict[str, Any]]:
    """Return a row for each step of one recipe."""
    torch("build", key, str(file), (), order, arguments.dtype)
    recipe = build(key, order, arguments.size)
    nets = nets_of(recipe, key)
    names = CYCLEGAN_LOSSES if key == "cyclegan" else PIX2PIX_LOSSES
    parameters = [parameter for net in nets for parameter in trained(net)]
    kept = [not cancelled for net in nets for cancelled in cancelled_by_norms(net)]
    start = load(file)
    assert [tuple(one.shape) for one in parameters] == [one.shape for one in start], "the nets differ"
    compare_initialization(key, [parameter.numpy() for parameter in parameters], start)
    for parameter, value in zip(parameters, start, strict=True):
        parameter.set_value(value)
    rng = np.random.default_rng(0)
    rows = []
    for step in range(1, arguments.steps + 1):
        a, b = (rng.random((1, 3, arguments.size, arguments.size)).astype(arguments.dtype) for _ in range(2))
        drawn = Recorded(np.random.default_rng(step))
        cyclegan.numpy_generator = lambda drawn=drawn: drawn
        ours = recipe.update({"a": paddle.to_tensor(a), "b": paddle.to_tensor(b)})
        recipe.iteration += 1
        np.savez(file, a=2 * a - 1, b=2 * b - 1)
        theirs = torch("step", key, str(file), drawn.in_their_order(), order, arguments.dtype)
        now = load(file)
        apart = norm([one.numpy() - other for one, other, keep in zip(parameters, now, kept, strict=True) if keep])
        moved = norm([other - first for other, first, keep in zip(now, start, kept, strict=True) if keep])
        worst = max(abs(ours[mine] - theirs[name]) / abs(theirs[name]) for name, mine in names.items())
        drew = sum(map(len, drawn.exchanges))
        rows.append({"what": key, "step": step, "worst_loss": worst, "weights_apart": apart / moved, "pool_drew": drew})
        print(rows[-1], file=sys.stderr)
    return rows


def compare_initialization(key: str, ours: list[np.ndarray], theirs: list[np.ndarray]) -> None:
    """Print how far mean and deviation of our initial weights are from theirs, in standard errors."""
    errors = []
    for mine, other in zip(ours, theirs, strict=True):
        if np.ptp(other) == 0:
            assert np.array_equal(mine, other), "constants differ"
        elif other.size > 1:
            error = np.sqrt(2 / other.size)  # of a difference of means, in deviations; of deviations, a factor less
            errors.append(abs(mine.mean() - other.mean()) / (other.std() * error))
            errors.append(abs(np.log(mine.std() / other.std())) / (error / np.sqrt(2)))
    print(
        f"{key}: initial weights, {len(errors)} statistics: {np.max(errors):.1f} standard errors apart at most, "
        f"{np.sqrt(np.mean(np.square(errors))):.2f} on average (1.00 by chance)"
    )


def build(key: str, order: str, size: int) -> CycleGAN | Pix2Pix:
    """Return the recipe with the published settings, ready to train."""
    if key == "cyclegan":
        recipe: Any = CycleGAN(
            generator={"name": "ResnetGenerator"}, discriminator={"name": "PatchDiscriminator"}, pool=2
        )
    else:
        depth = {128: 7, 256: 8}[size]
        recipe = (PublishedOrder if order == "published" else Pix2Pix)(
            generator={"name": "UnetGenerator", "depth": depth, "dropout": False},
            discriminator={"name": "PatchDiscriminator", "in_channels": 6, "norm": "batch"},
        )
    for net in recipe.nets.values():
        net.train()
    return recipe


def nets_of(recipe: Any, key: str) -> list[paddle.nn.Layer]:
    """Return our nets in their order: their D_A judges domain b."""
    names = ["generator_ab", "generator_ba", "discriminator_b", "discriminator_a"]
    return [recipe.nets[name] for name in (names if key == "cyclegan" else ["generator", "discriminator"])]


def trained(layer: paddle.nn.Layer) -> list[paddle.Tensor]:
    return [parameter for parameter in layer.parameters() if not parameter.stop_gradient]


def cancelled_by_norms(net: paddle.nn.Layer) -> list[bool]:
    """Return for each parameter whether it is the bias of a convolution that a norm without weights follows."""
    layers = [layer for layer in net.sublayers() if not list(layer.children())]
    found = []
    for layer, after in zip(layers, [*layers[1:], None], strict=True):
        is_normed = "InstanceNorm" in type(after).__name__
        found += [is_normed and parameter is layer.bias for parameter in trained(layer)]
    return found


def load(file: Path) -> list[np.ndarray]:
    with np.load(file) as arrays:
        return [arrays[f"arr_{number}"] for number in range(len(arrays.files))]


def norm(arrays: list[np.ndarray]) -> float:
    return float(np.sqrt(sum(float(np.square(array, dtype=np.float64).sum()) for array in arrays)))


if __name__ == "__main__":
    main()
