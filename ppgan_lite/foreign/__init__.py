"""Other programs' files of weights: loading, detection, conversion, saving. Nothing in a file is ever executed."""
