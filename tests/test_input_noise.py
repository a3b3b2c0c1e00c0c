"""Input noise is the same whether it is made or comes from the cache."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ppgan_lite.inference.stylization import drafting


def test_noise_from_the_cache_is_the_noise_that_was_made_and_damage_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PPGAN_LITE_CACHE", str(tmp_path))
    noise = drafting._noise.__wrapped__
    made = noise(37, 50)
    [file] = (tmp_path / "noise").iterdir()
    monkeypatch.setattr(drafting, "soft_noise", lambda _: pytest.fail("made again"))
    np.testing.assert_array_equal(noise(37, 50), made)
    monkeypatch.undo()
    monkeypatch.setenv("PPGAN_LITE_CACHE", str(tmp_path))
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    np.testing.assert_array_equal(noise(37, 50), made)


def test_noise_is_made_where_nothing_can_be_kept_and_large_noise_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("PPGAN_LITE_CACHE", str(tmp_path / "file"))
    made = drafting._noise.__wrapped__(20, 30)
    assert made.shape == (20, 30) and 1 < made.std() < 2
    monkeypatch.setenv("PPGAN_LITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(drafting, "_MOST_KEPT_PX", 100)
    np.testing.assert_array_equal(drafting._noise.__wrapped__(20, 30), made)
    assert not (tmp_path / "cache" / "noise").exists()
