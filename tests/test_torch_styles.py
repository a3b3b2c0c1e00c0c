"""Training with PyTorch: its nets compute what ours do, and a run can be interrupted.

Where torch is not installed, our nets are held to numbers that it gave; the other tests are skipped.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest
from net_examples import fill, picture
from paddle import nn

from ppgan_lite import encoders
from ppgan_lite.checkpoint import build_net, read_checkpoint
from ppgan_lite.images import write_image
from ppgan_lite.inference.stylization.painters import REFERENCE
from ppgan_lite.losses import perceptual, pixel
from ppgan_lite.nets.any_style import AnyStyleNet
from ppgan_lite.nets.color_alignment import align_colors, mean_and_covariance
from ppgan_lite.nets.gram import gram
from ppgan_lite.nets.relative_distance import relative_distance
from ppgan_lite.nets.style_transfer import StyleTransferNet
from ppgan_lite.recipes.style_losses import StyleLosses
from ppgan_lite.recipes.transform import RECONSTRUCTION
from ppgan_lite.safetensors_files import read_front, read_tensors
from ppgan_lite.styles import any_painting, catalogue

TOOLS = Path(__file__).parents[1] / "tools"
STYLE_TRANSFER = {"channels": 4, "blocks": 2, "revision_channels": 5, "revision_size": "full"}
ANY_STYLE = {
    "channels": 4,
    "blocks": 1,
    "encoder_channels": [4, 6, 8, 10, 12],
    "encoder_convs": [1, 2, 1, 1, 1],
    "code_channels": 7,
    "revision_channels": 5,
    "revision_size": "full",
}


@pytest.fixture
def torch(monkeypatch: pytest.MonkeyPatch) -> Any:
    """PyTorch, with the tool's modules to be imported."""
    torch = pytest.importorskip("torch")
    monkeypatch.syspath_prepend(str(TOOLS))
    torch.set_num_threads(1)
    return torch


def outputs_of_ours(net: nn.Layer) -> dict[str, np.ndarray]:
    """Return what a painter of ours makes of fixed pictures: drafts at three strengths, a revision, read norms."""
    photo, painting = picture(35, 42, batch=2), picture(48, 40, batch=2, phase=1.0)
    strength = paddle.to_tensor([[1.0], [0.4]])
    with paddle.no_grad():
        norms = net.predictor(painting) if isinstance(net, AnyStyleNet) else ()
        draft = net.transform(photo, strength, *norms)
        revised = net.revise(0, picture(70, 83, batch=2, phase=2.0) - 0.5, draft)
    found = {"draft": draft, "revised": revised} | dict(zip(("scales", "shifts"), norms))
    return {name: tensor.numpy() for name, tensor in found.items()}


def outputs_of_torch(torch: Any, net: Any) -> dict[str, np.ndarray]:
    """Return the same of a painter in PyTorch."""
    from torch_styles.nets import revise

    def input_of(tensor: paddle.Tensor) -> Any:
        return torch.from_numpy(tensor.numpy())

    photo, painting = input_of(picture(35, 42, batch=2)), input_of(picture(48, 40, batch=2, phase=1.0))
    with torch.no_grad():
        norms = net.predictor(painting) if hasattr(net, "predictor") else ()
        draft = net.transform(photo, torch.tensor([[1.0], [0.4]]), *norms)
        revised = revise(net.revisions[0], input_of(picture(70, 83, batch=2, phase=2.0)) - 0.5, draft)
    found = {"draft": draft, "revised": revised} | dict(zip(("scales", "shifts"), norms))
    return {name: tensor.numpy() for name, tensor in found.items()}


def in_torch(net: nn.Layer, arguments: dict[str, Any]) -> Any:
    """Return the same painter in PyTorch, by way of the names of tensors."""
    from torch_styles import files, nets

    twin = getattr(nets, type(net).__name__)(**arguments)
    files.load(twin, {name: tensor.numpy() for name, tensor in net.state_dict().items()}, where="the test")
    return twin.eval()


def example(name: str) -> tuple[nn.Layer, dict[str, Any]]:
    paddle.seed(0)
    arguments, cls = (STYLE_TRANSFER, StyleTransferNet) if name == "StyleTransferNet" else (ANY_STYLE, AnyStyleNet)
    net = fill(cls(**arguments))
    net.eval()
    return net, arguments


def summary(outputs: dict[str, np.ndarray]) -> dict[str, list[float]]:
    """Return mean, deviation and last value of each output."""
    return {name: [float(a.mean()), float(a.std()), float(a.ravel()[-1])] for name, a in outputs.items()}


