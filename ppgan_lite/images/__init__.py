"""Picture files to arrays and back, with orientation, color profile, alpha and metadata."""

from ppgan_lite.images.bounds import MAX_PIXELS, check_size, reading_threads
from ppgan_lite.images.folders import (
    begins_as_picture,
    find_images,
    free_path,
    natural_key,
    result_name,
    told_left_out,
    walk_folders,
)
from ppgan_lite.images.metadata import ImageMetadata, Kept, kept_metadata
from ppgan_lite.images.opening import READABLE_FORMATS, READABLE_SUFFIXES, check_readable, read_file
from ppgan_lite.images.reading import (
    decode_image,
    decode_stored,
    may_have_16_bits,
    read_image,
    read_stream,
    stored_size,
)
from ppgan_lite.images.sample import SAMPLE_PHOTO
from ppgan_lite.images.settings import UNNAMED, BlendPart, NamedFile, ResultSettings
from ppgan_lite.images.sizes import fitting_metadata, long_side_at_most, resize, short_side_to, to_depth
from ppgan_lite.images.writing import (
    HOLDS_16_BITS,
    WRITABLE,
    check_writable,
    encode_image,
    encode_stored,
    read_settings,
    suffix_of,
    write_file,
    write_image,
)

__all__ = [
    "HOLDS_16_BITS",
    "MAX_PIXELS",
    "READABLE_FORMATS",
    "READABLE_SUFFIXES",
    "SAMPLE_PHOTO",
    "UNNAMED",
    "WRITABLE",
    "BlendPart",
    "ImageMetadata",
    "Kept",
    "NamedFile",
    "ResultSettings",
    "begins_as_picture",
    "check_readable",
    "check_size",
    "check_writable",
    "decode_image",
    "decode_stored",
    "encode_image",
    "encode_stored",
    "find_images",
    "fitting_metadata",
    "free_path",
    "kept_metadata",
    "long_side_at_most",
    "may_have_16_bits",
    "natural_key",
    "read_file",
    "read_image",
    "read_settings",
    "read_stream",
    "reading_threads",
    "resize",
    "result_name",
    "short_side_to",
    "stored_size",
    "suffix_of",
    "to_depth",
    "told_left_out",
    "walk_folders",
    "write_file",
    "write_image",
]
