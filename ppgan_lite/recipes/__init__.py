"""Training of nets, one file per paper.

`RECIPES` is the table that configs name them by. A new recipe costs one file and one line here.
"""

RECIPES: dict[str, str] = {
    "AnyStyleDraft": "ppgan_lite.recipes.any_style:AnyStyleDraft",
    "Colorization": "ppgan_lite.recipes.colorization:Colorization",
    "CycleGAN": "ppgan_lite.recipes.cyclegan:CycleGAN",
    "LapStyleDraft": "ppgan_lite.recipes.lapstyle:LapStyleDraft",
    "LapStyleRevision": "ppgan_lite.recipes.lapstyle:LapStyleRevision",
    "Pix2Pix": "ppgan_lite.recipes.pix2pix:Pix2Pix",
    "PyramidRevision": "ppgan_lite.recipes.pyramid_revision:PyramidRevision",
    "Restoration": "ppgan_lite.recipes.restoration:Restoration",
    "StyleTransferDraft": "ppgan_lite.recipes.style_transfer:StyleTransferDraft",
}
