"""What is set before Paddle is imported: where it helps, and never over what the environment has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ppgan_lite.runtime.threads import physical_cores

SCRIPT = """
import json, os, sys
from ppgan_lite.runtime import startup
startup._cpu_info = lambda: sys.argv[1]
print(json.dumps(startup.require_paddle().seen))
"""
PADDLE = "import os\nseen = {name: os.environ.get(name) for name in ('OMP_NUM_THREADS', 'MKL_DEBUG_CPU_TYPE')}\n"


@pytest.mark.parametrize(
    ("maker", "given", "expected"),
    [
        ("vendor_id : AuthenticAMD", {}, {"OMP_NUM_THREADS": str(physical_cores()), "MKL_DEBUG_CPU_TYPE": "5"}),
        ("vendor_id : GenuineIntel", {}, {"OMP_NUM_THREADS": str(physical_cores()), "MKL_DEBUG_CPU_TYPE": None}),
        (
            "vendor_id : AuthenticAMD",
            {"OMP_NUM_THREADS": "7", "MKL_DEBUG_CPU_TYPE": "4"},
            {"OMP_NUM_THREADS": "7", "MKL_DEBUG_CPU_TYPE": "4"},
        ),
    ],
)
def test_paddle_is_set_up_before_it_is_imported(
    tmp_path: Path, maker: str, given: dict[str, str], expected: dict[str, str | None]
) -> None:
    (tmp_path / "paddle.py").write_text(PADDLE)  # stands for Paddle, and tells what it found
    environment = {key: value for key, value in os.environ.items() if key not in expected} | given
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[1])])
    said = subprocess.run(
        [sys.executable, "-c", SCRIPT, maker], env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(said.stdout) == expected
