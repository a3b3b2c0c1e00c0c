"""Faces are found where they are and nowhere else, and get fewer strokes."""

from __future__ import annotations

import hashlib
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ppgan_lite.errors import UsageError
from ppgan_lite.images import SAMPLE_PHOTO, read_image, resize
from ppgan_lite.inference.faces import blazeface
from ppgan_lite.inference.faces.detection import Face, find_faces
from ppgan_lite.inference.faces.sparing import FACES, MAP_PX, spare_faces, strokes_around
from ppgan_lite.runtime.opencv import opencv

NOTICE = Path(__file__).parents[1] / "NOTICE"


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    """Return the sample photo, 512 x 512, of an astronaut whose face is about (224, 126)."""
    return read_image(SAMPLE_PHOTO)[0]


def face(x: float, y: float, px: float, tilt: float = 0.0) -> Face:
    """Return a face of a size at a place, its eyes tilted by an angle."""
    center, across = np.array([x, y]), np.array([np.cos(tilt), np.sin(tilt)]) * px / 5
    return Face((x, y), (px, px), np.stack([center - across, center + across, *[center] * 4]), 0.9)


def test_the_face_on_the_sample_photo_is_found_with_its_eyes_nose_mouth_and_ears(photo: np.ndarray) -> None:
    [found] = find_faces(photo)
    assert found.confidence > 0.85
    np.testing.assert_allclose(found.center, (224, 126), atol=6)
    np.testing.assert_allclose(found.size, (103, 103), atol=10)
    points = [(202, 103), (246, 105), (224, 131), (223, 152), (180, 111), (268, 113)]
    np.testing.assert_allclose(found.points, points, atol=8)


@pytest.mark.parametrize("size", [(1024, 1024), (300, 300), (128, 128), (3000, 2400)])
def test_a_face_is_found_at_any_size_of_the_photo(photo: np.ndarray, size: tuple[int, int]) -> None:
    [found] = find_faces(resize(photo, *size))
    scale = np.array(size) / 512
    np.testing.assert_allclose(found.center / scale, (224, 126), atol=8)


