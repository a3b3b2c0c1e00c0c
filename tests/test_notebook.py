"""The notebook: it runs from its first to its last cell, and is kept without its outputs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ppgan_lite.checkpoint import read_header
from ppgan_lite.images import SAMPLE_PHOTO, read_image

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "docs/training.ipynb"


def test_the_notebook_is_kept_without_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert len(cells) > 10
    assert [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []


def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two folders become a net that translates the sample photo."""
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    told = "".join(
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []) if "text" in output
    )
    for words in ("two domains, as in trainA/ and trainB/: train and test", "24 pictures:", "iteration 20: "):
        assert words in told
    assert read_header(tmp_path / "runs/photo2sketch/best.ppgan").predictors.keys() == {"a_to_b", "b_to_a"}
    height, width = read_image(SAMPLE_PHOTO)[0].shape[:2]
    assert read_image(tmp_path / "drawing.jpg")[0].shape == (height, 2 * width, 3)
