"""Learn a painting: from one picture and a few minutes to a style, by the training of a config that ships.

| file | content |
|---|---|
| learning.py | `learn`: the steps, one after the other |
| plan.py | the folder of a run, and what it was asked for |
| previews.py | a photo painted by a net in training |
| results.py | the style's file |
| photos/ | small photos to learn on, with their attribution |
"""

from ppgan_lite.learning.learning import LearnInterrupted, learn
from ppgan_lite.learning.plan import Request

__all__ = ["LearnInterrupted", "Request", "learn"]
