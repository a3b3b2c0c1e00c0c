"""The model zoo: every net is an `nn.Layer` whose constructor takes JSON values only.

`NETS` is the table that configs and checkpoints name nets by. A new net costs one file and one line here.
"""

# Every net keeps its constructor arguments as `net.arguments`, so that a checkpoint can name them.
NETS: dict[str, str] = {
    "FeatureAdapter": "ppgan_lite.nets.vgg:FeatureAdapter",
    "LapStyleNet": "ppgan_lite.nets.lapstyle:LapStyleNet",
    "PatchDiscriminator": "ppgan_lite.nets.discriminators:PatchDiscriminator",
    "VGGEncoder": "ppgan_lite.nets.vgg:VGGEncoder",
}
