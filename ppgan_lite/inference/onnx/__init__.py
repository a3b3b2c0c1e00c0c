"""Graphs of subgraphs as ONNX files: traced by Paddle, converted, improved by passes, found again in the cache."""
