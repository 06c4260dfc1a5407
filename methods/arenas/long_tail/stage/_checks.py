"""What every long-tail method must keep to: all gradients are paid for, and test pictures are answered one by one."""

from __future__ import annotations

from collections.abc import Callable

import torch

from methods.arenas.long_tail.stage.nets import Net
from methods.arenas.long_tail.stage.task import Task
from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method
from methods.kit.training import logits_of

OVERDRAFT = 2    # batches by which the last step may overspend


def pays_for_its_gradients(rehearsal: Rehearsal, method: type[Method]) -> None:
    """Pictures pass with gradients in step() alone, where they are counted, and few enough in each."""
    unpaid = [0]

    def counted(hook: Callable[[Net, Task], None]) -> Callable[[Net, Task], None]:
        def call(net: Net, task: Task) -> None:
            def count(module, inputs):
                unpaid[0] += len(inputs[0]) * torch.is_grad_enabled()

            counter = net.backbone.register_forward_pre_hook(count)
            hook(net, task)
            counter.remove()
        return call

    watched = method()
    watched.prepare, watched.finish = counted(watched.prepare), counted(watched.finish)
    spent = rehearsal.run(watched).counts["gradients"]
    budget = rehearsal.stage.trial(scale=rehearsal.scale).options.steps
    require(not unpaid[0], f"{unpaid[0]} pictures pass with gradients in prepare() or finish(), where nobody pays for "
                           "them; use torch.no_grad() there")
    require(spent < budget + OVERDRAFT, f"it spends {spent:g} batches, {budget} are allowed: a step passes too many")


def answers_each_picture_alone(rehearsal: Rehearsal, method: type[Method]) -> None:
    """What the trained network says about a picture does not depend on the others, whose classes are balanced."""
    watched, x, answers = method(), rehearsal.data().val_x, []
    finish = watched.finish

    def ask(net: Net, task: Task) -> None:
        finish(net, task)
        answers.extend(logits_of(net, x, size) for size in (len(x), 7))

    watched.finish = ask
    rehearsal.run(watched)
    together, alone = answers
    require(torch.allclose(together, alone, rtol=1e-3, atol=1e-4),
            "the network's answer to a picture depends on the pictures it is asked with")