def test_a_face_is_found_when_it_is_tilted_or_mirrored_or_gray_or_dark(photo: np.ndarray) -> None:
    cv2 = opencv()
    turn = cv2.getRotationMatrix2D((225, 128), 35, 1)
    luma = np.repeat(photo.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    for changed in (cv2.warpAffine(photo, turn, (512, 512), borderMode=cv2.BORDER_REFLECT), luma, photo // 6):
        [found] = find_faces(changed)
        np.testing.assert_allclose(found.center, (224, 126), atol=12)
    [found] = find_faces(np.ascontiguousarray(photo[:, ::-1]))
    np.testing.assert_allclose(found.points[0], (511 - 246, 105), atol=8)


def test_a_face_at_the_border_is_found_and_one_that_fills_the_picture(photo: np.ndarray) -> None:
    for top, bottom, left in ((90, 512, 0), (0, 150, 0), (0, 512, 190)):
        part = np.ascontiguousarray(photo[top:bottom, left:])
        [found] = find_faces(part)
        np.testing.assert_allclose(found.center, (224 - left, 126 - top), atol=12)
        strokes = spare_faces(part)
        assert strokes is not None and strokes.min() >= FACES - 1e-3
    [found] = find_faces(np.ascontiguousarray(photo[70:200, 165:290]))
    assert max(found.size) > 90


def test_several_faces_are_found(photo: np.ndarray) -> None:
    canvas, head = np.full((600, 800, 3), 127, np.uint8), np.ascontiguousarray(photo[:230, 110:340])
    places = ((20, 20, 200), (300, 60, 260), (50, 400, 100), (350, 500, 60))
    for y, x, px in places:
        canvas[y : y + px, x : x + px] = resize(head, px, px)
    found = sorted(find_faces(canvas), key=lambda face: face.center)
    assert len(found) == 4
    for (y, x, px), one in zip(sorted(places, key=lambda place: place[1]), found):
        np.testing.assert_allclose(one.center, (x + px / 2, y + px * 0.55), atol=0.1 * px)


def test_a_face_that_is_a_thirtieth_of_the_picture_is_found(photo: np.ndarray) -> None:
    canvas = np.full((512, 512, 3), 150, np.uint8)
    canvas[200:282, 300:382] = resize(photo, 82, 82)
    [found] = find_faces(canvas)
    assert 12 < max(found.size) < 20


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (15, 15), (16, 16), (2000, 3), (400, 500), (17, 4000)])
def test_there_is_no_face_in_noise_and_in_a_plain_picture_of_any_size(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    for image in (noise, np.full((*shape, 3), 200, np.uint8)):
        assert find_faces(image) == () and spare_faces(image) is None


def test_there_is_no_face_below_the_face(photo: np.ndarray) -> None:
    assert find_faces(np.ascontiguousarray(photo[215:])) == ()


def test_the_net_says_what_it_says_when_openvino_runs_the_whole_file(photo: np.ndarray) -> None:
    core = pytest.importorskip("openvino").Core()
    small = resize(photo, 128, 128)
    compiled = core.compile_model(core.read_model(blazeface.FILE), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    answers = compiled([small[None].astype(np.float32) / 127.5 - 1])
    boxes, logits = (answers[compiled.output(name)][0] for name in ("regressors", "classificators"))
    places, own_logits = blazeface.find_boxes(blazeface._opencv(), small)
    np.testing.assert_allclose(own_logits, logits[:, 0], atol=1e-3)
    best = int(own_logits.argmax())
    assert best < 512, "an anchor of 16 x 16 places, two at each"
    anchor = (np.array([best // 2 % 16, best // 32]) + 0.5) * 8
    np.testing.assert_allclose(places[best, 0], boxes[best, :2] + anchor, atol=1e-2)
    np.testing.assert_allclose(places[best, 1], boxes[best, 2:4], atol=1e-2)
    np.testing.assert_allclose(places[best, 2:], boxes[best, 4:].reshape(6, 2) + anchor, atol=1e-2)


@pytest.mark.parametrize("size", [(128, 128), (384, 512)])
def test_opencv_and_openvino_agree(photo: np.ndarray, size: tuple[int, int]) -> None:
    pytest.importorskip("openvino")
    picture = resize(photo, size[1], size[0])
    for _ in range(2):  # compiled, and as it was compiled
        blazeface._openvino.cache_clear()
        (places, logits), (others, other_logits) = (
            blazeface.find_boxes(execute(), picture, -2.0) for execute in (blazeface._opencv, blazeface._openvino)
        )
        np.testing.assert_allclose(logits, other_logits, atol=1e-3)
        np.testing.assert_allclose(places, others, atol=1e-2)


def test_one_photo_is_looked_at_by_opencv_and_others_by_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    load = blazeface.load_executor.__wrapped__
    monkeypatch.setattr(blazeface, "_opencv", lambda: "opencv")
    monkeypatch.setattr(blazeface, "_openvino", lambda: "openvino")
    assert [load(), load(for_one_photo=True)] == ["openvino", "opencv"]
    monkeypatch.setattr(blazeface, "_openvino", lambda: None)
    assert load() == "opencv"


def test_threads_may_look_for_faces_at_once(photo: np.ndarray) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(find_faces, [photo, photo[::2], photo[:, ::2], photo]))
    assert len(found[0]) == 1 and found[0][0].center == found[3][0].center == find_faces(photo)[0].center


def test_where_nothing_can_run_the_net_it_is_said_once_and_no_face_is_found(
    photo: np.ndarray, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    without = SimpleNamespace(dnn=SimpleNamespace(), error=opencv().error, __version__="4.0")
    monkeypatch.setattr(blazeface, "opencv", lambda: without)
    monkeypatch.setattr(blazeface, "_opencv", blazeface._opencv.__wrapped__)
    monkeypatch.setattr(blazeface, "_openvino", lambda: None)
    blazeface.load_executor.cache_clear()
    with caplog.at_level(logging.WARNING):
        assert find_faces(photo) == () and spare_faces(photo) is None
    blazeface.load_executor.cache_clear()
    [record] = caplog.records
    assert record.getMessage() == "faces are not looked for: neither OpenCV nor OpenVINO can run the detector"


def test_the_notice_names_the_detector_and_its_file_is_googles() -> None:
    text = NOTICE.read_text("utf-8")
    digest = hashlib.sha256(blazeface.FILE.read_bytes()).hexdigest()
    assert digest == "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633"
    assert "ppgan_lite/inference/faces/blazeface.tflite" in text and digest in text


def test_faces_get_fewer_strokes_and_all_else_gets_all(photo: np.ndarray) -> None:
    strokes = spare_faces(photo)
    assert strokes is not None and strokes.dtype == np.float32 and strokes.shape == (512, 512)
    skin = [strokes[y, x] for x, y in ((224, 126), (202, 103), (246, 105), (223, 152), (224, 70), (224, 175))]
    assert max(skin) < 0.7 and min(skin) > FACES - 1e-3
    assert (strokes[260:] == 1).all() and (strokes[:, :100] == 1).all()
    steps = np.abs(np.diff(strokes, axis=0)).max(), np.abs(np.diff(strokes, axis=1)).max()
    assert max(steps) < 0.04, "nothing in it is sharp"


def test_faces_of_all_sizes_get_the_same_share_of_strokes() -> None:
    for px in (40, 120, 300):
        assert strokes_around((face(250, 250, px),), (500, 500), 0.6).min() == pytest.approx(0.6, abs=2e-3)


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_where_faces_overlap_the_fewer_strokes_count(share: float) -> None:
    faces = (face(200, 250, 220), face(320, 250, 60, tilt=0.5))
    both = strokes_around(faces, (500, 500), share)
    alone = [strokes_around((one,), (500, 500), share) for one in faces]
    np.testing.assert_array_equal(both, np.minimum(*alone))
    assert both.min() >= 0 and both.max() == 1


def test_the_oval_is_tilted_as_the_eyes_are() -> None:
    upright, lying = (strokes_around((face(250, 250, 100, tilt),), (500, 500), 0.0) for tilt in (0.0, np.pi / 2))
    np.testing.assert_allclose(lying, np.rot90(upright, -1), atol=1e-2)
    assert (upright < 0.5).any(axis=1).sum() > (upright < 0.5).any(axis=0).sum(), "higher than wide"


def test_a_map_is_small_however_large_the_photo_is() -> None:
    large, small = (strokes_around((face(0.45 * px, 0.25 * px, 0.2 * px),), (px, 2 * px), 0.5) for px in (8000, 400))
    assert large.shape == (MAP_PX // 2, MAP_PX) and small.shape == (MAP_PX // 2, MAP_PX)
    np.testing.assert_allclose(large, small, atol=1e-5)
    assert strokes_around((face(0, 0, 10),), (1, 1), 0.5).shape == (1, 1)


def test_eyes_at_one_place_are_no_trouble() -> None:
    odd = Face((20.0, 20.0), (10.0, 10.0), np.zeros((6, 2)), 0.9)
    assert np.isfinite(strokes_around((odd,), (40, 40), 0.5)).all()


@pytest.mark.parametrize("share", [float("nan"), -0.1, 1.5, float("inf")])
def test_a_share_out_of_its_range_is_refused(photo: np.ndarray, share: Any) -> None:
    with pytest.raises(UsageError, match=r"faces: .* expected a number from 0 to 1"):
        spare_faces(photo, share)


def test_a_share_of_one_looks_for_no_face(photo: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ppgan_lite.inference.faces.detection.load_executor", lambda: pytest.fail("it was looked for"))
    assert spare_faces(photo, 1.0) is None
