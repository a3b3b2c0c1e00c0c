"""Other programs' files of weights, read and written. Nothing in such a file is ever executed."""
