"""Rules that paint: each takes a photo, float32 (height, width, 3) RGB in [0, 1], and a random generator.

Each returns a picture of the photo's size, float32, about [0, 1]. All other parameters (sizes, directions, colors of
marks) are drawn from the generator, so that no two pictures of a rule look alike.
"""

from __future__ import annotations

from .lines import flow, hatching, inked_areas, watercolor, woodcut
from .shapes import abstract, facets, lattice, ornament, planes
from .strokes import dots, long_strokes, palette_knife, pastel, short_dabs

RULES = {
    "strokes": long_strokes,
    "dabs": short_dabs,
    "dots": dots,
    "knife": palette_knife,
    "pastel": pastel,
    "facets": facets,
    "planes": planes,
    "lattice": lattice,
    "abstract": abstract,
    "ornament": ornament,
    "hatching": hatching,
    "woodcut": woodcut,
    "flow": flow,
    "inked": inked_areas,
    "watercolor": watercolor,
}
