"""Clips: each frame of a video through a predictor, steadily, with the sound copied.

| file | content |
|---|---|
| frames.py | a frame, and what a clip is: size, rate, colors |
| codecs.py | the formats and codecs that are written |
| reading.py | a clip's frames, upright RGB |
| tone_mapping.py | HDR to SDR |
| writing.py | frames to a file: encoded in segments, then put together with sound and subtitles |
| painting.py | a frame through a predictor |
| camera.py | the newest frame of a camera |
| live.py | a camera painted while it films |
| pictures.py | animated GIF and WebP, by Pillow |
| clip_settings.py | how a clip was made, as its file holds it |
| steadiness.py | what a frame takes over from the one before, along its motion |
| scrubbing.py | any frame of a clip |
| rendering.py | read, paint and write at once; stop, and go on |
"""
