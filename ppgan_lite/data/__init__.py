"""Data sets: index -> named arrays, each float32 CHW in [0, 1].

`DATASETS` is the table that configs name them by. A new one costs one file and one line here.
"""

DATASETS: dict[str, str] = {
    "ContentAndStyle": "ppgan_lite.data.content_and_style:ContentAndStyle",
}
