"""The engines that execute the subgraphs of nets, one a file; the choice among them (`selection`); their `cache`."""

# Name of an engine, and of the package that it imports -> its class. The first one is the reference that the others are
# measured by and that stands in for them; the others stand in the order of their speed, as benchmarks/stylize_speed.py
# measures it on a CPU.
ENGINES = {
    "paddle": "ppgan_lite.inference.engines.paddle:PaddleEngine",
    "openvino": "ppgan_lite.inference.engines.openvino:OpenVinoEngine",
    "onnxruntime": "ppgan_lite.inference.engines.onnxruntime:OnnxRuntimeEngine",
}
