"""Write arrays to picture files, each whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import ExifTags, Image

from ppgan_lite.errors import ImageError
from ppgan_lite.images import deep
from ppgan_lite.images.exif import OLD_SETTINGS_PREFIX, at_most
from ppgan_lite.images.jpeg import encode_jpeg
from ppgan_lite.images.metadata import ImageMetadata
from ppgan_lite.images.opening import open_file, open_picture, own_size_limit, reason
from ppgan_lite.images.reading import LARGE_PIXELS
from ppgan_lite.images.settings import ResultSettings, parse_settings, settings_text
from ppgan_lite.images.tiff_writing import encode_tiff
from ppgan_lite.images.xmp import MAX_JPEG_XMP, settings_of, with_settings
from ppgan_lite.runtime.files import replace_file

# Suffix -> Pillow's name and options. JPEG without chroma subsampling, which would blur the color edges of strokes.
_JPEG: tuple[str, dict[str, Any]] = ("JPEG", {"quality": 95, "subsampling": 0})
WRITABLE: dict[str, tuple[str, dict[str, Any]]] = {
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    # Run-length encoding: for photos as small as zlib's default, and four times as fast.
    ".png": ("PNG", {"compress_level": 1, "compress_type": zlib.Z_RLE}),
    ".webp": ("WEBP", {"quality": 95}),
    ".tif": ("TIFF", {}),
    ".tiff": ("TIFF", {}),
    ".bmp": ("BMP", {}),
}
HOLDS_16_BITS = frozenset((".png", ".tif", ".tiff"))
_MAX_JPEG_EXIF = 65_533 - len(b"Exif\0\0")


def write_image(
    path: str | Path,
    image: np.ndarray,
    metadata: ImageMetadata | None = None,
    *,
    overwrite: bool = False,
    settings: ResultSettings | None = None,
    quality: int | None = None,
) -> None:
    """Write a picture file in the format of its suffix, whole or not at all; create missing parent folders.

    Args:
        path: The file; its suffix is one of `WRITABLE`.
        image: uint8, or for PNG and TIFF uint16; (height, width, 3) RGB or (height, width) gray.
        metadata: The metadata of the source picture. Alpha is dropped in JPEG and BMP, which cannot hold it.
        overwrite: Whether to replace an existing file.
        settings: The settings that made the picture, for `read_settings`. BMP cannot hold them.
        quality: Of JPEG and WebP, 1 to 100; None takes 95.

    Raises:
        ImageError: The format is unknown, the file exists, or it cannot be written.
    """
    path = Path(path)
    check_writable(path, overwrite=overwrite)
    write_file(path, encode_image(path, image, metadata, settings=settings, quality=quality))


def suffix_of(format: str | None) -> str:
    """Return the suffix of a format by Pillow's name; that of PNG for one that cannot be written."""
    names = {"MPO": "JPEG"}  # a JPEG with more pictures behind it
    return next((suffix for suffix, (name, _) in WRITABLE.items() if name == names.get(format or "", format)), ".png")


