"""The model zoo: every net is an `nn.Layer` whose constructor takes JSON values only.

`NETS` is the table that configs and checkpoints name nets by. A new net costs one file and one line here.
"""

# Every net keeps its constructor arguments as `net.arguments`, so that a checkpoint can name them.
NETS: dict[str, str] = {
    "AnyStyleNet": "ppgan_lite.nets.any_style:AnyStyleNet",
    "GlobalDiscriminator": "ppgan_lite.nets.discriminators:GlobalDiscriminator",
    "LapStyleDiscriminator": "ppgan_lite.nets.discriminators:LapStyleDiscriminator",
    "LapStyleNet": "ppgan_lite.nets.lapstyle:LapStyleNet",
    "MultiScaleDiscriminator": "ppgan_lite.nets.discriminators:MultiScaleDiscriminator",
    "PatchDiscriminator": "ppgan_lite.nets.discriminators:PatchDiscriminator",
    "PixelDiscriminator": "ppgan_lite.nets.discriminators:PixelDiscriminator",
    "ResnetGenerator": "ppgan_lite.nets.resnet_generator:ResnetGenerator",
    "SRResNet": "ppgan_lite.nets.sr_resnet:SRResNet",
    "StyleTransferNet": "ppgan_lite.nets.style_transfer:StyleTransferNet",
    "UnetGenerator": "ppgan_lite.nets.unet_generator:UnetGenerator",
    "VGG16": "ppgan_lite.nets.vgg16:VGG16",
    "VGGEncoder": "ppgan_lite.nets.vgg:VGGEncoder",
}
