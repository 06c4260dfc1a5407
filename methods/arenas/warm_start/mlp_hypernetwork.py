"""A hypernetwork without a graph: each matrix is predicted from what it is for and where it stands, alone.

    W = decode(MLP(kind, depth, width)),   learnt ahead like GHN-3's

Follows the textbook: what GHN-3 does, without attention and degrees.

>>> from methods.arenas.warm_start.stage.predicting import role
>>> role("blocks.2.feed.out.weight")
'fall'
"""

from methods.arenas.warm_start.arena import WarmStartMethod
from methods.arenas.warm_start.stage.growing import overlap, set_
from methods.arenas.warm_start.stage.predicting import Predictor, made_of
from methods.kit.method import Card


class MlpHypernetwork(WarmStartMethod):
    card = Card(title="Hypernetwork without a graph")

    def initialise(self, target, task):
        if not task.prepared:
            return overlap(target, task.source)
        predictor = Predictor("alone").to(task.device)
        predictor.load_state_dict(task.prepared["alone"])
        set_(target, made_of(predictor, target))
