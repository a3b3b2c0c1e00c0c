"""The languages of the window: a file each."""
