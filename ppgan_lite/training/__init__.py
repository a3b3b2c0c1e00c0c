"""Training: `train` takes an experiment to its end, or goes on with one; the loop knows no recipe.

| file | what is in it |
|---|---|
| loop.py | `train`, `try_out`, and the loop itself |
| run.py | one training: update, validate, preview, save, resume |
| preparing.py | from a config to recipe and dataset, set up as it says |
| run_folder.py | the files of a run, its lock, the room on its disk |
| resuming.py | may a run go on with this config? |
| state.py, optimizer_state.py | everything that a training is, as tensors of a checkpoint |
| schedule.py | learning rates and seeds as functions of the iteration |
| averaging.py | moving averages of weights |
| validation.py | measuring, the best so far, early stopping |
| previews.py, board.py, log.py | what a training shows |
| environment.py | on what it ran |
| distributed.py | several processes |
| stopping.py | Ctrl-C |
"""

from ppgan_lite.training.loop import train, try_out
from ppgan_lite.training.stopping import TrainingInterrupted

__all__ = ["TrainingInterrupted", "train", "try_out"]
