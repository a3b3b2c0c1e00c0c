"""Two processes, started by Paddle's launcher and talking over gloo, against one."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tiny

from ppgan_lite.checkpoint import read_checkpoint, read_header
from ppgan_lite.config import Config
from ppgan_lite.images import write_image
from ppgan_lite.nets import blocks
from ppgan_lite.training import train

# As `paddlegan`, which need not be on the PATH, with Winograd's way for nets as small as the test's.
PROGRAM = f"""#!{sys.executable}
import sys
from ppgan_lite.cli import main
from ppgan_lite.nets import blocks
blocks.WINOGRAD_CHANNELS, blocks.WINOGRAD_PIXELS = 8, 16
sys.exit(main())
"""


@pytest.fixture(autouse=True)
def winograd_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the same in this process."""
    monkeypatch.setattr(blocks, "WINOGRAD_CHANNELS", 8)
    monkeypatch.setattr(blocks, "WINOGRAD_PIXELS", 16)


@pytest.fixture
def pictures(tmp_path) -> Path:
    """Return a folder with the pictures of two domains."""
    rng = np.random.default_rng(0)
    for domain in ("trainA", "trainB"):
        (tmp_path / "pictures" / domain).mkdir(parents=True)
        for number in range(3):
            image = rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)
            write_image(tmp_path / "pictures" / domain / f"{number}.png", image)
    return tmp_path / "pictures"


def experiment(pictures: Path, iterations: int, batch_size: int, **train) -> Config:
    """Return a Pix2Pix of instance-norm nets, in which no sample of a batch knows of the others."""
    generator = {"name": "ResnetGenerator", "base_channels": 2, "blocks": 1}
    discriminator = {"name": "PatchDiscriminator", "base_channels": 2, "layers": 1, "in_channels": 6}
    return tiny.experiment(
        iterations,
        recipe={"name": "Pix2Pix", "generator": generator, "discriminator": discriminator},
        data={"name": "Paired", "folder": str(pictures), "size": 16},
        loader={"batch_size": batch_size},
        validation={"every": 2},
        **{"ema": 0.9, "clip_norm": 1.0, "log_every": 1, "preview_every": 2, **train},
    )


def launch(folder: Path, config: Config, *options: str) -> str:
    """Train in two processes, with the documented command; return the output of the launcher."""
    program = folder / "paddlegan"
    program.write_text(PROGRAM)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (folder / "x.yaml").write_text(config.dump(), encoding="utf-8")
    launcher = [
        sys.executable,
        "-m",
        "paddle.distributed.launch",
        "--nproc_per_node",
        "2",
        "--log_dir",
        folder / "logs",
    ]
    command = [*launcher, program, "train", "-c", folder / "x.yaml", "--run-dir", folder / "two", *options]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def assert_close(one: dict[str, np.ndarray], two: dict[str, np.ndarray]) -> None:
    """Every weight, average and memory of two trainings is the same up to rounding."""
    assert one.keys() == two.keys()
    for name in one:
        # An instance norm cancels a bias before it: its gradient is rounding noise, which Adam turns into steps.
        if "bias" not in name:
            np.testing.assert_allclose(two[name], one[name], rtol=5e-3, atol=2e-5, err_msg=name)


def test_two_processes_of_batch_1_equal_one_of_batch_2(tmp_path, pictures):
    train(experiment(pictures, 4, 2), run_dir=tmp_path / "one")
    launch(tmp_path, experiment(pictures, 4, 1))
    one, two = (read_checkpoint(tmp_path / run / "latest.ppgan")[1] for run in ("one", "two"))
    assert_close(one, two)
    # ... and this is learned, not the common start.
    train(experiment(pictures, 1, 2, schedule={"warmup": 10**9}), run_dir=tmp_path / "start")
    start = read_checkpoint(tmp_path / "start/latest.ppgan")[1]
    assert max(np.abs(one[name] - start[name]).max() for name in one if name.startswith("raw/")) > 5e-4
    for own, other in zip(tiny.losses_of(tmp_path / "two"), tiny.losses_of(tmp_path / "one"), strict=True):
        assert own["iteration"] == other["iteration"]
        for kind in ("losses", "validation"):
            assert own.get(kind) == (pytest.approx(other[kind], rel=1e-4) if kind in other else None)

    names = [{path.name for path in (tmp_path / run).iterdir()} for run in ("one", "two")]
    assert names[0] == names[1]
    assert json.loads((tmp_path / "two/environment.json").read_text())[0]["processes"] == 2
    assert (tmp_path / "two/train.log").read_text(encoding="utf-8").count("saved at iteration 4") == 1

    # The same run goes on in one process.
    train(experiment(pictures, 6, 2), run_dir=tmp_path / "two", resume=True)
    train(experiment(pictures, 6, 2), run_dir=tmp_path / "one", resume=True)
    log = (tmp_path / "two/train.log").read_text(encoding="utf-8")
    assert "there are 1 processes instead of 2" in log
    assert "samples now instead of" not in log
    assert_close(*(read_checkpoint(tmp_path / run / "latest.ppgan")[1] for run in ("one", "two")))
    assert read_header(tmp_path / "two/final.ppgan").training["iteration"] == 6
