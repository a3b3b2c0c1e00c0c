"""What the service answers: the pictures of the command line, and errors in one line with the right status."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import paddle
import pytest
from PIL import Image
from service_bench import Service, png, running

from ppgan_lite import restoration
from ppgan_lite.checkpoint import Header, PredictorSpec, net_spec, net_tensors, write_checkpoint
from ppgan_lite.errors import EngineError, missing_extra
from ppgan_lite.images import SAMPLE_PHOTO, decode_image, read_settings
from ppgan_lite.nets.resnet_generator import ResnetGenerator
from ppgan_lite.serving.predictors import Predictors, UnavailableError
from ppgan_lite.serving.served import find_served
from ppgan_lite.serving.service import Limits

Run = Callable[..., tuple[int, str, str]]


def stretched(name: str, size: tuple[int, int]) -> bytes:
    """Return a picture of one color."""
    buffer = io.BytesIO()
    Image.new("RGB", size).save(buffer, Path(name).suffix[1:])
    return buffer.getvalue()


# pictures ------------------------------------------------------------------------------------------------------------


def test_a_photo_comes_back_painted_in_its_own_format(service: Service) -> None:
    photo = png()
    answer = service.stylize(photo, "a photo.png", strength="0.5", keep_colors="true", brush="7")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert answer.headers["content-disposition"] == "inline; filename*=UTF-8''a%20photo_inverted.png"
    assert answer.headers["server-timing"].startswith("work;dur=")
    np.testing.assert_array_equal(decode_image(answer.content, "")[0], 255 - decode_image(photo, "")[0])
    assert service.predictor.calls == [{"strength": 0.5, "keep_colors": True, "brush": 7.0}]


@pytest.mark.parametrize(("name", "format", "kind"), [("a.gif", None, "png"), ("a.png", "webp", "webp")])
def test_the_format_of_the_result_can_be_chosen(service: Service, name: str, format: str | None, kind: str) -> None:
    photo = stretched(name, (30, 20))
    answer = service.stylize(photo, name, **({"format": format} if format else {}))
    assert answer.headers["content-type"] == f"image/{kind}"
    assert Image.open(io.BytesIO(answer.content)).format == kind.upper()


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "C:\\photos\\a.png", "..", "\x1b[31m.png"])
def test_a_name_of_a_client_is_never_a_path(service: Service, tmp_path: Path, name: str) -> None:
    answer = service.stylize(name=name or "photo", format="png")
    told = answer.headers["content-disposition"]
    assert answer.status_code == 200
    assert "/" not in told and "%2F" not in told and "%5C" not in told and "%1B" not in told


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        ({"brush": "12"}, ("--brush", "12")),  # a small draft: this is about bytes, and not about strokes
        ({"brush": "12", "metadata": "no_gps", "faces": "0"}, ("--brush", "12", "--no-gps", "--faces", "0")),
    ],
)
def test_a_style_gives_the_bytes_that_the_command_line_writes(
    run: Run, tmp_path: Path, fields: dict[str, str], options: tuple[str, ...]
) -> None:
    photo = tmp_path / "photo.jpg"
    Image.open(SAMPLE_PHOTO).resize((96, 96)).save(photo, exif=Image.open(SAMPLE_PHOTO).getexif())
    with running(find_served(["starry_night"], []), Predictors()) as service:
        answer = service.stylize(photo.read_bytes(), "photo.jpg", style="starry_night", **fields)
    assert answer.status_code == 200, answer.text
    code, _, err = run("stylize", photo, "--style", "starry_night", "-o", "painted.jpg", *options)
    assert code == 0, err
    assert answer.content == (tmp_path / "painted.jpg").read_bytes()
    # Its settings make it again.
    (tmp_path / "answer.jpg").write_bytes(answer.content)
    assert run("again", tmp_path / "answer.jpg", "-o", "again.jpg")[0] == 0
    assert (tmp_path / "again.jpg").read_bytes() == answer.content


def test_a_painting_comes_with_the_photo(run: Run, tmp_path: Path) -> None:
    photo, painting = tmp_path / "photo.png", tmp_path / "painting.png"
    photo.write_bytes(png(64, 48))
    painting.write_bytes(png(50, 50))
    with running(find_served(["any"], []), Predictors()) as service:
        files = {"photo": ("photo.png", photo.read_bytes()), "painting": ("painting.png", painting.read_bytes())}
        answer = service.post("/stylize", data={"style": "any", "brush": "12"}, files=files)
    assert answer.status_code == 200, answer.text
    assert run("stylize", photo, "--style", painting, "--brush", "12", "-o", "painted.png")[0] == 0
    mine, theirs = tmp_path / "mine.png", tmp_path / "painted.png"
    mine.write_bytes(answer.content)
    np.testing.assert_array_equal(np.asarray(Image.open(mine)), np.asarray(Image.open(theirs)))
    assert read_settings(mine) == read_settings(theirs)


def test_mixtures_masks_and_colors_give_the_bytes_that_the_command_line_writes(run: Run, tmp_path: Path) -> None:
    files = {}
    for number, name in enumerate(("photo.png", "mask.png", "colors.png", "first.png", "second.png")):
        (tmp_path / name).write_bytes(png(64 + 4 * number, 48))
        files[name] = (name, (tmp_path / name).read_bytes())
    small = ("--brush", "12", "--depth", "16")
    wishes: list[tuple[list[str], dict[str, str], list[str], dict[str, str]]] = [
        # Styles, pictures by field, options of the command line, other fields.
        (
            ["udnie:0.6,starry_night:0.2"],
            {"mask": "mask.png"},
            [
                *("--style", "udnie:0.6", "--style", "starry_night:0.2", "--mask", "mask.png", "--feather", "3"),
                *("--strength-outside", "0.25", "--strength", "0.9"),
            ],
            {"feather": "3", "strength_outside": "0.25", "strength": "0.9"},
        ),
        (
            ["udnie", "starry_night"],
            {"color_from": "colors.png"},
            ["--style", "udnie", "--style", "starry_night", "--color-from", "colors.png"],
            {},
        ),
        (
            ["any:1", "any:3"],
            {"painting": "first.png", "painting ": "second.png"},
            ["--style", "first.png:1", "--style", "second.png:3"],
            {},
        ),
    ]
    with running(find_served(["udnie", "starry_night", "any"], []), Predictors()) as service:
        for styles, pictures, options, fields in wishes:
            sent = [("photo", files["photo.png"]), *((field.strip(), files[pictures[field]]) for field in pictures)]
            data = {"style": styles, "brush": "12", "depth": "16", **fields}
            answer = service.post("/stylize", data=data, files=sent)
            assert answer.status_code == 200, answer.text
            code, _, err = run("stylize", "photo.png", *options, *small, "-o", "painted.png", "--overwrite")
            assert code == 0, err
            assert answer.content == (tmp_path / "painted.png").read_bytes()


def test_every_option_of_the_command_line_that_makes_the_picture_is_a_field(service: Service) -> None:
    from ppgan_lite.cli.painting import stylize

    fields = service.get("/openapi.json").json()["components"]["schemas"]["Body_stylize_stylize_post"]["properties"]
    of_the_machine = {"device", "engine", "output", "overwrite", "as_json"}
    of_many = {"skip_existing", "shard", "as_jsonl", "workers", "cluster", "watches"}
    other_names = {"photos": "photo", "styles": "style", "suffix": "format"}
    other_names |= {"no_gps": "metadata", "strip_metadata": "metadata"}
    options = {str(option.name) for option in stylize.params} - of_the_machine - of_many
    assert {other_names.get(name, name) for name in options} == set(fields)


@pytest.mark.parametrize("field", ["photo", "mask", "color_from", "painting"])
@pytest.mark.parametrize(
    ("picture", "status", "line"),
    [
        (b"words", 415, "a.png: is not a picture of a known kind"),
        (b"", 422, "a.png: the file is empty; expected a picture"),
        (stretched("a.png", (2100, 1000)), 413, "a.png: 2100 x 1000 pixels (2 megapixels); expected"),
    ],
    ids=["words", "empty", "large"],
)
def test_every_picture_of_an_upload_is_checked(field: str, picture: bytes, status: int, line: str) -> None:
    files = {"photo": ("photo.png", png()), field: ("a.png", picture)}
    with running(limits=Limits(pixels=2_000_000)) as service:
        style = "after" if field == "painting" else "inverted"
        answer = service.post("/stylize", data={"style": style}, files=files)
        assert (answer.status_code, answer.json()["error"][: len(line)]) == (status, line)
        assert service.predictor.calls == []
        assert service.stylize().status_code == 200


def test_paintings_of_a_mixture_share_the_limit_of_one() -> None:
    painting = ("a.png", stretched("a.png", (1000, 800)))
    files = [("photo", ("photo.png", png())), *[("painting", painting)] * 3]
    with running(find_served(["any"], []), Predictors(), Limits(pixels=2_000_000)) as service:
        answer = service.post("/stylize", data={"style": ["any"] * 3}, files=files)
    assert answer.status_code == 413
    assert answer.json()["error"].startswith("a.png: 1000 x 800 pixels")


def test_a_mask_is_of_any_size_and_every_style_has_one(service: Service) -> None:
    files = {"photo": ("photo.png", png(60, 40)), "mask": ("mask.png", stretched("a.png", (7, 90)))}
    answer = service.post("/stylize", data={"style": "inverted", "strength_outside": "0.5"}, files=files)
    assert answer.status_code == 200, answer.text
    np.testing.assert_allclose(service.predictor.calls[0]["strength"], np.full((40, 60), 0.5), atol=1e-6)


@pytest.fixture
def zebra(tmp_path: Path) -> Path:
    """Return a checkpoint that translates in two directions."""
    paddle.seed(5)
    nets = {name: ResnetGenerator(base_channels=2, blocks=1, initialization="kaiming") for name in ("a_to_b", "b_to_a")}
    predictors = {name: PredictorSpec(name, "translate", value_range=net.value_range) for name, net in nets.items()}
    tensors = {key: value for name, net in nets.items() for key, value in net_tensors(name, net).items()}
    path = tmp_path / "zebra.ppgan"
    write_checkpoint(path, Header({name: net_spec(net) for name, net in nets.items()}, predictors), tensors)
    return path


def test_checkpoints_of_the_operator_translate_and_restore_as_the_command_line_does(
    run: Run, tmp_path: Path, zebra: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / "deep.png"
    Image.fromarray(np.arange(48 * 32, dtype=np.uint16).reshape(48, 32) * 40).save(deep)
    served = find_served(["starry_night"], [zebra])
    with running(served, Predictors()) as service:
        offer = service.get("/styles").json()
        files = {"photo": ("deep.png", deep.read_bytes())}
        translated = service.post("/translate", data={"direction": "b_to_a"}, files=files)
        first = service.post("/translate", files=files)
        restored = service.post("/restore", files=files)
        wrong = service.post("/translate", data={"direction": "c"}, files=files)
        other = service.post("/restore", data={"checkpoint": "zebra"}, files=files)
    assert offer["translate"] == [{"name": "zebra", "directions": ["a_to_b", "b_to_a"]}]
    assert [entry["name"] for entry in offer["restore"]] == [restoration.FILE.stem]
    for answer, *command in (
        (translated, "translate", "--checkpoint", zebra, "--direction", "b_to_a"),
        (first, "translate", "--checkpoint", zebra),
        (restored, "restore"),
    ):
        assert answer.status_code == 200, answer.text
        assert run(command[0], deep, *command[1:], "-o", "made.png", "--overwrite")[0] == 0
        assert answer.content == (tmp_path / "made.png").read_bytes()
        assert read_settings(tmp_path / "made.png") is not None
    assert wrong.json()["error"] == "direction: zebra has no 'c'; expected one of a_to_b, b_to_a"
    assert other.json()["error"] == "checkpoint: 'zebra' is not served; expected one of photos"


def test_several_clients_get_what_one_gets(tmp_path: Path) -> None:
    photos = [png(40 + number, 30) for number in range(4)]
    with running(find_served(["starry_night", "great_wave"], []), Predictors(), Limits(threads=3)) as service:

        def ask(number: int) -> bytes:
            style = ("starry_night", "great_wave")[number % 2]
            answer = service.stylize(photos[number % 4], style=style, brush="12")
            assert answer.status_code == 200, answer.text
            return answer.content

        alone = [ask(number) for number in range(4)]
        with ThreadPoolExecutor(6) as clients:
            together = list(clients.map(ask, range(12)))
    assert together == [alone[number % 4] for number in range(12)]


# errors --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "status", "line"),
    [
        ({"style": "gone"}, 422, "style: 'gone' is not served; expected one of inverted, mirrored, after"),
        ({"style": "../x.ppgan"}, 422, "style: '../x.ppgan' is not served; expected one of inverted, mirrored, after"),
        ({"style": "after"}, 422, "painting: is missing; expected a picture with this style, and none with others"),
        ({"strength": "1.5"}, 422, "strength: '1.5'; expected less than or equal to 1"),
        ({"strength": "nan"}, 422, "strength: 'nan'; expected a finite number"),
        ({"brush": "0"}, 422, "brush: '0'; expected greater than 0"),
        ({"faces": "much"}, 422, "faces: 'much'; expected a valid number, unable to parse string as a number"),
        ({"metadata": "some"}, 422, "metadata: 'some'; expected 'all', 'no_gps' or 'none'"),
        ({"format": "exe"}, 422, "format: 'exe'; expected 'jpg', 'png', 'webp', 'tif' or 'bmp'"),
        ({"depth": "12"}, 422, "depth: '12'; expected '8' or '16'"),
        (
            {"depth": "16", "format": "jpg"},
            422,
            "depth: jpg holds 8 bits per channel, not 16; expected format png or tif, or depth 8",
        ),
        ({"feather": "3"}, 422, "feather: says nothing without a mask; expected a picture as mask"),
        ({"strength_outside": "0"}, 422, "strength_outside: says nothing without a mask; expected a picture as mask"),
        ({"strength_outside": "2"}, 422, "strength_outside: '2'; expected less than or equal to 1"),
        (
            {"style": "inverted:0.5"},
            422,
            "style: inverted is the only style, so that its weight says nothing. Use strength 0.5 for less of it",
        ),
        ({"style": "inverted,gone"}, 422, "style: 'gone' is not served; expected one of inverted, mirrored, after"),
        ({"style": "inverted,inverted"}, 422, "style: inverted is given twice; expected each style once"),
        ({"style": "inverted:0,mirrored:0"}, 422, "style: all weights are 0; expected one above 0"),
        (
            {"style": "inverted:nan,mirrored:1"},
            422,
            "style: inverted has the weight nan; expected a number of 0 or more",
        ),
        ({"style": "inverted:-1,mirrored:1"}, 422, "style: inverted has the weight -1; expected a number of 0 or more"),
        (
            {"style": "inverted:1,mirrored"},
            422,
            "style: mirrored has no weight, but others do; expected a weight for all styles, or for none",
        ),
        ({"style": "inverted,"}, 422, "style: '' is not served; expected one of inverted, mirrored, after"),
    ],
)
def test_a_field_that_is_wrong_is_named(service: Service, fields: dict[str, str], status: int, line: str) -> None:
    answer = service.stylize(**fields)
    assert (answer.status_code, answer.json()["error"]) == (status, line)
    assert service.predictor.calls == []


@pytest.mark.parametrize(
    ("name", "photo", "status", "line"),
    [
        ("empty.png", b"", 422, "empty.png: the file is empty; expected a picture"),
        ("text.jpg", b"only words", 415, "text.jpg: is not a picture of a known kind; expected one of "),
        ("zip.jpg", b"PK\3\4" + bytes(100), 415, "zip.jpg: is not a picture of a known kind; expected one of "),
        ("cut.png", png()[:900], 422, "cut.png: cannot be decoded ("),
        ("cut.jpg", SAMPLE_PHOTO.read_bytes()[:9000], 422, "cut.jpg: cannot be decoded ("),
        ("large.png", stretched("a.png", (2100, 1000)), 413, "large.png: 2100 x 1000 pixels (2 megapixels); expected"),
        ("bomb.png", stretched("a.png", (30000, 10000)), 422, "bomb.png: 30000 x 10000 pixels in 8"),
    ],
)
def test_a_photo_that_is_none_is_told(name: str, photo: bytes, status: int, line: str) -> None:
    with running(limits=Limits(pixels=2_000_000)) as service:
        answer = service.stylize(photo, name)
        assert answer.status_code == status, answer.text
        assert answer.json()["error"].startswith(line)
        assert service.stylize().status_code == 200  # it goes on


def test_requests_that_cannot_be_read_are_told(service: Service) -> None:
    form = {"Content-Type": "multipart/form-data"}
    for answer, status, line in (
        (service.post("/stylize", data={"style": "inverted"}), 415, "request: application/x-www-form-urlencoded; expe"),
        (service.post("/stylize", json={}), 415, "request: application/json; expected multipart/form-data"),
        (service.post("/stylize", headers=form, content=b"x"), 400, "request: Missing boundary in multipart."),
        (service.post("/stylize", files={"other": b"x"}), 422, "photo: is missing; expected a field of multipart/form"),
        (service.get("/stylize"), 405, "request: Method Not Allowed"),
        (service.get("/etc/passwd"), 404, "request: Not Found"),
        (service.get("/page/../app.py"), 404, "request: Not Found"),
        (service.get("/page/%2e%2e/app.py"), 404, "request: Not Found"),
        (
            service.get("/styles/gone.jpg"),
            422,
            "style: 'gone' is not served; expected one of inverted, mirrored, after",
        ),
        (service.post("/translate", files={"photo": png()}), 422, "translate: this service has no checkpoint for it"),
    ):
        assert (answer.status_code, answer.json()["error"][: len(line)]) == (status, line)
        assert answer.headers["content-type"] == "application/json"


def test_errors_are_told_in_the_language_of_the_client(service: Service) -> None:
    service.headers["Accept-Language"] = "fr, zh-CN;q=0.9, en;q=0.8"
    assert service.stylize(b"words", "a.png").json() == {"error": "a.png：不是可识别的图片格式", "code": "no_picture"}
    for answer, told in (
        (service.stylize(style="gone"), "style：此服务不提供“gone”。可选：inverted, mirrored, after"),
        (service.post("/translate", files={"photo": png()}), "translate：此服务没有用于这项任务的检查点"),
        (service.get("/styles/inverted.jpg"), "style：“inverted”没有缩略图"),
    ):
        assert answer.json()["error"] == told


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (RuntimeError("/secret/place"), 500, "service: an unexpected error; its log tells more"),
        (EngineError("/secret/place", "failed"), 500, "service: failed. Its log tells why"),
        (MemoryError(), 503, "service: not enough memory"),
        (UnavailableError("service", "this cannot be used now"), 503, "service: this cannot be used now"),
        (missing_extra("paddle", "PaddlePaddle", "cpu"), 503, "paddle: PaddlePaddle is not installed. Install it with"),
    ],
)
def test_what_goes_wrong_inside_is_told_without_what_concerns_nobody(
    service: Service, error: Exception, status: int, line: str
) -> None:
    service.predictor.error = error
    answer = service.stylize()
    assert (answer.status_code, answer.json()["error"][: len(line)]) == (status, line)
    assert "secret" not in answer.text
    service.predictor.error = None
    assert service.stylize().status_code == 200


# what it tells about itself ------------------------------------------------------------------------------------------


def test_what_it_offers_is_listed(service: Service) -> None:
    offer = service.get("/styles").json()
    assert [style["name"] for style in offer["styles"]] == ["inverted", "mirrored", "after"]
    assert offer["styles"][0]["title"] == {"en": "Inverted", "zh": "反相"}
    assert (offer["upload_bytes"], offer["pixels"]) == (Limits().upload_bytes, Limits().pixels)


def test_thumbnails_are_pictures() -> None:
    with running(find_served([], [])) as service:
        for style in service.get("/styles").json()["styles"]:
            if style["thumbnail"]:
                assert Image.open(io.BytesIO(service.get(style["thumbnail"]).content)).format == "JPEG"
        assert style["name"] == "any" and style["needs_painting"]


def test_prometheus_is_told_what_was_asked_and_made(service: Service) -> None:
    service.stylize()
    service.stylize(b"words")
    for number in range(3):
        service.get(f"/made/up/{number}")
    lines = service.get("/metrics").text.splitlines()
    for line in (
        'paddlegan_requests_total{path="/stylize",status="200"} 1.0',
        'paddlegan_requests_total{path="/stylize",status="415"} 1.0',
        'paddlegan_requests_total{path="other",status="404"} 3.0',
        'paddlegan_photo_seconds_count{task="stylize"} 1.0',
        'paddlegan_photo_pixels_total{task="stylize"} 600.0',
        "paddlegan_photos_taken 0.0",
    ):
        assert line in lines


def test_the_api_describes_itself(service: Service) -> None:
    described = service.get("/openapi.json").json()
    assert set(described["paths"]) == {
        *("/stylize", "/translate", "/restore", "/health", "/metrics", "/styles", "/styles/{name}.jpg")
    }
    statuses = set(described["paths"]["/stylize"]["post"]["responses"])
    assert statuses == {"200", "400", "408", "413", "415", "422", "429", "503", "504"}
    fields = described["components"]["schemas"]["Body_stylize_stylize_post"]["properties"]
    assert set(fields) == {
        *("photo", "style", "strength", "keep_colors", "color_from", "brush", "faces", "painting", "mask"),
        *("strength_outside", "feather", "depth", "metadata", "format"),
    }
    assert "HTTPValidationError" not in json.dumps(described)


def test_answers_load_nothing_from_elsewhere(service: Service) -> None:
    for path in ("/", "/page/page.js", "/styles", "/docs"):
        policy = service.get(path).headers["content-security-policy"]
        assert policy.startswith("default-src 'self'")
        assert ("unsafe" in policy) == (path == "/docs")


def test_two_things_of_one_name_are_refused(run: Run, tmp_path: Path, zebra: Path) -> None:
    (tmp_path / "more").mkdir()
    twin = tmp_path / "more" / "zebra.ppgan"
    twin.write_bytes(zebra.read_bytes())
    code, _, err = run("serve", "--checkpoints", f"{zebra},{twin}")
    line = "--checkpoints: zebra is the name of two; expected names that differ. Rename a file"
    assert (code, err) == (2, f"paddlegan: error: {line}\n")
