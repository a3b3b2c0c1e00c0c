"""Losses: pure functions on tensors, each citing its paper."""
