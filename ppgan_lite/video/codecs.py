"""The formats and codecs that clips are written in; imported by the command line, so NumPy and PyAV are not."""

from __future__ import annotations

from pathlib import Path

CONTAINERS = (".mp4", ".mov", ".m4v", ".mkv", ".webm")
ANIMATIONS = (".gif", ".webp", ".png", ".apng")
# Of files that are videos by their name; others may be ones too.
VIDEOS = (*CONTAINERS, ".3gp", ".avi", ".flv", ".m2ts", ".mpeg", ".mpg", ".mts", ".ogv", ".ts", ".wmv")
# Name of a codec -> FFmpeg's encoder, its options beside the quality, and the name of that.
CODECS: dict[str, tuple[str, dict[str, str], str]] = {
    "h264": ("libx264", {"preset": "faster"}, "crf"),
    "h265": ("libx265", {"preset": "fast", "x265-params": "log-level=none"}, "crf"),
    "av1": ("libsvtav1", {"preset": "9"}, "crf"),
    "vp9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "6", "row-mt": "1", "b": "0"}, "crf"),
    # Encoders of graphics cards and of Apple's chips, tried in this order by "hardware".
    "nvenc": ("h264_nvenc", {"rc": "vbr"}, "cq"),
    "qsv": ("h264_qsv", {}, "global_quality"),
    "amf": ("h264_amf", {"rc": "cqp"}, "qp_p"),
    "videotoolbox": ("h264_videotoolbox", {}, "q"),
}
HARDWARE = ("nvenc", "qsv", "amf", "videotoolbox")


def is_video(path: Path) -> bool:
    """Say whether a file is a video by its name."""
    return path.suffix.lower() in VIDEOS


def is_animation(path: Path) -> bool:
    """Say whether a file is an animated picture by its name."""
    return path.suffix.lower() in ANIMATIONS