def write_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; create missing parent folders, replace an existing file.

    Raises:
        ImageError: It cannot be written.
    """
    try:
        replace_file(path, data, make_folder=True)
    except OSError as error:
        values = {"why": reason(error)}
        raise ImageError(path, f"cannot be written ({reason(error)})", code="unwritable", values=values) from error


def check_writable(path: str | Path, *, overwrite: bool = False) -> None:
    """Raise the errors of `write_image` before the picture is made.

    Raises:
        ImageError: The format is unknown, the system refuses the path, it is a folder, or the file exists and may not
            be replaced.
    """
    path = Path(path)
    if os.path.isdir(path):
        raise ImageError(path, "is a folder", "the name of a picture file to write", code="is_folder")
    _format_of(path)
    try:
        _require_writable(path)
        os.lstat(path)
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        values = {"why": reason(error)}
        raise ImageError(path, f"cannot be written ({reason(error)})", code="unwritable", values=values) from error
    if not overwrite:
        remedy = "Choose another name, or allow it with overwrite=True"
        raise ImageError(path, "exists already", remedy=remedy, code="exists")


def _require_writable(path: Path) -> None:
    """Raise the error that a file cannot be written into its folder, or into the one where folders would be made."""
    path = path.absolute()
    for folder in path.parents:
        if folder.is_dir():
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            for name in path.relative_to(folder).parts:  # one of a folder to be made, or in it, may be too long
                with contextlib.suppress(FileNotFoundError):
                    os.lstat(folder / name)
            return


def encode_image(
    path: Path,
    image: np.ndarray,
    metadata: ImageMetadata | None = None,
    *,
    settings: ResultSettings | None = None,
    quality: int | None = None,
) -> bytes:
    """Return the bytes that `write_image` writes to a path.

    Raises:
        ImageError: The format is unknown, or cannot hold such a picture.
    """
    name, options = _format_of(path)
    metadata = metadata or ImageMetadata()
    exif, xmp = metadata.exif, metadata.xmp
    pixels = image
    if metadata.alpha is not None and name not in ("JPEG", "BMP"):
        pixels = np.dstack([image, metadata.alpha])
    options = dict(options)
    if quality is not None and "quality" in options:
        options["quality"] = quality
    if settings is not None:
        xmp = with_settings(xmp, settings_text(settings))
    if name == "JPEG":
        exif = at_most(exif, _MAX_JPEG_EXIF) if exif else None
        if len(xmp or b"") > MAX_JPEG_XMP:
            xmp = None if settings is None else with_settings(None, settings_text(settings))
    if name != "BMP":
        if exif:
            options["exif"] = exif
        if metadata.icc_profile is not None:
            options["icc_profile"] = metadata.icc_profile
        if xmp:
            options |= _xmp_option(name, xmp)
    if metadata.dpi is not None and name != "WEBP":
        options["dpi"] = metadata.dpi
    try:
        if name == "TIFF":
            profile, dpi = metadata.icc_profile, metadata.dpi
            return encode_tiff(pixels, icc_profile=profile, exif_block=exif, xmp=xmp, dpi=dpi)
        if pixels.dtype == np.uint16 and pixels.ndim == 3 and name == "PNG":
            return deep.encode_png(pixels, metadata.icc_profile, exif, metadata.dpi, xmp)
        if pixels.dtype == np.uint8 and name == "JPEG" and pixels.shape[0] * pixels.shape[1] >= LARGE_PIXELS:
            # Pillow would copy it, with four bytes per pixel.
            quality = options["quality"]
            return encode_jpeg(pixels, quality, icc_profile=metadata.icc_profile, exif=exif, xmp=xmp, dpi=metadata.dpi)
        buffer = io.BytesIO()
        buffer.name = f"picture{path.suffix}"  # for a format's name instead Pillow loads the encoders of five
        Image.fromarray(pixels).save(buffer, **options)
    except (OSError, ValueError, TypeError, MemoryError) as error:
        raise ImageError(path, f"cannot be written as {name} ({reason(error)})") from error
    return buffer.getvalue()


def encode_stored(path: Path, image: np.ndarray, metadata: ImageMetadata) -> bytes:
    """Return the bytes that `write_image` writes to a path, without settings, encoded in the fastest way.

    Raises:
        ImageError: The format is unknown, or cannot hold such a picture.
    """
    name, options = _format_of(path)
    if name != "JPEG" or image.dtype != np.uint8:
        return encode_image(path, image, metadata)
    exif = at_most(metadata.exif, _MAX_JPEG_EXIF) if metadata.exif else None
    xmp = metadata.xmp if len(metadata.xmp or b"") <= MAX_JPEG_XMP else None
    profile, dpi = metadata.icc_profile, metadata.dpi
    try:
        return encode_jpeg(image, options["quality"], icc_profile=profile, exif=exif, xmp=xmp, dpi=dpi)
    except ValueError as error:
        raise ImageError(path, f"cannot be written as {name} ({error})") from error


def _format_of(path: Path) -> tuple[str, dict[str, Any]]:
    """Return Pillow's name and options of the format of a suffix."""
    if path.suffix.lower() not in WRITABLE:
        found, known = f"cannot write {path.suffix or 'a file without suffix'}", " ".join(WRITABLE)
        raise ImageError(path, found, f"one of {known}", code="unknown_suffix", values={"known": known})
    return WRITABLE[path.suffix.lower()]


def animation_options(name: str, settings: ResultSettings) -> dict[str, Any]:
    """Return Pillow's options by which a file of several frames holds settings, for `read_settings`.

    Args:
        name: Of the format: "GIF", "PNG" or "WEBP".
        settings: That made it.
    """
    text = settings_text(settings)
    return {"comment": text} if name == "GIF" else _xmp_option(name, with_settings(None, text))


def _xmp_option(name: str, xmp: bytes) -> dict[str, Any]:
    """Return Pillow's option for an XMP packet."""
    if name == "PNG":
        from PIL import PngImagePlugin

        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", xmp.decode())
        return {"pnginfo": text}
    return {"xmp": xmp}


def read_settings(path: str | Path) -> ResultSettings | None:
    """Return the settings that `write_image` stored with a picture, None where there are none.

    Raises:
        ImageError: The file cannot be read as a picture, or a newer version of this program has written it.
    """
    with open_file(Path(path)) as file, own_size_limit():
        text = _settings_text(file, str(path))
    return None if text is None else parse_settings(text, path)


def _settings_text(file: IO[bytes], where: str) -> str | None:
    try:
        picture = open_picture(file, where)
        if picture.format == "PNG":
            picture.load()  # other programs store text last
        found = settings_of(picture.info.get("xmp"))
        if found is not None:
            return found
        if picture.format == "GIF":
            return bytes(picture.info.get("comment", b"")).decode("ascii", "replace")
        comment = picture.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.UserComment)
    except ImageError:
        raise
    except Exception:  # noqa: BLE001 - a damaged EXIF block may raise anything, and holds no settings
        return None
    if not isinstance(comment, bytes) or not comment.startswith(OLD_SETTINGS_PREFIX):
        return None
    return comment[len(OLD_SETTINGS_PREFIX) :].decode("ascii", "replace")
