"""Nothing calls home: in a network of its own, no command opens a connection that it was not asked for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import paddle
import pytest

from ppgan_lite.checkpoint import Header, PredictorSpec, net_spec, net_tensors, write_checkpoint
from ppgan_lite.images import write_image
from ppgan_lite.nets.resnet_generator import ResnetGenerator

CONFIG = Path(__file__).parents[1] / "configs" / "tiny" / "cyclegan_photo2monet.yaml"

# Starts the loopback device of a new network, runs a command there, and prints what the kernel counted: connections
# opened, packets sent, and addresses for which there was no route.
COUNT = """
import fcntl, json, socket, struct, subprocess, sys
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 0x41))
code = subprocess.run(sys.argv[1:], stdout=sys.stderr).returncode
lines = [line.split() for line in open("/proc/net/snmp")]
counted = {names[0] + name: int(count) for names, counts in zip(lines[::2], lines[1::2])
           for name, count in zip(names[1:], counts[1:])}
counted |= {name: int(count) for name, count in map(str.split, open("/proc/net/snmp6"))}
names = "Tcp:ActiveOpens", "Udp:OutDatagrams", "Ip:OutNoRoutes", "Udp6OutDatagrams", "Ip6OutNoRoutes"
print(json.dumps({"code": code, "counts": [counted.get(name, 0) for name in names]}))
"""
NETWORK = ["unshare", "--user", "--map-root-user", "--net"]

# Serves a run, and gets two pages of it.
BOARD = """
import subprocess, sys, urllib.request
board = subprocess.Popen([sys.executable, "-m", "ppgan_lite", "board", "run", "--port", "0"], stderr=subprocess.PIPE)
address = board.stderr.readline().decode().split()[0]
for page in ("app/index", "app/api/runs"):
    urllib.request.urlopen(address + page, timeout=30).read()
board.terminate()
"""


def new_networks_can_be_made() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*NETWORK, "true"], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not new_networks_can_be_made(), reason="no unshare, or it is not allowed")


def connections(folder: Path, *command: str) -> list[int]:
    """Run a command in a network of its own, with a home of its own; return the counts of connections."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    environment = {**os.environ, "HOME": str(home), "PPGAN_LITE_CACHE": str(folder / "cache")}
    for name in ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "PPGAN_LITE_ENGINE"):
        environment.pop(name, None)
    done = subprocess.run(
        [*NETWORK, sys.executable, "-c", COUNT, sys.executable, *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["code"] == 0, done.stderr
    assert not [path for path in home.rglob("*") if "deviceid" in path.name or "telemetry" in str(path).lower()]
    return found["counts"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with photos and a checkpoint."""
    folder = tmp_path_factory.mktemp("network")
    for domain in ("a", "b"):
        (folder / domain).mkdir()
        for number in range(3):
            pixels = np.random.default_rng(number).integers(0, 256, (64, 64, 3), np.uint8)
            write_image(folder / domain / f"{domain}{number}.png", pixels)
    paddle.seed(3)
    net = ResnetGenerator(base_channels=4, blocks=1)
    header = Header({"net": net_spec(net)}, {"net": PredictorSpec("net", "translate", value_range=(-1.0, 1.0))})
    write_checkpoint(folder / "net.ppgan", header, net_tensors("net", net))
    return folder


def test_a_connection_is_counted(folder: Path) -> None:
    attempt = "import socket\ntry: socket.create_connection(('192.0.2.1', 80), 1)\nexcept OSError: pass"
    assert any(connections(folder, "-c", attempt))


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_no_picture_opens_a_connection(folder: Path, engine: str) -> None:
    pytest.importorskip(engine)
    command = ["-m", "ppgan_lite", "translate", "a", "-o", f"to_{engine}", "--checkpoint", "net.ppgan"]
    assert not any(connections(folder, *command, "--engine", engine))


@pytest.mark.parametrize("kind", ["onnx", "paddle"])
def test_no_export_opens_a_connection(folder: Path, kind: str) -> None:
    pytest.importorskip("onnxruntime")
    command = ["-m", "ppgan_lite", "export", "net.ppgan", "-o", f"export_{kind}", "--format", kind]
    assert not any(connections(folder, *command))


def test_no_training_opens_a_connection_and_the_board_only_those_that_it_is_asked_for(folder: Path) -> None:
    pytest.importorskip("visualdl")
    settings = ["data.a=[a]", "data.b=[b]", "train.visualdl=true", "train.iterations=1", "data.size=32"]
    overrides = [word for setting in settings for word in ("-o", setting)]
    command = ["-m", "ppgan_lite", "train", "-c", str(CONFIG), *overrides, "--run-dir", "run"]
    assert not any(connections(folder, *command))
    assert connections(folder, "-c", BOARD) == [2, 0, 0, 0, 0], "the two pages"
