"""Picture files to uint8 RGB arrays and back, with orientation, colour profile, alpha and metadata carried along."""

from __future__ import annotations

import io
import json
import os
import re
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import ExifTags, Image, ImageCms

from ppgan_lite import __version__
from ppgan_lite.errors import ImageError

# A picture of this size takes 1.2 GB as an array; what is larger is a mistake or an attack.
MAX_PIXELS = 400_000_000

# Only these of Pillow's decoders see foreign bytes: some of the others start programs (EPS) or are barely maintained.
READABLE_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "AVIF")
READABLE_SUFFIXES = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif"),
        *(".ppm", ".pgm", ".pbm", ".pnm"),
    )
)
# How files of these formats begin, in the same order.
_MAGIC = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|RIFF.{4}WEBP|II[*+]\0|MM\0[*+]|BM.{4}\0{4}|GIF8[79]a|P[1-6]\s[\d#]|.{4}ftypavi[fs]",
    re.DOTALL,
)

# Suffix -> Pillow's name and options. JPEG without chroma subsampling: brush strokes are made of colour edges.
_JPEG: tuple[str, dict[str, Any]] = ("JPEG", {"quality": 95, "subsampling": 0})
# TIFF uncompressed: libtiff, which Pillow asks to compress, refuses the EXIF directory.
WRITABLE: dict[str, tuple[str, dict[str, Any]]] = {
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".png": ("PNG", {}),
    ".webp": ("WEBP", {"quality": 95}),
    ".tif": ("TIFF", {}),
    ".tiff": ("TIFF", {}),
    ".bmp": ("BMP", {}),
}

# What describes the photograph; everything else in the first directory describes the file it came from.
_KEPT_TAGS = (
    ExifTags.Base.ImageDescription,
    ExifTags.Base.Make,
    ExifTags.Base.Model,
    ExifTags.Base.DateTime,
    ExifTags.Base.Artist,
    ExifTags.Base.Copyright,
)
_RECIPE_PREFIX = b"ASCII\0\0\0ppgan_lite "  # the first eight bytes are EXIF's own mark of a comment's encoding
_MAX_JPEG_EXIF = 65_533 - len(b"Exif\0\0")

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_decoding = threading.Lock()
_decoding_depth = 0
_decoding_limit: int | None = None


@dataclass(frozen=True, eq=False)
class ImageMetadata:
    """What a picture file holds beside its colours.

    Attributes:
        icc_profile: The RGB profile that the colours are in, None for sRGB.
        exif: The EXIF block without its thumbnail, for a picture that stands upright already.
        dpi: Horizontal and vertical resolution.
        alpha: Opacity, uint8 (height, width), 255 is opaque; None where the file has none.
    """

    icc_profile: bytes | None = None
    exif: bytes | None = None
    dpi: tuple[float, float] | None = None
    alpha: np.ndarray | None = None


def read_image(path: str | Path) -> tuple[np.ndarray, ImageMetadata]:
    """Read a picture file.

    Returns:
        The first frame, upright, as uint8 (height, width, 3) RGB; and what is needed to write another picture like it.

    Raises:
        ImageError: The file is missing, unreadable, damaged, too large or of an unknown kind.
    """
    with _open_file(Path(path)) as file:
        return _decode(file, str(path))


def decode_image(data: bytes, where: str) -> tuple[np.ndarray, ImageMetadata]:
    """Decode the bytes of a picture file as `read_image` does; `where` names them in errors."""
    return _decode(io.BytesIO(data), where)


