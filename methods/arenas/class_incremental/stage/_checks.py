"""What every class-incremental method must keep to: gradients are paid for, pictures are kept in the memory alone, and
test pictures are answered one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from methods.arenas.class_incremental.stage._stream import Session
from methods.arenas.class_incremental.stage.nets import Net
from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method

OVERDRAFT = 2    # batches by which the last step of a session may overspend


def pays_for_its_gradients(rehearsal: Rehearsal, method: type[Method]) -> None:
    """No picture passes with gradients in begin_session(), where nobody counts, and few enough in each step."""
    watched = method()
    begin, end, unpaid, budgets, overspent = watched.begin_session, watched.end_session, [0], [], []

    def count(module: nn.Module, inputs: tuple) -> None:
        unpaid[0] += len(inputs[0]) * torch.is_grad_enabled()

    def begin_counted(net: Net, session: Session) -> None:
        budgets.append(session.budget)
        counter = net.blocks[0].register_forward_pre_hook(count)
        begin(net, session)
        counter.remove()

    def end_measured(net: Net, session: Session) -> None:
        overspent.append((session.spent - budgets[-1]) / session.batch_size)
        end(net, session)

    watched.begin_session, watched.end_session = begin_counted, end_measured
    rehearsal.run(watched)
    require(not unpaid[0], f"{unpaid[0]} pictures pass with gradients in begin_session(), where nobody pays for them; "
                           "use torch.no_grad() there")
    require(max(overspent) < OVERDRAFT, f"a session spends {max(overspent):g} batches more than it is given")


def keeps_pictures_in_memory_alone(rehearsal: Rehearsal, method: type[Method]) -> None:
    """A session's pictures are gone when it ends, but for those in the memory, which does not outgrow its limit."""
    watched, picture = method(), rehearsal.data().x.shape[1:]
    end = watched.end_session

    def end_searched(net: Net, session: Session) -> None:
        end(net, session)
        memory = session.memory
        require(len(memory) <= memory.limit, f"{len(memory)} pictures are kept, {memory.limit} are allowed")
        for name, value in vars(watched).items():
            if any(tensor.shape[-3:] == picture for tensor in _tensors(value, {id(memory), id(end_searched)})):
                elsewhere.add(name)

    elsewhere: set[str] = set()
    watched.end_session = end_searched
    rehearsal.run(watched)
    require(not elsewhere, f"pictures stay in {', '.join(sorted(elsewhere))} when a session ends; they may be kept in "
                           "session.memory")


def answers_each_picture_alone(rehearsal: Rehearsal, method: type[Method]) -> None:
    """The answer to a test picture does not depend on the others, which tell how common the classes are."""
    watched, differ = method(), []
    scores = watched.scores

    def scores_compared(net: Net, x: Tensor) -> Tensor:
        together = scores(net, x)
        alone = torch.empty_like(together)
        for first in (0, 1):
            alone[first::2] = scores(net, x[first::2])
        differ.append(not torch.allclose(together, alone, rtol=1e-3, atol=1e-4))
        return together

    watched.scores = scores_compared
    rehearsal.run(watched)
    require(not any(differ), "scores() of a picture depend on the pictures it is asked with")


def _tensors(value: object, seen: set[int]) -> Iterator[Tensor]:
    """All tensors that can be reached from a value, without what is seen already."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, nn.Module):
        yield from (*value.parameters(), *value.buffers())
    else:
        parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple | set) \
            else vars(value).values() if hasattr(value, "__dict__") else ()
        for part in parts:
            yield from _tensors(part, seen)
