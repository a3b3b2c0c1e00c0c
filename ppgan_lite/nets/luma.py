"""The luma of a color, as picture files and OpenCV have it. Engines need it without Paddle."""

LUMA = (0.299, 0.587, 0.114)  # of red, green and blue (ITU-R BT.601)