def write_image(
    path: str | Path,
    image: np.ndarray,
    metadata: ImageMetadata | None = None,
    *,
    overwrite: bool = False,
    recipe: Mapping[str, Any] | None = None,
) -> None:
    """Write a picture file in the format that its suffix names; missing parent folders are made.

    The file appears whole or not at all.

    Args:
        path: Where to; the suffix is one of `WRITABLE`.
        image: uint8 (height, width, 3) RGB.
        metadata: Of the picture it was made from. JPEG and BMP cannot hold alpha: it is left out there.
        overwrite: Whether a file that is there already may be replaced.
        recipe: The settings that made the picture, JSON values; `read_recipe` finds them again. BMP cannot hold them.

    Raises:
        ImageError: The format is unknown, the file exists, or it cannot be written.
    """
    path = Path(path)
    check_writable(path, overwrite=overwrite)
    data = _encode(path, image, metadata or ImageMetadata(), recipe)
    temporary = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(data)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise ImageError(path, f"cannot be written ({_reason(error)})") from error


def check_writable(path: str | Path, *, overwrite: bool = False) -> None:
    """Tell before the work what `write_image` would refuse after it.

    Raises:
        ImageError: The format is unknown, the path is a folder, or the file exists and may not be replaced.
    """
    path = Path(path)
    if path.is_dir():
        raise ImageError(path, "is a folder", "the name of a picture file to write")
    if path.suffix.lower() not in WRITABLE:
        raise ImageError(path, f"cannot write {path.suffix or 'a file without suffix'}", f"one of {' '.join(WRITABLE)}")
    if not overwrite and path.exists():
        raise ImageError(path, "exists already", remedy="Choose another name, or allow it with --overwrite")


def read_recipe(path: str | Path) -> dict[str, Any] | None:
    """Return the settings that `write_image` stored with a picture, None where there are none.

    Raises:
        ImageError: The file cannot be read as a picture.
    """
    with _open_file(Path(path)) as file, _own_size_limit():
        try:
            exif = _open_picture(file, str(path)).getexif()
            comment = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.UserComment)
            if not isinstance(comment, bytes) or not comment.startswith(_RECIPE_PREFIX):
                return None
            recipe = json.loads(comment[len(_RECIPE_PREFIX) :])
        except ImageError:
            raise
        except Exception:  # noqa: BLE001 - a damaged EXIF block may raise anything, and holds no recipe
            return None
    return recipe if isinstance(recipe, dict) else None


def find_images(folder: str | Path, *, by_content: bool = False) -> list[Path]:
    """Return the files below a folder whose suffix is that of a picture, in natural order, hidden ones left out.

    Args:
        folder: Searched with all folders in it.
        by_content: Also return files of other suffixes, or none, that begin as a picture does.

    Raises:
        ImageError: It is not a folder, or cannot be listed.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ImageError(folder, "is not a folder" if folder.exists() else "does not exist", "a folder of pictures")
    found = []
    try:
        for path in folder.rglob("*"):
            hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
            if hidden or not path.is_file():
                continue
            if path.suffix.lower() in READABLE_SUFFIXES or (by_content and _begins_as_picture(path)):
                found.append(path)
    except OSError as error:
        raise ImageError(folder, f"cannot be listed ({_reason(error)})") from error
    return sorted(found, key=lambda path: [natural_key(part) for part in path.relative_to(folder).parts])


def _begins_as_picture(path: Path) -> bool:
    with path.open("rb") as file:
        return _MAGIC.match(file.read(16)) is not None


def natural_key(name: str) -> list[tuple[int, str]]:
    """Return a sorting key that puts photo2 before photo10."""
    pieces = re.findall(r"[0-9]+|[^0-9]+", name.casefold())
    return [(int(piece), "") if piece[0] in "0123456789" else (-1, piece) for piece in pieces] + [(-2, name)]


def resize(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Resize a uint8 picture, (h, w, 3) or (h, w): by area where it shrinks, bicubic where it grows."""
    if image.shape[:2] == (height, width):
        return image
    shrinks = width * height < image.shape[0] * image.shape[1]
    how = Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(image).resize((width, height), how))


def short_side_to(image: np.ndarray, size_px: int) -> np.ndarray:
    """Resize a uint8 picture so that its shorter side has `size_px` pixels, the aspect kept."""
    height, width = image.shape[:2]
    scale = size_px / min(height, width)
    return resize(image, max(1, round(width * scale)), max(1, round(height * scale)))


