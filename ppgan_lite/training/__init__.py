"""Training: `train` runs an experiment to its end, or resumes one; the loop knows no recipe.

| file | content |
|---|---|
| loop.py | `train`, `dry_run`, and the loop itself |
| run.py | one training: update, validate, preview, save, resume |
| preparing.py | build recipe and dataset from a config and configure them |
| run_folder.py | the files of a run, its lock, the room on its disk |
| resuming.py | the changes of a config that a resumed run may make |
| state.py, optimizer_state.py | all state of a training, as tensors of a checkpoint |
| schedule.py | learning rates and seeds as functions of the iteration |
| averaging.py | moving averages of weights |
| validation.py | validation and early stopping |
| previews.py, board.py, log.py | output of a training |
| report/ | a run as a page: curves, previews, whether to go on |
| environment.py | versions, device and command of each start |
| distributed.py | data-parallel training in several processes |
| stopping.py | interruption by Ctrl-C or SIGTERM |
"""

from ppgan_lite.training.loop import dry_run, train
from ppgan_lite.training.stopping import TrainingInterrupted

__all__ = ["TrainingInterrupted", "dry_run", "train"]
