"""Paint the thumbnails of all styles anew: python tools/paint_thumbnails.py."""

from publish_style import write_thumbnail

from ppgan_lite.styles import catalogue

for style in catalogue():
    write_thumbnail(style.path)
    print(style.path.with_suffix(".jpg"))
