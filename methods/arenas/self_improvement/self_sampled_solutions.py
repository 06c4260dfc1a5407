"""Self-sampled solutions: learn from every right program the model finds, and from right beginnings of wrong ones.

Each question keeps a buffer that begins with its reference program. Whenever a question is trained on, the model draws
a program. One that does what is wanted, and whose states are new, joins the buffer; of another, the longest beginning
joins whose last state is also a state of a right program in the buffer.

    mle: -mean_y log p(y | x)     mml: -log sum_y p(y | x)     beta-mml: -(1/beta) log sum_y p(y | x)^beta

Departs from the paper: programs have two steps of six rules, and the model has read such programs before; the state is
the string of digits; a buffer holds at most six; programs are always drawn from their beginning, where there the model
also goes on from beginnings that were kept; a beginning stays when a program that holds it joins.

>>> round(multi(torch.tensor([-1.0, -1.0]), "mml", 0.25).item(), 4)          # 1 - log 2
0.3069
"""

import torch

from methods.arenas.self_improvement.arena import SelfImprovementMethod
from methods.arenas.self_improvement.stage.sampling import log_p
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def multi(log_p, objective, beta):
    """Loss of the log probabilities (K,) of a question's solutions."""
    if objective == "mle":
        return -log_p.mean()
    beta = 1.0 if objective == "mml" else beta
    return -(beta * log_p).logsumexp(0) / beta


def joins(states, known):
    """How long a beginning of a program with these states (steps + 1, as tuples) a buffer of such rows lets in."""
    reached = {state for row in known for state in row[1:]}
    for length in range(len(states) - 1, 0, -1):
        if states[length] in reached and not any(row[:length + 1] == states[:length + 1] for row in known):
            return length
    return 0


class SelfSampledSolutions(SelfImprovementMethod):
    card = Card(
        title="Self-sampled solutions",
        papers=(Paper("Learning Math Reasoning from Self-Sampled Correct and Partially-Correct Solutions", 2022,
                      arxiv="2205.14318"),),
        fidelity="core",
        claims=(Beats("gold-tuning", on="pass_at_8", setting="programs"),),
        waivers={name: "in the default setting a question has one right answer, and so one solution"
                 for name in ("knob:objective", "knob:beta", "knob:partial")},
    )

    objective: str = param("mle", "how several solutions count", choices=("mle", "mml", "beta-mml"))
    beta: float = param(0.25, "exponent of beta-mml", low=0.01, high=1.0)
    partial: bool = param(True, "whether right beginnings of wrong programs are kept")

    def improve(self, net, task):
        asked, known = task.labelled.asked, task.labelled.answers
        traces = self._states(task, asked, known)
        buffers = [[(known[i], traces[i])] for i in range(len(asked))]

        def loss(rows):
            rows = rows[:16].unique()
            with torch.no_grad():
                self._grow(net, task, rows, buffers)
            flat = [(i, program) for i in rows.tolist() for program, _ in buffers[i]]
            total, values = {}, []
            for length in {len(program) for _, program in flat}:
                own = [(i, program) for i, program in flat if len(program) == length]
                at = torch.tensor([i for i, _ in own], device=asked.device)
                for (i, _), value in zip(own, log_p(net, asked[at], torch.stack([p for _, p in own])), strict=True):
                    total.setdefault(i, []).append(value)
            values = [multi(torch.stack(each), self.objective, self.beta) for each in total.values()]
            return torch.stack(values).mean() / known.shape[1]

        return task.descend(net, loss, len(asked))

    def _grow(self, net, task, rows, buffers):
        said = task.sample(net, task.labelled.asked[rows], purpose=f"programs {task.trial.counts.get('gradients', 0)}")
        programs, right = said[0][:, 0], task.right(rows, said[0][:, 0])
        for i, program, fits, states in zip(rows.tolist(), programs, right.tolist(), self._states(
                task, task.labelled.asked[rows], programs), strict=True):
            known = [row for _, row in buffers[i]]
            length = len(program) if fits else joins(states, known) if self.partial else 0
            if length and len(known) < 6 and states[:length + 1] not in known:
                buffers[i].append((program[:length], states[:length + 1]))

    def _states(self, task, asked, programs):
        return [tuple(map(tuple, each)) for each in task.run(asked, programs).tolist()]
