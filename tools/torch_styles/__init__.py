"""Painters in PyTorch, for `train_styles_torch.py`: the nets of ppgan_lite with the same names of parameters."""