# Of torch 2.14 on a CPU.
RECORDED = {
    "StyleTransferNet": {
        "draft": [0.52257, 0.19869, 0.43804],
        "revised": [0.47773, 0.84127, 0.89091],
    },
    "AnyStyleNet": {
        "draft": [0.49962, 0.20145, 0.1101],
        "revised": [0.57725, 0.70102, 0.08473],
        "scales": [0.15901, 0.39948, 0.3325],
        "shifts": [0.14078, 0.46769, 0.27631],
    },
}


@pytest.mark.parametrize("name", ["StyleTransferNet", "AnyStyleNet"])
def test_painters_compute_what_pytorch_computed(name):
    found = summary(outputs_of_ours(example(name)[0]))
    assert found.keys() == RECORDED[name].keys()
    for part, numbers in RECORDED[name].items():
        np.testing.assert_allclose(found[part], numbers, rtol=1e-4, atol=1e-5, err_msg=part)


@pytest.mark.parametrize("name", ["StyleTransferNet", "AnyStyleNet"])
def test_painters_compute_what_pytorch_computes(torch, name):
    net, arguments = example(name)
    found = outputs_of_torch(torch, in_torch(net, arguments))
    for part, numbers in RECORDED[name].items():
        np.testing.assert_allclose(summary(found)[part], numbers, rtol=1e-4, atol=1e-5, err_msg=part)
    for part, wanted in outputs_of_ours(net).items():
        np.testing.assert_allclose(found[part], wanted, atol=1e-5, err_msg=part)


@pytest.mark.parametrize("path", [style.path for style in catalogue()] + [any_painting()], ids=lambda path: path.stem)
def test_painters_that_ship_paint_the_same_in_pytorch(torch, path):
    header, tensors = read_checkpoint(path)
    net = build_net("painter", header, tensors)
    found, wanted = outputs_of_torch(torch, in_torch(net, net.arguments)), outputs_of_ours(net)
    for part in wanted:
        np.testing.assert_allclose(found[part], wanted[part], atol=1e-4, err_msg=part)


def test_vgg16_and_the_losses_are_those_that_paddle_trains_with(torch):
    from torch_styles import losses

    result, photo, painting = (picture(48, 40, batch=2, phase=phase) for phase in (0.0, 1.0, 2.0))
    vgg = build_net("encoder", *read_checkpoint(encoders.vgg16()))
    ours = [vgg(image) for image in (result, photo, painting)]
    net = losses.VGG16(encoders.vgg16(), torch.device("cpu"))
    theirs = [net(torch.from_numpy(image.numpy())) for image in (result, photo, painting)]
    assert list(net(torch.zeros(1, 3, 16, 16), "relu3_3")) == ["relu1_2", "relu2_2", "relu3_3"]
    for layer in losses.LAYERS:
        one, other = ours[0][layer].numpy(), theirs[0][layer].numpy()
        np.testing.assert_allclose(other, one, atol=1e-5 * one.max(), err_msg=layer)
        found = losses.relative_gram_loss(theirs[0][layer], losses.gram(theirs[2][layer]))
        wanted = perceptual.relative_gram_loss(gram(ours[0][layer]), gram(ours[2][layer]))
        assert float(found) == pytest.approx(float(wanted), rel=1e-4)
        found = losses.relative_content_loss(theirs[0][layer], theirs[1][layer])
        assert float(found) == pytest.approx(float(relative_distance(ours[0][layer], ours[1][layer]).mean()), rel=1e-4)
    images = [torch.from_numpy(image.numpy()) for image in (result, photo)]
    for rows, columns in ((2, -1), (0, 1)):
        found = losses.shift_consistency_loss(*images, rows, columns)
        wanted = pixel.shift_consistency_loss(result, photo, rows, columns)
        assert float(found) == pytest.approx(float(wanted), rel=1e-5)