def long_side_at_most(image: np.ndarray, size_px: int) -> np.ndarray:
    """Shrink a uint8 picture whose longer side has more than `size_px` pixels, the aspect kept."""
    height, width = image.shape[:2]
    scale = min(1.0, size_px / max(height, width))
    return resize(image, max(1, round(width * scale)), max(1, round(height * scale)))


def _open_file(path: Path) -> IO[bytes]:
    """Open a file of bytes; Python's own `open` takes every path that the system has."""
    if path.is_dir():
        raise ImageError(path, "is a folder", "a picture file")
    try:
        if path.stat().st_size == 0:
            raise ImageError(path, "the file is empty", "a picture")
        return path.open("rb")
    except FileNotFoundError as error:
        raise ImageError(path, "does not exist") from error
    except (OSError, ValueError) as error:
        raise ImageError(path, f"cannot be read ({_reason(error)})") from error


@contextmanager
def _own_size_limit() -> Iterator[None]:
    """Lift Pillow's limit while files are decoded here: it is global, lower than a large scan, and tells no size."""
    global _decoding_depth, _decoding_limit
    with _decoding:
        if _decoding_depth == 0:
            _decoding_limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        _decoding_depth += 1
    try:
        yield
    finally:
        with _decoding:
            _decoding_depth -= 1
            if _decoding_depth == 0:
                Image.MAX_IMAGE_PIXELS = _decoding_limit


def _decode(file: IO[bytes], where: str) -> tuple[np.ndarray, ImageMetadata]:
    try:
        with _own_size_limit():
            picture = _open_picture(file, where)
            picture.load()
        exif = picture.getexif()  # after loading: PNG may keep it behind the pixels, TIFF turns itself upright
        icc_profile = picture.info.get("icc_profile") or None
        dpi = _read_dpi(picture.info.get("dpi"))
        rgb, icc_profile = _to_rgb(picture, icc_profile, where)
        turn = _UPRIGHT.get(exif.get(ExifTags.Base.Orientation, 1))
        if turn is not None:
            rgb = rgb.transpose(turn)
        pixels = np.asarray(rgb)
    except ImageError:
        raise
    except (
        Exception
    ) as error:  # decoders of foreign bytes raise nearly anything: OSError, SyntaxError, struct.error ...
        raise ImageError(
            where, f"cannot be decoded ({_reason(error)})", remedy="It is damaged or incomplete"
        ) from error
    alpha = np.ascontiguousarray(pixels[..., 3]) if pixels.shape[2] == 4 else None
    metadata = ImageMetadata(icc_profile, _kept_exif(exif, *rgb.size), dpi, alpha)
    return np.array(pixels[..., :3], order="C"), metadata


def _open_picture(file: IO[bytes], where: str) -> Image.Image:
    """Identify a picture and check its size, before anything of that size is allocated."""
    Image.init()
    formats = [name for name in READABLE_FORMATS if name in Image.OPEN]  # AVIF came with Pillow 11.3
    try:
        picture = Image.open(file, formats=formats)
    except Image.UnidentifiedImageError as error:
        raise ImageError(where, "is not a picture of a known kind", f"one of {', '.join(formats)}") from error
    width, height = picture.size
    if width * height > MAX_PIXELS:
        found = f"{width} x {height} pixels ({width * height / 1e6:.0f} megapixels)"
        raise ImageError(where, found, f"at most {MAX_PIXELS / 1e6:.0f} megapixels", "Scale it down first")
    return picture


def _to_rgb(picture: Image.Image, profile: bytes | None, where: str) -> tuple[Image.Image, bytes | None]:
    """Convert to 8-bit RGB, or RGBA where the file has alpha; the profile that belongs to it comes along."""
    if picture.mode[0] in "IF":
        picture = _to_8_bit(picture, where)
    is_rgb_profile = profile is not None and profile[16:20] == b"RGB "
    if picture.mode in ("L", "CMYK") and profile is not None and not is_rgb_profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if converted is not None:
                return converted, None
        except (ImageCms.PyCMSError, OSError):
            pass  # a broken profile: the plain conversion is the best that is left
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    return picture.convert(mode), profile if is_rgb_profile else None


