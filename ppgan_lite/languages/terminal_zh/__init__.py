"""The command line in Simplified Chinese.

| file | content |
|---|---|
| help.py | help texts of verbs and options |
| messages.py | what is said while a verb runs, and parts of errors |
| batches_and_clips.py | the same, of batches, clips, workers and the service |
| training_and_configs.py | the same, of learning, training, configs and the doctor |
| files_and_engines.py | parts of errors about files, folders, checkpoints, devices and engines |
| click.py | the texts of click, which parses the command line |
"""

from ppgan_lite.languages.terminal_zh.batches_and_clips import BATCHES_AND_CLIPS
from ppgan_lite.languages.terminal_zh.click import CLICK
from ppgan_lite.languages.terminal_zh.files_and_engines import FILES_AND_ENGINES
from ppgan_lite.languages.terminal_zh.help import HELP
from ppgan_lite.languages.terminal_zh.messages import ERROR, ERRORS, JOINED
from ppgan_lite.languages.terminal_zh.messages import MESSAGES as OTHERS
from ppgan_lite.languages.terminal_zh.training_and_configs import TRAINING_AND_CONFIGS

MESSAGES = {**OTHERS, **BATCHES_AND_CLIPS, **TRAINING_AND_CONFIGS, **FILES_AND_ENGINES}

__all__ = ["CLICK", "ERROR", "ERRORS", "HELP", "JOINED", "MESSAGES"]