def test_a_step_with_pytorch_has_the_losses_of_a_step_with_paddle(torch):
    """Of the same drafts: the painting's mirror image, the layers of content and their weights."""
    from torch_styles.losses import VGG16
    from torch_styles.nets import StyleTransferNet as TorchNet
    from torch_styles.pictures import Pictures, colors_of
    from torch_styles.stages import Batches, StyleDraft, Weights, draft_terms

    drafted, seen, painting = picture(32, 40, batch=3), picture(32, 40, batch=3, phase=1.0), picture(40, 36, phase=2.0)
    pixels = (255 * painting).round()
    losses = StyleLosses("vgg16")
    losses.encoder = build_net("encoder", *read_checkpoint(encoders.vgg16()))
    with paddle.no_grad():
        wanted = losses(drafted[:2], pixels / 255, seen[:2])
    cpu = torch.device("cpu")
    image = torch.from_numpy(pixels.numpy()[0]).byte()
    photos = Pictures(32, [image], [colors_of(image)])
    batches = Batches(painted=2, kept=1)
    stage = StyleDraft(TorchNet(), VGG16(encoders.vgg16(), cpu), photos, image, colors_of(image), batches, Weights())
    both = [torch.from_numpy(tensor.numpy()) for tensor in (drafted, seen)]
    found = draft_terms(stage.vgg, *both, stage.grams, 2, Weights())
    for term in ("style", "content"):
        assert float(found[term]) == pytest.approx(float(wanted[term]), rel=1e-3), term
    off = float((align_colors(drafted[2:], *mean_and_covariance(seen[2:])) - seen[2:]).square().mean())
    assert float(found["identity"]) == pytest.approx(RECONSTRUCTION * off, rel=1e-4)


def write_plan(folder: Path, iterations: int, **job: Any) -> Path:
    """Write two photos, a painting, and a plan that trains a painter of it, and one of any style, for so long."""
    rng = np.random.default_rng(0)
    for name in ("photos/a.png", "photos/b.png", "painting.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        write_image(folder / name, rng.integers(0, 256, (44, 52, 3), np.uint8), overwrite=True)
    cut = {"crop": 24, "painted": 2, "kept": 1, "photo_side": [32, 40]}
    budgets = {"budget": {"iterations": iterations}, "batches": cut}
    style = {
        **{"name": "mine", "painting": "painting.png", "start": "starry_night", "painting_side": 32, **budgets},
        **{"revision_budget": {"iterations": iterations}, "revision_batches": {**cut, "kept": 0}},
    }
    anything = {"painting_crop": 32, "painting_side": [32, 40], **budgets}
    plan = {
        **{"photos": ["photos"], "photo_short_side": 40, "paintings": ["painting.png"], "preview_photos": ["photos"]},
        **{"preview_paintings": ["painting.png"], "styles": [{**style, **job}], "any": [anything]},
    }
    (folder / "plan.json").write_text(json.dumps(plan))
    return folder / "plan.json"


def trained(plan: Path, out: Path, **options: Any) -> dict[str, np.ndarray]:
    from torch_styles.session import run

    run(plan, out, device_name="cpu", **options)
    return {
        f"{name}/{key}": array
        for name in ("mine", "any")
        for key, array in read_tensors(out / f"{name}.safetensors").items()
    }


def test_a_run_that_was_interrupted_ends_where_one_in_one_go_does(torch, tmp_path, monkeypatch):
    from torch_styles import stages

    def interrupt(stage: type) -> None:
        """Press Ctrl-C in a stage's third iteration, once."""
        terms = stage.terms

        def interrupted(self: Any, iteration: int, rng: np.random.Generator) -> Any:
            if iteration == 2 and stage not in pressed:
                pressed.append(stage)
                raise KeyboardInterrupt
            return terms(self, iteration, rng)

        monkeypatch.setattr(stage, "terms", interrupted)

    pressed: list[type] = []
    plan = write_plan(tmp_path, 4)
    whole = trained(plan, tmp_path / "whole")
    for stage in (stages.StyleDraft, stages.Revision, stages.AnyStyleDraft):
        interrupt(stage)
        with pytest.raises(KeyboardInterrupt):
            trained(plan, tmp_path / "cut", resume=True)
    resumed = trained(plan, tmp_path / "cut", resume=True)
    assert len(pressed) == 3
    assert whole.keys() == resumed.keys()
    for name, array in whole.items():
        np.testing.assert_array_equal(array, resumed[name], err_msg=name)


def test_a_painter_has_our_names_and_says_what_made_it(torch, tmp_path, capsys):
    _, tensors = read_checkpoint(next(style.path for style in catalogue() if style.name == "starry_night"))
    tensors = {name: tensor for name, tensor in tensors.items() if name != REFERENCE}
    found = trained(write_plan(tmp_path, 1, learning_rate=0.1), tmp_path / "out")
    assert {name.removeprefix("mine/") for name in found if name.startswith("mine/")} == tensors.keys()
    for key, tensor in tensors.items():
        assert found[f"mine/{key}"].shape == tensor.shape
        assert found[f"mine/{key}"].dtype == np.float16
        assert not np.array_equal(found[f"mine/{key}"], tensor.astype(np.float16)), key
    *_, said = json.loads(read_front(tmp_path / "out" / "mine.safetensors")[0]["history"])
    assert said["iterations"] == said["revision"]["iterations"] == 1
    assert (said["photos"], said["painting"], said["job"]["start"]) == (2, "painting.png", "starry_night")
    assert said["job"]["weights"]["content"] == {"relu2_2": 0.12, "relu3_3": 0.12}
    assert (tmp_path / "out" / "sheet.jpg").exists()
    capsys.readouterr()
    again = trained(write_plan(tmp_path, 1), tmp_path / "out")
    assert "draft" not in capsys.readouterr().out
    for name, array in again.items():
        np.testing.assert_array_equal(found[name], array)


def test_a_budget_is_spent_by_iterations_or_by_seconds(torch):
    from torch_styles.training import Budget

    assert Budget(iterations=10).spent(5, 1000.0) == 0.5
    assert Budget(seconds=60).spent(1000, 15.0) == 0.25
    assert Budget(10, 60).spent(5, 45.0) == 0.75
    assert Budget().spent(0, 0.0) == 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"budgets": {}}, "budgets: StyleJob has no such key"),
        ({"budget": {"minutes": 1}}, "plan.json: styles[0]: budget: minutes: Budget has no such key"),
        ({"painting_side": "large"}, "painting_side: 'large' (text); expected an integer"),
        ({"painting": "none.jpg"}, "none.jpg"),
        ({"start": "wave"}, "wave: there is no such file"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_told_in_a_line(torch, tmp_path, change, told):
    from torch_styles.session import run

    from ppgan_lite.errors import PpganError

    with pytest.raises(PpganError) as caught:
        run(write_plan(tmp_path, 1, **change), tmp_path / "out", device_name="cpu")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("train_styles_torch", ["plan.json", "--out", "out"]),
        ("distill_revision_torch", ["any.ppgan", "--photos", "photos", "--paintings", "paintings", "--out", "out"]),
    ],
)
def test_without_pytorch_a_script_says_how_to_get_it(script, arguments):
    code = f"import sys; sys.modules['torch'] = None; sys.argv = {[script, *arguments]}\n"
    code += "import importlib.util; importlib.util.find_spec = lambda name: None\n"
    code += f"import {script}; sys.exit({script}.main())"
    done = subprocess.run([sys.executable, "-c", code], cwd=TOOLS, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert (
        done.stderr == f"{script}: training with PyTorch: torch is not installed. Install it with `pip install torch`\n"
    )


def test_a_painter_with_a_revision_net_of_half_the_size_is_not_imitated(torch, monkeypatch, capsys, tmp_path):
    import distill_revision_torch

    files = ["--photos", str(tmp_path), "--paintings", str(tmp_path), "--out", str(tmp_path / "any.safetensors")]
    monkeypatch.setattr(sys, "argv", ["distill", str(any_painting()), *files])
    assert distill_revision_torch.main() == 1
    assert capsys.readouterr().err == (
        f"distill_revision_torch: {any_painting()}: its revision net is none of full size; "
        "expected one of full size to imitate, as `any` of version 0.1.0 has\n"
    )


def test_an_interrupted_script_says_what_it_resumes_from(monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(TOOLS))
    from torch_styles import script

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)  # torch is not needed for this
    assert script.exit_code("train", interrupted, resumes_from="out.pt") == 130
    assert capsys.readouterr().err == "interrupted; --resume goes on from out.pt\n"


