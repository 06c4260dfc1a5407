"""What every method of this arena must keep to: budget, allowance, where it starts, and what it may see."""

from __future__ import annotations

from types import SimpleNamespace

import torch
from torch import Tensor

from methods.arenas.peft.stage._data import PeftData
from methods.arenas.peft.stage._fit import start
from methods.arenas.peft.stage._source import SYMBOLS, build, sizes_of, source_of
from methods.arenas.peft.stage._task import Task
from methods.arenas.peft.stage.examples import Examples, plain
from methods.kit.adapters import Transformer
from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method

OVERDRAFT = 3            # batches by which the last step may overspend
GATES = 49_924 - 43_008  # what gates of experts, which grow with the encoder's width, may add in `sentences`
GATE_NAMES = ("gate", "threshold", "router")
NEW = {"head.weight", "head.bias"}
FIRST_SYMBOLS = 4


def spends_its_budget(rehearsal: Rehearsal, method: type[Method]) -> None:
    """As many gradient evaluations as everybody's, in every setting it was run in."""
    for setting, rehearsed in rehearsal.outcomes_of(method).items():
        steps, spent = rehearsal.stage.trial(setting=setting, scale=rehearsal.scale).options.steps, \
            rehearsed.counts["gradients"]
        require(steps <= spent < steps + OVERDRAFT, f"it spends {spent:g} batches in setting {setting}, {steps} are "
                                                    "to be spent")


def stays_within_the_allowance(rehearsal: Rehearsal, method: type[Method]) -> None:
    """Trained parameters of the last stage at full scale, in pictures and in sentences."""
    for setting in ("default", "sentences"):
        trial = rehearsal.stage.trial(setting=setting, scale="full")
        options = trial.options
        data = _made_up(options, (options.context, options.width) if setting == "sentences" else (1, 28, 28))
        task = Task(data, trial, 1e-3, 10)
        adapted = _adapted(method, data, options, task)
        if adapted is None:
            continue
        contestant, net = adapted
        task.stage(net)
        task.spent = task.budget * 9 // 10
        task._entered.add(0.0)
        contestant.advance(net, task)
        trained = {name: p.numel() for name, p in net.named_parameters() if p.requires_grad and name not in NEW}
        gates = sum(size for name, size in trained.items() if any(part in name for part in GATE_NAMES))
        allowed = options.allowance + (min(gates, GATES) if setting == "sentences" else 0)
        require(sum(trained.values()) <= allowed,
                f"it trains {sum(trained.values())} parameters in setting {setting}, {allowed} are allowed")


def starts_from_the_pretrained_model(rehearsal: Rehearsal, method: type[Method]) -> None:
    """Before any training the adapted model has the features of the frozen one."""
    trial, data = rehearsal.stage.trial(scale=rehearsal.scale), rehearsal.data()
    adapted = _adapted(method, data, trial.options, Task(data, trial, 1e-3, 8))
    require(adapted, "it refuses the main setting")
    contestant, net = adapted
    net.eval()
    with torch.no_grad():
        ours = contestant.features(net, data.val)
        frozen = rehearsal.stage.slot.features(contestant, _started(data, trial.options).eval(), data.val)
    require(ours.shape == frozen.shape and torch.allclose(ours, frozen, rtol=2e-3, atol=2e-3),
            "before training its features are not those of the pretrained model")


def sees_no_symbol_to_come(rehearsal: Rehearsal, method: type[Method]) -> None:
    """In a language model, what it says of a symbol does not depend on later ones, whatever its parameters."""
    trial, data = rehearsal.stage.trial(setting="text", scale=rehearsal.scale), rehearsal.data("text")
    adapted = _adapted(method, data, trial.options, Task(data, trial, 1e-3, 8), classes=SYMBOLS)
    if adapted is None:
        return
    contestant, net = adapted
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in net.parameters():
            if p.requires_grad:
                p.add_(0.1 * torch.randn(p.shape, generator=draw))
        x, val = data.val.x.clone(), data.val
        x[:, FIRST_SYMBOLS:] = (x[:, FIRST_SYMBOLS:] + 1) % SYMBOLS
        before, after = (contestant.features(net.eval(), Examples(symbols, val.y, val.look, val.question))
                         .unflatten(0, (len(x), -1)) for symbols in (val.x, x))
    require(torch.allclose(before[:, :FIRST_SYMBOLS], after[:, :FIRST_SYMBOLS], rtol=1e-4, atol=1e-5),
            "what it says of a symbol depends on the symbols after it")
    require(not torch.allclose(before[:, FIRST_SYMBOLS:], after[:, FIRST_SYMBOLS:]),
            "what it says of a symbol does not depend on the symbol")


def _started(data: PeftData, options: SimpleNamespace) -> Transformer:
    return start(data, options, torch.Generator().manual_seed(0))


def _adapted(method: type[Method], data: PeftData, options: SimpleNamespace, task: Task, *,
             classes: int = 10) -> tuple[Method, Transformer] | None:
    """A fresh contestant and the model it has adapted; None where it refuses the setting, which its card says."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net, contestant = _started(data, options), method()
        contestant.classes, task.fresh = classes, set(NEW)
        for p in net.head.parameters():
            p.requires_grad_(True)
        try:
            contestant.adapt(net, task)
        except ValueError as error:
            if "pictures" in str(error):
                return None
            raise
    return contestant, net


def _made_up(options: SimpleNamespace, shape: tuple[int, ...]) -> PeftData:
    """Inputs of the right shape and an untaught model: enough to count parameters."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = build(sizes_of(options), source_of(options))
        state = {name: value.numpy() for name, value in net.state_dict().items()}
        inputs: Tensor = torch.randn(64, *shape)
    some = plain(inputs, torch.arange(64) % 10)
    return PeftData(state, some, some, some, some.x, some.x, some, (some,) * 3)
