"""The sample photo that ships, `astronaut.jpg`: a face, cloth, metal and letters, 512 x 512 pixels.

A portrait of the astronaut Eileen Collins, taken by NASA and in the public domain (NASA Great Images,
https://flic.kr/p/r9qvLn). It is scikit-image's `data.astronaut()` as a JPEG file.
"""

from __future__ import annotations

from pathlib import Path

SAMPLE_PHOTO = Path(__file__).with_name("astronaut.jpg")