def test_a_revision_net_of_half_the_size_learns_to_answer_as_another(torch, tmp_path):
    from torch_styles.imitation import Imitation, examples_of
    from torch_styles.nets import AnyStyleNet as TorchNet
    from torch_styles.training import Budget, Loop

    torch.manual_seed(0)
    net, rng = TorchNet(**{**ANY_STYLE, "revision_size": "full"}).eval(), np.random.default_rng(0)
    with torch.no_grad():
        net.revisions[0].to_rgb.weight *= 10  # fresh nets hardly answer
    photos, paintings = ([(255 * torch.rand(3, *size)).byte()] for size in ((64, 83), (40, 36)))
    examples = examples_of(net, photos, paintings, 6, rng)
    assert all(
        example.detail.shape[2:] == (2 * h, 2 * w) for example in examples for h, w in [example.coarser.shape[2:]]
    )
    stage = Imitation(net.revisions[0], examples, channels=8, crop=24, batch=4)
    before, after = [], []
    for losses, iterations in ((before, 0), (after, 150)):
        Loop(learning_rate=1e-2).run(stage, Budget(iterations=iterations), tmp_path / "state.pt")
        terms = stage.terms(0, np.random.default_rng(1))
        losses += [float(term.detach()) for term in terms.values()]
    assert list(terms) == ["pixels", "edges", "tones"] and sum(after) < sum(before) / 2
