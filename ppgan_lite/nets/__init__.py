"""The nets: every one is a `Net` whose constructor takes JSON values only.

`NETS` is the table that configs and checkpoints name nets by. A new net costs one file and one line here.
"""

# Nets that paint; `inference.stylization.painters` has the subgraphs of their drafts.
PAINTING_NETS: dict[str, str] = {
    "LapStyleNet": "ppgan_lite.nets.lapstyle:LapStyleNet",
    "StyleTransferNet": "ppgan_lite.nets.style_transfer:StyleTransferNet",
    "AnyStyleNet": "ppgan_lite.nets.any_style:AnyStyleNet",
}

NETS: dict[str, str] = {
    **PAINTING_NETS,
    "Colorizer": "ppgan_lite.nets.colorizer:Colorizer",
    "GlobalDiscriminator": "ppgan_lite.nets.discriminators:GlobalDiscriminator",
    "LapStyleDiscriminator": "ppgan_lite.nets.discriminators:LapStyleDiscriminator",
    "MultiScaleDiscriminator": "ppgan_lite.nets.discriminators:MultiScaleDiscriminator",
    "PatchDiscriminator": "ppgan_lite.nets.discriminators:PatchDiscriminator",
    "PixelDiscriminator": "ppgan_lite.nets.discriminators:PixelDiscriminator",
    "ResnetGenerator": "ppgan_lite.nets.resnet_generator:ResnetGenerator",
    "SRResNet": "ppgan_lite.nets.sr_resnet:SRResNet",
    "UnetGenerator": "ppgan_lite.nets.unet_generator:UnetGenerator",
    "VGG16": "ppgan_lite.nets.vgg16:VGG16",
    "VGGEncoder": "ppgan_lite.nets.vgg:VGGEncoder",
}
