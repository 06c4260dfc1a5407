"""N2N: two policies learn by reinforcement which layers of a teacher to remove, and how far to shrink the rest.

    removal: a bidirectional LSTM reads the blocks' sizes and keeps or removes each
    shrinkage: an LSTM that also reads its last action gives each heads and units a factor 0.1 ... 1
    R = C (2 - C) A / A_teacher, -1 where there is no room;   REINFORCE, less a moving average of R, Adam at 0.03
    students learn from CE + squared difference of logits

The first half of the students trains the first policy, the second, starting from the best so far, the other. The best
by reward is then tuned.

Departs from the paper: 16 students of two steps each, not hundreds of five epochs, and Adam at ten times the rate of
its code; blocks of a transformer with heads and hidden units in place of layers and filters; a student begins with the
teacher's weights.

>>> shrunk((3, 192), (0.1, 0.5))
(1, 96)
"""

import torch
from torch import nn

from methods.arenas.compression.arena import CompressionMethod
from methods.arenas.compression.stage.elastic import Choice, whole
from methods.arenas.compression.stage.students import CANDIDATES, sought, taught
from methods.kit.method import Beats, Card, Paper

FACTORS = tuple(at / 10 for at in range(1, 11))


def shrunk(layer: tuple[int, int], factors: tuple[float, float]) -> tuple[int, int]:
    return tuple(max(1, round(size * factor)) for size, factor in zip(layer, factors, strict=True))  # type: ignore[return-value]  # two of them


class Policies(nn.Module):
    def __init__(self, hidden: int = 16):
        super().__init__()
        self.reads = nn.LSTM(3, hidden, bidirectional=True, batch_first=True)
        self.removes = nn.Linear(2 * hidden, 2)
        self.shrinks, self.says = nn.LSTMCell(4, hidden), nn.Linear(hidden, len(FACTORS))


class N2n(CompressionMethod):
    card = Card(
        title="N2N learning",
        papers=(Paper("N2N Learning: Network to Network Compression via Policy Gradient Reinforcement Learning", 2017,
                      arxiv="1709.06030"),),
        fidelity="core",
        claims=(Beats("random-search", on="bits_per_byte"),),
    )

    def compress(self, net, task):
        self.teacher = task.teacher()
        many = min(CANDIDATES, task.steps // 3) if task.steps else CANDIDATES
        layers, policies = whole(net), Policies().to(task.device)
        optimizer = torch.optim.Adam(policies.parameters(), 0.03)
        size = torch.tensor([[at / len(layers), a / 10, b / 1000] for at, (a, b) in enumerate(layers)],
                            device=task.device)
        state = {"average": 0.0, "best": -2.0, "kept": list(layers)}

        def act(logits):
            at = torch.multinomial(logits.softmax(-1).cpu(), 1, generator=lot).item()
            self.said.append(logits.log_softmax(-1)[at])
            return at

        def propose(at: int) -> Choice:
            self.said = []
            if at < max(1, many // 2):
                with torch.enable_grad():
                    logits = policies.removes(policies.reads(size[None])[0][0])
                    state["now"] = [layer if act(each) else (0, 0) for layer, each in zip(layers, logits, strict=True)]
                return state["now"]
            made, h, last = [], None, 1.0
            with torch.enable_grad():
                for layer, row in zip(state["kept"], size, strict=True):
                    factors = []
                    for _ in range(2 if layer[0] else 0):
                        h = policies.shrinks(torch.cat([row, row.new_tensor([last])])[None], h)
                        last = FACTORS[act(policies.says(h[0])[0])]
                        factors.append(last)
                    made.append(shrunk(layer, tuple(factors)) if factors else (0, 0))
            state["now"] = made
            return made

        def learn(value: float) -> None:
            if value > state["best"] and any(heads for heads, _ in state["now"]):
                state["best"] = value
                if all(layer in ((0, 0), full) for layer, full in zip(state["now"], layers, strict=True)):
                    state["kept"] = state["now"]
            advantage = value - state["average"]
            state["average"] = 0.9 * state["average"] + 0.1 * value
            if self.said:
                optimizer.zero_grad(set_to_none=True)
                (-advantage * torch.stack(self.said).sum()).backward()
                optimizer.step()

        lot = task.trial.generator("policy")
        return sought(task, self.teacher, many, propose, learn)

    def loss(self, net, batch, task):
        return taught(net, self.teacher, batch)