def _to_8_bit(picture: Image.Image, where: str) -> Image.Image:
    """Scale 16-bit (to 65535) or float (to 1) greyscale to 8 bits; Pillow's own conversion would clip it at 255."""
    values = np.asarray(picture)
    white = 1 if picture.mode == "F" else 65_535
    if not (values.min() >= 0 and values.max() <= white):
        kind = "float" if picture.mode == "F" else "32-bit"
        raise ImageError(where, f"{kind} pixels outside 0..{white}", "8 or 16 bits per channel, or floats in 0..1")
    return Image.fromarray((values * np.float32(255 / white) + np.float32(0.5)).astype(np.uint8))


def _read_dpi(dpi: object) -> tuple[float, float] | None:
    try:
        x, y = (float(value) for value in dpi)  # type: ignore[attr-defined]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return (x, y) if 1 < x < 1e5 and 1 < y < 1e5 else None  # TIFF says 1 where it knows none


def _kept_exif(exif: Image.Exif, width: int, height: int) -> bytes | None:
    """Keep what EXIF tells of the photograph; leave out the thumbnail, the orientation and the file's own layout."""
    kept = Image.Exif()
    try:
        for tag in _KEPT_TAGS:
            if tag in exif:
                kept[tag] = exif[tag]
        details = dict(exif.get_ifd(ExifTags.IFD.Exif))
        details.pop(ExifTags.IFD.Interop, None)  # an offset into the old file
        if ExifTags.Base.ExifImageWidth in details:
            details |= {ExifTags.Base.ExifImageWidth: width, ExifTags.Base.ExifImageHeight: height}
        for directory, values in (
            (ExifTags.IFD.Exif, details),
            (ExifTags.IFD.GPSInfo, dict(exif.get_ifd(ExifTags.IFD.GPSInfo))),
        ):
            if values:
                kept[directory] = values
        return kept.tobytes() if len(kept) else None
    except Exception:  # noqa: BLE001 - a damaged block is no reason to refuse the picture
        return None


def _encode(path: Path, image: np.ndarray, metadata: ImageMetadata, recipe: Mapping[str, Any] | None) -> bytes:
    name, options = WRITABLE[path.suffix.lower()]
    options = dict(options)
    pixels = image
    if metadata.alpha is not None and name not in ("JPEG", "BMP"):
        pixels = np.dstack([image, metadata.alpha])
    if name != "BMP":
        options["exif"] = _exif_with_recipe(metadata.exif, recipe)
        if name == "JPEG" and len(options["exif"]) > _MAX_JPEG_EXIF:
            options["exif"] = _exif_with_recipe(None, recipe)  # more than JPEG can hold: better a picture without it
        if metadata.icc_profile is not None:
            options["icc_profile"] = metadata.icc_profile
    if metadata.dpi is not None and name != "WEBP":
        options["dpi"] = metadata.dpi
    buffer = io.BytesIO()
    try:
        Image.fromarray(pixels).save(buffer, format=name, **options)
    except (OSError, ValueError, MemoryError) as error:
        raise ImageError(path, f"cannot be written as {name} ({_reason(error)})") from error
    return buffer.getvalue()


def _exif_with_recipe(exif: bytes | None, recipe: Mapping[str, Any] | None) -> bytes:
    block = Image.Exif()
    if exif:
        block.load(exif)
    if recipe is not None:
        comment = _RECIPE_PREFIX + json.dumps(recipe, sort_keys=True).encode("ascii")
        block[ExifTags.IFD.Exif] = block.get_ifd(ExifTags.IFD.Exif) | {ExifTags.Base.UserComment: comment}
        block[ExifTags.Base.Software] = f"ppgan_lite {__version__}"
    return block.tobytes()


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__
