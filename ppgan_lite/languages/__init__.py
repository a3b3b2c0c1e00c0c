"""The languages that the program speaks: a file each, for the window and for the command line.

What only the window says is in `gui/languages`.
"""
