"""TIFF files that Pillow reads wrongly or not at all: 12 bits, floats, planes, white as zero, premultiplied alpha.

Pillow knows few pixel layouts, but libtiff inside it decompresses the strips and tiles of all of them. So these are
decompressed as if they were gray pictures of 8 bits, and their bytes are interpreted here.
"""

from __future__ import annotations

import io
import itertools
import struct
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from ppgan_lite.errors import ImageError

_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
EXPECTED = "gray or RGB of 1 to 16 bits per channel, or floats in 0..1"

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_UINT, _INT, _FLOAT, _UNDEFINED = 1, 2, 3, 4
_PREMULTIPLIED, _UNASSOCIATED = 1, 2
_NO_COMPRESSION = 1
# LZW, Deflate (two numbers), LZMA, PackBits, Zstandard: those that give back the bytes that went in.
_COMPRESSIONS = {_NO_COMPRESSION, 5, 8, 32946, 34925, 32773, 50000}
# Errors of a directory whose numbers make no sense.
_DAMAGE = (LookupError, TypeError, ValueError, ArithmeticError, SyntaxError, OSError, struct.error)
_MAX_CHANNELS = 16
_MAX_BYTES = 4_000_000_000


class Layout(NamedTuple):
    """The layout of a TIFF's samples: the fields of its first directory.

    Attributes:
        block: Height and width of a strip or tile.
        alpha: The number of the channel with opacity; None without.
        offsets: Where each strip or tile begins.
        counts: How many bytes each has.
        order: "<" if the file is little-endian, ">" if big-endian.
        start: Where the directory begins.
        tags: All of it.
    """

    width: int
    height: int
    channels: int
    bits: int
    sample_format: int
    photometric: int
    alpha: int | None
    is_premultiplied: bool
    is_planar: bool
    is_tiled: bool
    block: tuple[int, int]
    compression: int
    predictor: int
    fill_order: int
    offsets: Sequence[int]
    counts: Sequence[int]
    order: str
    start: int
    tags: Mapping[int, Any]

    def is_read_by_pillow(self, *, keeps_16_bits: bool) -> bool:
        """Return whether Pillow reads such a file, and reads it right; of colors of 16 bits it keeps 8."""
        if self.sample_format != _UINT or self.is_planar or self.is_premultiplied or self.predictor == 3:
            return False
        if self.channels == 1:
            return self.bits in (1, 2, 4, 8) or (self.bits == 16 and self.photometric == _BLACK_IS_ZERO)
        return self.channels in (3, 4) and (self.bits == 8 or (self.bits == 16 and not keeps_16_bits))

    @property
    def orientation(self) -> int:
        """The orientation of the pixels, from 1 (upright) to 8."""
        value = self.tags.get(274, 1)
        return value if isinstance(value, int) else 1

    @property
    def color_channels(self) -> int:
        return 3 if self.photometric == _RGB else 1

    @property
    def white(self) -> int:
        """The number of white; of more than 16 bits few are used, and how many is told nowhere."""
        return 1 if self.sample_format == _FLOAT else (1 << min(self.bits, 16)) - 1


def is_tiff(start: bytes) -> bool:
    """Return whether a file with these first bytes is a TIFF."""
    return start[:4] in _MAGIC


def unusual_layout(data: bytes, *, keeps_16_bits: bool) -> Layout | None:
    """Return the layout of a gray or RGB TIFF for `read_samples`; None for any that is left to Pillow."""
    try:
        layout = _layout(data)
    except _DAMAGE:
        return None  # Pillow raises the exact error
    is_ours = layout.photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB) and layout.compression in _COMPRESSIONS
    return layout if is_ours and not layout.is_read_by_pillow(keeps_16_bits=keeps_16_bits) else None


def description(data: bytes) -> str:
    """Return the kind of a TIFF that cannot be read, for messages."""
    try:
        layout = _layout(data)
    except _DAMAGE:
        return "is a TIFF without a valid directory"
    sample = {_UINT: "", _INT: " signed", _FLOAT: " float"}.get(layout.sample_format, " complex")
    found = f"is a TIFF of {layout.channels} channels of {layout.bits}{sample} bits"
    return f"{found}, photometric {layout.photometric}, compression {layout.compression}"


