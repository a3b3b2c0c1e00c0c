"""Measurement of checkpoints and of folders of pictures, by the metrics of `metrics.table`."""
