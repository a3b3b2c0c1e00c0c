"""TIFF files of every kind that the format has a name for, written byte by byte."""

from __future__ import annotations

import itertools
import struct
import zlib
from dataclasses import dataclass

import numpy as np

NONE, LZW, DEFLATE, PACKBITS = 1, 5, 8, 32773
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB = 0, 1, 2
ASSOCIATED, UNASSOCIATED = 1, 2  # kinds of alpha: the first one is multiplied into the colors
UINT, INT, FLOAT = 1, 2, 3
Tags = dict[int, tuple[str, list[int]]]  # tag -> how struct packs its values, the values
_TYPES = {"s": 2, "H": 3, "I": 4, "II": 5, "B": 7}  # text, short, long, rational, bytes


@dataclass(frozen=True)
class Kind:
    """How a TIFF holds its samples; defaults as in the specification."""

    bits: int = 8
    sample_format: int = UINT
    photometric: int = RGB
    alpha: int | None = None
    compression: int = NONE
    predictor: int = 1
    is_planar: bool = False
    is_tiled: bool = False
    order: str = "<"
    pages: int = 1

    @property
    def channels(self) -> int:
        return (3 if self.photometric == RGB else 1) + (self.alpha is not None)

    @property
    def white(self) -> int:
        return 1 if self.sample_format == FLOAT else (1 << self.bits) - 1

    def __str__(self) -> str:
        names = {NONE: "plain", LZW: "lzw", DEFLATE: "deflate", PACKBITS: "packbits"}
        colors = {WHITE_IS_ZERO: "inverted", BLACK_IS_ZERO: "gray", RGB: "rgb"}[self.photometric]
        alpha = {None: "", ASSOCIATED: "+premultiplied", UNASSOCIATED: "+alpha"}[self.alpha]
        flags = [name for name in ("planar", "tiled") if getattr(self, f"is_{name}")]
        predictor = [] if self.predictor == 1 else [f"predictor {self.predictor}"]
        sample = {UINT: "uint", INT: "int", FLOAT: "float"}[self.sample_format]
        pages = [f"{self.pages} pages"] if self.pages > 1 else []
        return " ".join(
            [f"{sample}{self.bits}", colors + alpha, names[self.compression], *predictor, *flags, *pages]
        ) + (" big-endian" if self.order == ">" else "")


def tiff(samples: np.ndarray, kind: Kind, more: Tags | None = None) -> bytes:
    """Return the bytes of a TIFF file; later pages, if any, are black.

    Args:
        samples: (height, width, channels), as they are to be stored.
        kind: How to store them.
        more: Tags to add.
    """
    order, body, heads = kind.order, b"", []
    for page in range(kind.pages):
        segments = [_compress(_packed(part, kind), kind.compression) for part in _segments(samples * (page == 0), kind)]
        offsets = [8 + len(body) + start for start in itertools.accumulate([0, *map(len, segments[:-1])])]
        body += b"".join(segments)
        body += bytes(len(body) % 2)
        tags = _tags(samples.shape[:2], kind, offsets, [len(segment) for segment in segments])
        heads.append(tags | (more or {}))
    directories, start = b"", 8 + len(body)
    for number, tags in enumerate(heads):
        directories += _directory(tags, start + len(directories), order, is_last=number == len(heads) - 1)
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(f"{order}I", start) + body + directories


def stored(colors: np.ndarray, kind: Kind, alpha: np.ndarray | None = None) -> np.ndarray:
    """Return the samples of a picture as a kind of TIFF stores them.

    Args:
        colors: float in 0..1, (height, width, 1 or 3).
        kind: The kind of file.
        alpha: float in 0..1, (height, width, 1), where it has alpha.
    """
    if kind.alpha == ASSOCIATED and alpha is not None:
        colors = colors * alpha
    if kind.photometric == WHITE_IS_ZERO:
        colors = 1 - colors
    values = colors if alpha is None else np.concatenate([colors, alpha], axis=2)
    return values if kind.sample_format == FLOAT else np.round(values * kind.white)


def _segments(samples: np.ndarray, kind: Kind) -> list[np.ndarray]:
    """Cut samples into strips or tiles of 16 x 16, plane by plane where each has its own."""
    planes = [samples[..., [index]] for index in range(samples.shape[2])] if kind.is_planar else [samples]
    height, width = samples.shape[:2]
    if not kind.is_tiled:
        return [plane[row : row + 7] for plane in planes for row in range(0, height, 7)]
    padded = [np.pad(plane, ((0, -height % 16), (0, -width % 16), (0, 0)), mode="edge") for plane in planes]
    return [
        plane[row : row + 16, column : column + 16]
        for plane in padded
        for row in range(0, height, 16)
        for column in range(0, width, 16)
    ]