def read_metadata(layout: Layout) -> tuple[tuple[Any, Any] | None, bytes | None, object]:
    """Return the resolution of a TIFF in dots per inch, its color profile and its XMP packet."""
    inches = {2: 1.0, 3: 2.54}.get(layout.tags.get(296, 2))
    x, y = layout.tags.get(282), layout.tags.get(283)
    dpi = (x * inches, y * inches) if x and y and inches else None
    profile = layout.tags.get(34675)
    return dpi, profile if isinstance(profile, bytes) else None, layout.tags.get(700)


def read_samples(data: bytes, layout: Layout, where: str) -> np.ndarray:
    """Decode the samples of a TIFF as a usual picture has them: white is large, and colors are not premultiplied.

    Args:
        data: The file.
        layout: From `unusual_layout`.
        where: The file's name, for messages.

    Returns:
        uint8 (of at most 8 bits) or uint16, or float32 in 0..1; (height, width, channels); channels are gray or RGB,
        with alpha if the file has it. Smaller ints are scaled: 4095 of 12 bits is 65535.

    Raises:
        ImageError: It is of a kind that cannot be read, or its numbers are out of range.
        ValueError: It is damaged.
    """
    _check_kind(layout, where)
    samples = _decoded(data, layout)
    is_float = layout.sample_format == _FLOAT
    white = layout.white
    if not (samples.min() >= 0 and samples.max() <= white):
        kind = "float" if is_float else f"{layout.bits}-bit"
        raise ImageError(where, f"{kind} pixels outside 0..{white}", "8 or 16 bits per channel, or floats in 0..1")
    numbers = samples.astype(np.float32) if is_float or layout.is_premultiplied else samples
    colors = numbers[..., : layout.color_channels]
    if layout.photometric == _WHITE_IS_ZERO:
        colors = colors.dtype.type(white) - colors
    if layout.alpha is not None:
        alpha = numbers[..., layout.alpha : layout.alpha + 1]
        if layout.is_premultiplied:
            visible = np.where(alpha > 0, alpha, 1)
            colors = np.where(alpha > 0, np.minimum(colors / visible, 1) * np.float32(white), 0)
        colors = np.concatenate([colors, alpha], axis=2)
    if is_float:
        return colors
    largest = 255 if layout.bits <= 8 else 65_535
    if white != largest or colors.dtype.kind == "f":
        colors = colors * np.float32(largest / white) + np.float32(0.5)
    return np.ascontiguousarray(colors.astype(np.uint8 if largest == 255 else np.uint16))


def _check_kind(layout: Layout, where: str) -> None:
    """Refuse by name a kind of samples that is not read."""
    sizes = (16, 32, 64) if layout.sample_format == _FLOAT else (*range(1, 17), 32)
    names = {_INT: "signed integers", _UINT: "integers", _UNDEFINED: "integers", _FLOAT: "floats"}
    name = names.get(layout.sample_format, "complex numbers")
    if name in ("signed integers", "complex numbers") or layout.bits not in sizes:
        raise ImageError(where, f"is a TIFF of {name} of {layout.bits} bits", EXPECTED)
    has_whole_bytes = layout.bits in (8, 16, 32, 64)
    is_known = layout.predictor == 1 or (layout.predictor == 2 and has_whole_bytes)
    if not is_known and (layout.predictor, layout.sample_format) != (3, _FLOAT):
        raise ImageError(where, f"is a TIFF with predictor {layout.predictor} for {layout.bits}-bit {name}", EXPECTED)


