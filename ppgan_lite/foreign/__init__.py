"""Readers of other programs' files of weights. Nothing in such a file is ever executed."""
