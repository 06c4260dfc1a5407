"""Best short run: the mixture whose short run ended lowest on what is known of the target.

    p = w_r,   r = argmin_r L_target(w_r)

Follows the textbook.

>>> min(zip((3.1, 2.9), ("a", "b")))[1]
'b'
"""

from methods.arenas.data_mixing.arena import DataMixingMethod
from methods.kit.method import Card


class BestProxy(DataMixingMethod):
    card = Card(title="Best short run")

    def mixture(self, task):
        return task.mixtures[task.ends[:, -1].argmin()]