def _layout(data: bytes) -> Layout:
    """Read the first directory.

    Raises:
        ValueError, KeyError, ...: It is damaged, or not that of one picture.
    """
    file = io.BytesIO(data)
    start = file.read(8)
    if start[2] == 43 or start[3] == 43:
        start += file.read(8)
    from PIL import TiffImagePlugin  # takes longer to load than most pictures to decode

    tags = TiffImagePlugin.ImageFileDirectory_v2(start)
    directory_start = tags.next
    file.seek(directory_start)
    tags.load(file)

    def numbers(tag: int, default: Any = None) -> tuple[int, ...]:
        value = tags[tag] if default is None else tags.get(tag, default)
        return tuple(int(number) for number in (value if isinstance(value, tuple) else (value,)))

    def number(tag: int, default: Any = None) -> int:
        return numbers(tag, default)[0]

    width, height = number(256), number(257)
    channels = number(277, 1)
    bits, sample_formats = set(numbers(258, 1)), set(numbers(339, 1))
    photometric = number(262, 0)
    extra = numbers(338, ())
    colors = 3 if photometric == _RGB else 1
    if not 1 <= channels <= _MAX_CHANNELS or channels < colors or len(bits) > 1 or len(sample_formats) > 1:
        raise ValueError("mixed or missing channels")
    is_tiled = 322 in tags
    rows = min(number(323), 1 << 20) if is_tiled else max(min(number(278, height), height), 1)
    block = (rows, number(322) if is_tiled else width)
    alpha = colors if extra[:1] in ((_PREMULTIPLIED,), (_UNASSOCIATED,)) else None
    if channels == colors + 1 and not extra:
        alpha = colors  # a file that forgets to say so
    if min(width, height, *block) < 1 or (alpha is not None and channels <= colors):
        raise ValueError("impossible sizes")
    return Layout(
        width,
        height,
        channels,
        bits=bits.pop(),
        sample_format=sample_formats.pop(),
        photometric=photometric,
        alpha=alpha,
        is_premultiplied=alpha is not None and extra[:1] == (_PREMULTIPLIED,),
        is_planar=number(284, 1) == 2 and channels > 1,
        is_tiled=is_tiled,
        block=block,
        compression=number(259, 1),
        predictor=number(317, 1),
        fill_order=number(266, 1),
        offsets=numbers(324 if is_tiled else 273),
        counts=numbers(325 if is_tiled else 279, 0),
        order="<" if data[:2] == b"II" else ">",
        start=directory_start,
        tags=tags,
    )


