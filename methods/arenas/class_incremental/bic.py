"""BiC: after learning with kept pictures and old answers, correct the bias towards the new classes by two numbers.

Kept pictures and distillation leave a last layer that prefers the new classes, of which there were many more pictures.
That preference is simple enough for a linear correction of the new classes' logits, with one slope and one offset for
all of them. It is fitted, the network frozen, on pictures of all classes in equal numbers that were kept out of
training.

    stage 1:  loss = lam * L_d + (1 - lam) * CE,   lam = n / (n + m),   n old and m new classes
              L_d = - sum over old k of softmax(old logits / T)_k * log softmax(logits / T)_k                 (eq. 2-4)
    stage 2:  q_k = o_k for old k,  alpha * o_k + beta for new k;   min over alpha, beta of CE(q, y)          (eq. 6)

The old answers are those of the network before the session as it was corrected then. Where no pictures may be kept
there are none to fit the correction on, and stage 1 alone is left.

Pictures are kept by herding, as in iCaRL.

Departs from the paper: the two numbers are fitted to the optimum by L-BFGS, at least one kept picture of each old class
is held out where a tenth would be less, and those held out are dealt anew in every session.

>>> import torch
>>> corrected(torch.tensor([[1.0, 2.0]]), torch.tensor([1]), torch.tensor([0.5, 3.0])).tolist()      # 0.5 * 2 + 3
[[1.0, 4.0]]
"""

import torch
import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import frozen_copy, herding, in_parts, only, with_memory
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def corrected(logits, new, slope_offset):
    """Logits (B, C) with those of the classes `new` scaled and moved."""
    out = logits.clone()
    out[:, new] = slope_offset[0] * logits[:, new] + slope_offset[1]
    return out


def held_out(y, classes, each):
    """(N,) bool: `each` random rows of every class of y (N,), and never all of them."""
    out = torch.zeros_like(y, dtype=torch.bool)
    for c in classes:
        rows = (y == c).nonzero()[:, 0]
        out[rows[torch.randperm(len(rows))[max(len(rows) - each, 1):].to(y.device)]] = True
    return out


class Bic(ClassIncrementalMethod):
    card = Card(
        title="BiC",
        papers=(Paper("Large Scale Incremental Learning", 2019, arxiv="1905.13260"),),
        fidelity="faithful",
        claims=(Beats("icarl", on="average_accuracy", setting="exemplars"),
                Beats("lwf", on="average_accuracy", setting="exemplars"),
                Beats("icarl", on="last_accuracy", setting="exemplars")),
        needs_scale=("Leads most where there are very many classes (a thousand of ImageNet, ten thousand faces).",),
    )

    t: float = param(2.0, "temperature of the distilled answers", low=1.0, high=10.0)
    share: float = param(0.1, "share of the kept pictures that the correction is fitted on", low=0.01, high=0.5)

    def begin_session(self, net, session):
        memory, self.held = session.memory, None
        if session.number == 0:
            self.new, self.bias = session.new, session.names.new_tensor([1.0, 0.0])
        self.teacher = frozen_copy(net) if session.number else None
        if session.number and len(memory):
            each = max(1, round(self.share * memory.limit / len(session.old)))
            kept, fresh = held_out(memory.y, session.old, each), held_out(session.y, session.new, each)
            self.whole = memory.x, memory.y, session.x, session.y
            self.held = torch.cat([memory.x[kept], session.x[fresh]]), torch.cat([memory.y[kept], session.y[fresh]])
            memory.x, memory.y = memory.x[~kept], memory.y[~kept]
            session.x, session.y = session.x[~fresh], session.y[~fresh]

    def loss(self, net, session):
        x, y = with_memory(session)
        logits = net(x)
        loss = F.cross_entropy(only(logits, session.competing), y)
        if self.teacher is None:
            return loss
        before = corrected(self.teacher(x), self.new, self.bias)[:, session.old]
        distilled = F.cross_entropy(logits[:, session.old] / self.t, (before / self.t).softmax(1))
        lam = len(session.old) / len(session.seen)
        return lam * distilled + (1 - lam) * loss

    def end_session(self, net, session):
        memory, self.teacher = session.memory, None
        self.new, self.bias = session.new, session.names.new_tensor([1.0, 0.0])
        if self.held is not None:
            if len(session.new):
                self.fit(in_parts(net, self.held[0]), self.held[1], session.seen)
            memory.x, memory.y, session.x, session.y = self.whole
            del self.held, self.whole
        quota = memory.limit // len(session.seen)
        memory.share(session.x, session.y, lambda rows: herding(in_parts(net.features, rows), quota))

    def fit(self, logits, y, seen):
        """The slope and the offset at which the held-out pictures are named best."""
        bias = self.bias.clone().requires_grad_()
        solver = torch.optim.LBFGS([bias], max_iter=50, line_search_fn="strong_wolfe")

        def closure():
            solver.zero_grad()
            loss = F.cross_entropy(only(corrected(logits, self.new, bias), seen), y)
            loss.backward()
            return loss

        with torch.enable_grad():
            solver.step(closure)
        self.bias = bias.detach()

    def scores(self, net, x):
        return corrected(net(x), self.new, self.bias)
