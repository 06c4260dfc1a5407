"""ERNIE 2.0: tasks of the text come in one after another, and all that have come in go on.

    stage k: tasks 1..k take turns; hidden words, then the order of two halves, then how far apart they stood (3 ways)

Departs from the paper: three tasks for its seven, words without capitals and no phrases; no embedding that names the
task; stages of equal length. The half of the same document may be the window's own. With two stages the third task
never comes in.

>>> from methods.arenas.masked_adaptation.stage.ordered import TASKS
>>> TASKS
('words', 'order', 'distance')
"""

from methods.arenas.masked_adaptation.stage.ordered import Ordered
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Ernie2(Ordered):
    card = Card(
        title="ERNIE 2.0",
        papers=(Paper("ERNIE 2.0: A Continual Pre-training Framework for Language Understanding", 2019,
                      arxiv="1907.12412"),),
        fidelity="core",
        claims=(Beats("dapt", on="log_loss"), Beats("all-at-once", on="log_loss")),
        reduces_to=("all-at-once", {"stages": 1}),
    )

    stages: int = param(3, "stages in which tasks come in; 1 has all from the start", low=1, high=6)
