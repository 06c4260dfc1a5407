"""Early stop: masked words at a constant rate, stopped at the first checkpoint whose loss is that of the last.

    theta_i with the least i for which L_kept(theta_i) <= L_kept(theta_last) + 0.02 nats

>>> from methods.arenas.encoder_pretraining.stage.past import earliest
>>> earliest([3.0, 2.01, 2.4, 2.0], 0.02)
1
"""

from methods.arenas.encoder_pretraining.stage.past import Past, earliest
from methods.kit.method import Card


class EarlyStop(Past):
    card = Card(title="Early stop")

    def finish(self, net, task):
        net.load_state_dict(self.known[earliest([value for value, _ in self.known], 0.02)][1])
        return net