def _packed(part: np.ndarray, kind: Kind) -> bytes:
    """Return samples as bytes, after the predictor."""
    rows, columns, channels = part.shape
    if kind.sample_format == FLOAT:
        numbers = part.astype(f"{kind.order}f{kind.bits // 8}")
        if kind.predictor != 3:
            return numbers.tobytes()
        planes = np.frombuffer(part.astype(f">f{kind.bits // 8}").tobytes(), np.uint8)  # most significant bytes first
        planes = planes.reshape(rows, columns * channels, kind.bits // 8).swapaxes(1, 2).reshape(rows, -1, channels)
        return np.diff(planes, axis=1, prepend=np.zeros((rows, 1, channels), np.uint8)).tobytes()
    values = part.astype(np.int64)
    if kind.predictor == 2:
        values = np.diff(values, axis=1, prepend=np.zeros((rows, 1, channels), np.int64)) % (1 << kind.bits)
    if kind.bits in (8, 16, 32, 64):
        return values.astype(np.uint64).astype(f"{kind.order}u{kind.bits // 8}").tobytes()
    bits = (values.reshape(rows, -1, 1) >> np.arange(kind.bits - 1, -1, -1)) & 1
    return np.packbits(bits.reshape(rows, -1).astype(np.uint8), axis=1).tobytes()


def _compress(data: bytes, compression: int) -> bytes:
    if compression == DEFLATE:
        return zlib.compress(data)
    if compression == PACKBITS:
        return b"".join(bytes([len(run) - 1]) + run for run in (data[i : i + 128] for i in range(0, len(data), 128)))
    return _lzw(data) if compression == LZW else data


def _lzw(data: bytes) -> bytes:
    """Compress as TIFF's LZW does: codes of 9 to 12 bits, most significant first, one code earlier than GIF's."""
    out: list[str] = []
    table, width = {bytes([value]): value for value in range(256)}, 9
    out.append(f"{256:09b}")
    current, following = b"", 258
    for value in data:
        longer = current + bytes([value])
        if longer in table:
            current = longer
            continue
        out.append(f"{table[current]:0{width}b}")
        table[longer], following = following, following + 1
        if following == 4095:
            out.append(f"{256:0{width}b}")
            table, width, following = {bytes([value]): value for value in range(256)}, 9, 258
        elif following in (512, 1024, 2048):
            width += 1
        current = bytes([value])
    if current:
        out.append(f"{table[current]:0{width}b}")
        following += 1
        width += following in (512, 1024, 2048)
    out.append(f"{257:0{width}b}")
    bits = "".join(out)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def _tags(
    size: tuple[int, ...], kind: Kind, offsets: list[int], lengths: list[int]
) -> dict[int, tuple[str, list[int]]]:
    height, width = size
    tags: dict[int, tuple[str, list[int]]] = {
        256: ("I", [width]),
        257: ("I", [height]),
        258: ("H", [kind.bits] * kind.channels),
        259: ("H", [kind.compression]),
        262: ("H", [kind.photometric]),
        277: ("H", [kind.channels]),
        284: ("H", [2 if kind.is_planar else 1]),
        317: ("H", [kind.predictor]),
        339: ("H", [kind.sample_format] * kind.channels),
    }
    if kind.is_tiled:
        tags |= {322: ("I", [16]), 323: ("I", [16]), 324: ("I", offsets), 325: ("I", lengths)}
    else:
        tags |= {273: ("I", offsets), 278: ("I", [7]), 279: ("I", lengths)}
    if kind.alpha is not None:
        tags[338] = ("H", [kind.alpha])
    return tags


def _directory(tags: Tags, start: int, order: str, *, is_last: bool) -> bytes:
    head, values = struct.pack(f"{order}H", len(tags)), b""
    after_head = start + 2 + 12 * len(tags) + 4
    for tag, (form, numbers) in sorted(tags.items()):
        data = struct.pack(f"{order}{len(numbers)}{form[0].replace('s', 'B')}", *numbers)
        place = data.ljust(4, b"\0") if len(data) <= 4 else struct.pack(f"{order}I", after_head + len(values))
        values += data + bytes(len(data) % 2) if len(data) > 4 else b""
        head += struct.pack(f"{order}HHI", tag, _TYPES[form], len(numbers) // len(form)) + place
    return head + struct.pack(f"{order}I", 0 if is_last else after_head + len(values)) + values
