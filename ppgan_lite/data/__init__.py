"""Datasets: index -> named arrays, each float32 CHW in [0, 1].

`DATASETS` is the table of names for configs. A new dataset costs one file and one line here.
"""

DATASETS: dict[str, str] = {
    "ContentAndStyle": "ppgan_lite.data.content_and_style:ContentAndStyle",
    "Degraded": "ppgan_lite.data.degraded:Degraded",
    "Folder": "ppgan_lite.data.folder:Folder",
    "Paired": "ppgan_lite.data.paired:Paired",
    "Unpaired": "ppgan_lite.data.unpaired:Unpaired",
}