def _decoded(data: bytes, layout: Layout) -> np.ndarray:
    """Return the samples of all strips or tiles, (height, width, channels)."""
    planes = layout.channels if layout.is_planar else 1
    channels = layout.channels // planes
    rows, columns = layout.block
    down, across = -(-layout.height // rows), -(-layout.width // columns)
    if len(layout.offsets) < planes * down * across:
        raise ValueError("strips or tiles are missing")
    heights = [rows] * (down * across)
    if not layout.is_tiled:
        heights[-1] = layout.height - rows * (down - 1)
    row_bytes = -(-columns * channels * layout.bits // 8)
    if planes * sum(heights) * row_bytes > _MAX_BYTES:
        raise ValueError(f"more than {_MAX_BYTES / 1e9:.0f} GB of samples")
    parts = []
    for plane in range(planes):
        blocks = slice(plane * len(heights), (plane + 1) * len(heights))
        raw = _raw_rows(data, layout, layout.offsets[blocks], layout.counts[blocks], heights, row_bytes)
        samples = _numbers(raw, layout, columns, channels)
        if layout.is_tiled:
            samples = samples.reshape(down, across, rows, columns, channels).swapaxes(1, 2)
            samples = samples.reshape(down * rows, across * columns, channels)
        parts.append(samples[: layout.height, : layout.width])
    return parts[0] if planes == 1 else np.concatenate(parts, axis=2)


def _raw_rows(
    data: bytes, layout: Layout, offsets: Sequence[int], counts: Sequence[int], heights: Sequence[int], row_bytes: int
) -> np.ndarray:
    """Return the decompressed rows of strips or tiles, one below the other, as uint8 (rows, bytes of a row)."""
    if layout.compression == _NO_COMPRESSION and layout.fill_order == 1:
        lengths = [rows * row_bytes for rows in heights]
        if any(not 0 <= offset <= len(data) - length for offset, length in zip(offsets, lengths, strict=True)):
            raise ValueError("it is cut short")
        ends = [offset + length for offset, length in zip(offsets, lengths, strict=True)]
        if ends[:-1] == list(offsets[1:]):  # one after the other, as most programs write them
            return np.frombuffer(data, np.uint8, ends[-1] - offsets[0], offsets[0]).reshape(-1, row_bytes)
        bytes_of = memoryview(data)
        blocks = [bytes_of[offset:end] for offset, end in zip(offsets, ends, strict=True)]
        return np.frombuffer(b"".join(blocks), np.uint8).reshape(-1, row_bytes)
    if len(counts) < len(heights):
        raise ValueError("lengths of strips or tiles are missing")
    bytes_of = memoryview(data)
    blocks = [bytes_of[offset : offset + count] for offset, count in zip(offsets, counts, strict=True)]
    file = _gray_file(layout, blocks, (row_bytes, sum(heights)), heights[0])
    with Image.open(file, formats=("TIFF",)) as picture:
        return np.asarray(picture)


def _numbers(raw: np.ndarray, layout: Layout, columns: int, channels: int) -> np.ndarray:
    """Interpret rows of bytes as samples, (rows, columns, channels), and undo the predictor."""
    size = layout.bits // 8
    if layout.predictor == 3:  # floats: differences of their bytes, the most significant bytes of a row first
        summed = np.cumsum(raw.reshape(len(raw), -1, channels), axis=1, dtype=np.uint8)
        planes = summed.reshape(len(raw), size, columns * channels).swapaxes(1, 2)
        return np.ascontiguousarray(planes).view(f">f{size}").reshape(len(raw), columns, channels)
    if layout.bits not in (8, 16, 32, 64):
        return _unpacked(raw, layout.bits, columns * channels).reshape(len(raw), columns, channels)
    values = np.ascontiguousarray(raw).view(f"{layout.order}u{size}").reshape(len(raw), columns, channels)
    if layout.predictor == 2:
        values = np.cumsum(values, axis=1, dtype=np.dtype(f"u{size}"))
    return values.view(values.dtype.str.replace("u", "f")) if layout.sample_format == _FLOAT else values


def _unpacked(raw: np.ndarray, bits: int, count: int) -> np.ndarray:
    """Return the numbers of some bits each, at most 16, that rows hold without gaps, most significant bit first."""
    first = np.arange(count) * bits
    place, shift = first // 8, 24 - bits - first % 8
    numbers = np.empty((len(raw), count), np.uint8 if bits <= 8 else np.uint16)
    step = max(1, 1_000_000 // count)
    for row in range(0, len(raw), step):
        part = np.pad(raw[row : row + step], ((0, 0), (0, 2))).astype(np.uint32)
        window = part[:, place] << 16 | part[:, place + 1] << 8 | part[:, place + 2]
        numbers[row : row + step] = window >> shift & ((1 << bits) - 1)
    return numbers


def _gray_file(layout: Layout, blocks: Sequence[memoryview], size: tuple[int, int], rows_per_strip: int) -> io.BytesIO:
    """Return a TIFF that calls some compressed strips, or tiles, a gray picture of 8 bits."""
    length = sum(map(len, blocks))
    offsets = [8 + start for start in itertools.accumulate([0, *map(len, blocks[:-1])])]
    numbers = {
        256: [size[0]],
        257: [size[1]],
        258: [8],
        259: [layout.compression],
        262: [_BLACK_IS_ZERO],
        266: [layout.fill_order],
        273: offsets,
        277: [1],
        278: [rows_per_strip],
        279: [len(block) for block in blocks],
    }
    after = 8 + length + 2 + 12 * len(numbers) + 4
    entries, values = b"", b""
    for tag, items in numbers.items():
        packed = struct.pack(f"<{len(items)}I", *items)
        place = packed if len(items) == 1 else struct.pack("<I", after + len(values))
        values += packed if len(items) > 1 else b""
        entries += struct.pack("<HHI", tag, 4, len(items)) + place  # 4 is LONG
    head = struct.pack("<2sHI", b"II", 42, 8 + length)
    return io.BytesIO(b"".join([head, *blocks, struct.pack("<H", len(numbers)), entries, bytes(4), values]))
