"""What training minimises: pure functions on tensors, each citing its paper."""
