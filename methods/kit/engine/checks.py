"""The contract: what must hold for every method and every arena, checked without anybody listing them.

    for result in check("long-tail", "focal-loss"):
        print(result.status, result.name, result.message)

Checks that read the file are in methods.kit.engine.text_checks; here are those that run it, at scale "smoke"
and with fetched data refused, and the full-scale ones on demand. A card's waivers name checks that
cannot hold, with the reason; they are strict: a waived check that passes is a failure. A waiver of a
full-scale check is judged when that check runs.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import random
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from methods.kit.engine import registry
from methods.kit.engine import text_checks as text
from methods.kit.engine.archives import refused
from methods.kit.engine.code_digest import essence, run_digests
from methods.kit.engine.fingerprint import fingerprint
from methods.kit.engine.rehearsal import Rehearsal, Rehearsed, global_state, rehearsal_of, restore
from methods.kit.engine.requirements import CheckFailed, require
from methods.kit.method import Method

SMOKE_SECONDS = 1.0     # of processor time, for one smoke run
LEAK_TOLERANCE = 0.1    # share of the lead over chance that shuffled labels may keep, beside two standard errors
LEAK_SEEDS = 3
FULL_CHECKS = {"above-chance", "within-limits"}     # of a method, run on demand


@dataclass(frozen=True)
class Check:
    name: str
    run: Callable[[], object]


@dataclass(frozen=True)
class Result:
    """`status` is "passed", "waived" or "failed"; a failure's message says where and why."""

    name: str
    status: str
    message: str
    seconds: float


def contestants(target: str) -> list[tuple[str, str | None]]:
    """What `target` means, as (arena, method) pairs; a method of None is the arena itself.

    It may be a path to a method's or an arena's file, "arena/method", or an arena, which brings its methods.
    Raises KeyError saying what there is.
    """
    path = Path(target).resolve()
    if path.suffix == ".py":
        if path.parent.parent != registry.ARENAS or not path.exists():
            raise KeyError(f"{target} is not a file in a folder of {registry.ARENAS}")
        arena = path.parent.name.replace("_", "-")
        return [(arena, None if path.name == "arena.py" else path.stem.replace("_", "-"))]
    if path.parent == registry.ARENAS and path.is_dir():
        target = path.name.replace("_", "-")
    arena, _, method = target.strip("/").partition("/")
    if arena not in registry.arena_slugs():
        raise KeyError(f"no arena {arena}; there are {', '.join(registry.arena_slugs()) or 'none'}")
    slugs = sorted(text.rivals_of(arena))
    if method and method not in slugs:
        raise KeyError(f"no method {method} in {arena}; there are {', '.join(slugs) or 'none'}")
    return [(arena, method)] if method else [(arena, None), *((arena, slug) for slug in slugs)]


def check(arena: str, method: str | None = None, *, full: bool = False, known: bool = False) -> Iterator[Result]:
    """Run the contract on one method, or on the arena itself, with its baseline, when `method` is None.

    `known` is for a method whose `contract_key` is that of code that passed: only its file and one run are checked.
    """
    waivers: dict[str, str] = {}
    if method is None:
        yield from results(arena_checks(arena, full=full), waivers)
    else:
        path = registry.ARENAS / arena.replace("-", "_") / f"{method.replace('-', '_')}.py"
        later = set() if full else FULL_CHECKS
        if known:
            later = later | set(registry.load_method(arena, method).card.waivers)
        yield from results(method_checks(arena, path, waivers, full=full, known=known), waivers, later)


def contract_key(arena: str, method: str) -> str:
    """Tells whether a change can reach what the contract says of a method: the digests of its smoke runs and of those
    of the rival it reduces to, what its card asks for, the checks and the version of torch."""
    cls, stage = registry.load_method(arena, method), registry.load_arena(arena)
    rivals = [registry.load_method(arena, cls.card.reduces_to[0])] if cls.card.reduces_to else []
    smoke = [(name, digest) for each in (cls, *rivals) for name, digest in sorted(run_digests(each, stage).items())
             if name.endswith("/smoke")]
    checks = {inspect.getmodule(part) for part in (check, Rehearsal, require, *stage.checks)}
    asked = [sorted(cls.card.waivers), repr(cls.card.reduces_to), torch.__version__.partition("+")[0]]
    sources = sorted(essence(inspect.getsource(module)) for module in checks if module)
    return hashlib.sha256(json.dumps([smoke, asked, sources]).encode()).hexdigest()[:16]


def results(checks: Iterator[Check], waivers: Mapping[str, str], later: Set[str] = frozenset()) -> Iterator[Result]:
    """Run the checks in order. `waivers` may be filled while they run, and may name checks that run `later`."""
    seen = set(later)
    for check in checks:
        seen.add(check.name)
        started = time.perf_counter()
        message = ""
        try:
            check.run()
        except CheckFailed as error:
            message = str(error)
        except Exception as error:  # a check reports whatever the code under test raises
            message = explain(error)
        seconds = time.perf_counter() - started
        if check.name not in waivers:
            yield Result(check.name, "failed" if message else "passed", message, seconds)
        elif message:
            yield Result(check.name, "waived", waivers[check.name], seconds)
        else:
            yield Result(check.name, "failed", f"waived ({waivers[check.name]}) but it holds: drop the waiver", seconds)
    for name, reason in waivers.items():
        if name not in seen:
            yield Result(name, "failed", f"waived ({reason}) but there is no such check here", 0.0)
        elif not reason.strip():
            yield Result(name, "failed", "waived without a reason", 0.0)


def method_checks(arena: str, path: Path, waivers: dict[str, str], *, full: bool = False,
                  known: bool = False) -> Iterator[Check]:
    """The checks of the method in `path`. Its card's waivers are put into `waivers` once it is loaded."""
    yield Check("file-name", partial(text.file_name, path))
    yield Check("length", partial(text.line_count, path))
    yield Check("imports", partial(text.imports, path))
    yield Check("reach", partial(text.reach, path))
    yield Check("banned-calls", partial(text.banned_calls, path))
    slug = path.stem.replace("_", "-")
    yield Check("loads", partial(registry.load_method, arena, slug))
    try:
        cls = registry.load_method(arena, slug)
    except registry.DiscoveryError:
        return  # reported by the check above; the rest needs the class
    waivers.update(cls.card.waivers)
    stage, rivals = registry.load_arena(arena), text.rivals_of(arena)
    yield Check("docstring", partial(text.docstring, cls))
    yield Check("example", partial(text.example, cls))
    yield Check("doctests", partial(text.doctests, cls))
    yield Check("card", partial(text.card, cls))
    yield Check("title", partial(text.title_alone, cls, arena))
    yield Check("params", partial(text.params, cls))
    yield Check("invalid-values", partial(_refuses_invalid, cls))
    yield Check("claims", partial(text.claims, cls, stage, rivals))
    if cls.card.reduces_to:
        yield Check("reduces-to-names", partial(text.reduces_to_names, cls, rivals, *cls.card.reduces_to))
    rehearsal = rehearsal_of(stage, "smoke")
    yield Check("smoke", partial(_runs, rehearsal, cls))
    yield Check("globals-untouched", partial(_globals_untouched, rehearsal, cls))
    yield Check("quick", partial(_quick, rehearsal, cls))
    if not known:
        yield from _smoke_checks(rehearsal, cls, arena)
        for requirement in stage.checks:
            yield Check(requirement.__name__.replace("_", "-"), partial(requirement, rehearsal, cls))
    if full:
        yield Check("above-chance", partial(_above_chance, rehearsal_of(stage, "full"), cls))
        yield Check("within-limits", partial(_within_limits, rehearsal_of(stage, "full"), cls))


def arena_checks(arena: str, *, full: bool = False) -> Iterator[Check]:
    path = registry.ARENAS / arena.replace("-", "_") / "arena.py"
    yield Check("loads", partial(registry.load_arena, arena))
    try:
        stage = registry.load_arena(arena)
    except registry.DiscoveryError:
        return
    yield Check("text", partial(text.arena_text, stage, path))
    yield Check("metrics", partial(text.arena_metrics, stage))
    yield Check("settings", partial(text.arena_settings, stage))
    yield Check("baseline", partial(text.arena_baseline, stage, text.rivals_of(arena)))
    yield Check("sources", partial(text.arena_sources, stage, path))
    rehearsal = rehearsal_of(stage, "smoke")
    yield Check("data-deterministic", partial(_data_deterministic, rehearsal))
    for setting in stage.settings:
        yield Check(f"smoke:{setting.name}", partial(_setting_runs, rehearsal, arena, setting.name))
    yield Check("shuffle-labels", partial(_shuffles_a_copy, rehearsal, arena))
    if full:
        rehearsal = rehearsal_of(stage, "full")
        for setting in stage.settings:
            yield Check(f"shuffled-labels-at-chance:{setting.name}",
                        partial(_shuffled_at_chance, rehearsal, arena, setting.name))


def explain(error: Exception) -> str:
    """The error with the deepest line of it that is an arena's or a method's."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__)
              if Path(frame.filename).is_relative_to(registry.ARENAS)]
    where = f" ({Path(frames[-1].filename).name} line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"


def _smoke_checks(rehearsal: Rehearsal, cls: type[Method], arena: str) -> Iterator[Check]:
    yield Check("same-seed", partial(_same_seed, rehearsal, cls))
    yield Check("second-run", partial(_second_run, rehearsal, cls))
    for setting in sorted({setting.name for setting in rehearsal.stage.settings} - {"default"}):
        yield Check(f"setting:{setting}", partial(_runs_in, rehearsal, cls, setting))
    for name, declared in cls.params.items():
        for value in declared.probes():
            if value != declared.default:
                yield Check(f"probe:{name}={value}", partial(rehearsal.outcome, cls, **{name: value}))
        yield Check(f"knob:{name}", partial(_knob_moves, rehearsal, cls, name))
    if cls.card.reduces_to:
        yield Check("reduces-to", partial(_reduces_to, rehearsal, cls, arena, *cls.card.reduces_to))
    yield Check("data-unchanged", partial(_data_unchanged, rehearsal))
    if torch.cuda.is_available():
        yield Check("cuda", partial(_runs_on_cuda, rehearsal, cls))


def _refuses_invalid(cls: type[Method]) -> None:
    for name, value in [("no_such_hyperparameter", 1), *((n, p.invalid()) for n, p in cls.params.items())]:
        try:
            cls(**{name: value})
        except ValueError:
            continue
        raise CheckFailed(f"{name}={value!r} must raise ValueError")


def _runs(rehearsal: Rehearsal, cls: type[Method]) -> None:
    for point in rehearsal.outcome(cls).curve:
        require(np.isfinite(list(point.values())).all(), f"the curve is not finite at the defaults: {point}")


def _runs_in(rehearsal: Rehearsal, cls: type[Method], setting: str) -> None:
    for point in rehearsal.outcome(cls, setting).curve:
        require(np.isfinite(list(point.values())).all(), f"the curve is not finite in setting {setting}: {point}")


def _same_seed(rehearsal: Rehearsal, cls: type[Method]) -> None:
    first, again = rehearsal.outcome(cls), rehearsal.run(cls())
    require(first.course == again.course, "two runs at one seed differ: " + _difference(first, again))
    first.seconds = min(first.seconds, again.seconds)


def _second_run(rehearsal: Rehearsal, cls: type[Method]) -> None:
    method = cls()
    rehearsal.run(method)
    again = rehearsal.run(method)
    require(rehearsal.outcome(cls).course == again.course,
            "the second run of one instance differs from the first, so state leaks: "
            + _difference(rehearsal.outcome(cls), again))


def _globals_untouched(rehearsal: Rehearsal, cls: type[Method]) -> None:
    changed = rehearsal.outcome(cls).changed
    require(not changed, f"a run leaves changed: {', '.join(changed)}")


def _knob_moves(rehearsal: Rehearsal, cls: type[Method], name: str) -> None:
    declared = cls.params[name]
    others = [value for value in declared.probes() if value != declared.default]
    require(others, f"{name}: its only probe is the default {declared.default!r}; give another bound")
    default = rehearsal.outcome(cls).course
    require(any(rehearsal.outcome(cls, **{name: value}).course != default for value in others),
            f"{name} does nothing: scores and curve are the same at {', '.join(map(repr, others))} "
            f"as at {declared.default!r}")


def _reduces_to(rehearsal: Rehearsal, cls: type[Method], arena: str, rival: str, values: Mapping[str, Any]) -> None:
    ours = rehearsal.outcome(cls, **values)
    theirs = rehearsal.outcome(registry.load_method(arena, rival))
    same = len(ours.curve) == len(theirs.curve) and all(
        a.keys() == b.keys() and np.allclose(list(a.values()), list(b.values()), rtol=1e-5, atol=1e-7, equal_nan=True)
        for a, b in zip([ours.scores, *ours.curve], [theirs.scores, *theirs.curve], strict=True))
    require(same, f"at {dict(values)} it is not {rival}: " + _difference(ours, theirs))


def _data_unchanged(rehearsal: Rehearsal) -> None:
    altered = rehearsal.altered_data()
    require(not altered, f"a run writes into its data (setting {', '.join(altered)})")


def _quick(rehearsal: Rehearsal, cls: type[Method], setting: str = "default") -> None:
    rehearsed = rehearsal.outcome(cls, setting)
    if rehearsed.seconds > SMOKE_SECONDS:  # the first run also pays for what torch loads lazily
        rehearsed.seconds = min(rehearsed.seconds, rehearsal.run(cls(), setting).seconds)
    require(rehearsed.seconds <= SMOKE_SECONDS,
            f"a smoke run takes {rehearsed.seconds:.2f} s of processor time, at most {SMOKE_SECONDS:g} s are allowed")


def _runs_on_cuda(rehearsal: Rehearsal, cls: type[Method]) -> None:
    trial = rehearsal.stage.trial(scale="smoke", device="cuda")
    with refused("smoke runs use built-in data only"):
        rehearsal.stage.score(cls(), trial)


def _above_chance(rehearsal: Rehearsal, cls: type[Method]) -> None:
    metric = rehearsal.stage.metrics[0]
    score, chance = rehearsal.outcome(cls).scores[metric.name], metric.chance_at("default")
    if chance is not None:
        require(metric.sign * (score - chance) > 0, f"{metric.name} is {score:.4g}, no better than chance ({chance:g})")


def _within_limits(rehearsal: Rehearsal, cls: type[Method]) -> None:
    seconds, limit = rehearsal.outcome(cls).seconds, rehearsal.stage.scales[rehearsal.scale].seconds
    require(seconds <= limit, f"a full run takes {seconds:.1f} s, the limit is {limit:g} s")


def _data_deterministic(rehearsal: Rehearsal) -> None:
    made = []
    for global_seed, seed in ((1, 0), (2, 0), (2, 1)):
        before = global_state()
        torch.manual_seed(global_seed)
        np.random.seed(global_seed)
        random.seed(global_seed)
        try:
            made.append(fingerprint(rehearsal.make_data(seed=seed)))
        finally:
            restore(before)
    require(made[0] == made[1], "data() gives different data at one seed; draw from trial.generator or trial.numpy")
    documented = "every seed" in (rehearsal.stage.data.__doc__ or "")
    require(made[0] != made[2] or documented,
            'data() gives the same data at seeds 0 and 1; if that is meant, say "the same for every seed" in its '
            "docstring")


def _setting_runs(rehearsal: Rehearsal, arena: str, setting: str) -> None:
    stage = rehearsal.stage
    baseline = registry.load_method(arena, stage.baseline)
    found = rehearsal.outcome(baseline, setting)
    _quick(rehearsal, baseline, setting)
    require(found.curve, "run() records no point of the curve; call trial.record")
    require(found.counts, "run() counts nothing; call trial.count, e.g. gradients=1")
    if setting != "default" and fingerprint(rehearsal.data(setting)) == fingerprint(rehearsal.data()):
        methods = (registry.load_method(arena, slug) for slug in [stage.baseline, *sorted(text.rivals_of(arena))])
        require(any(rehearsal.outcome(cls, setting).course != rehearsal.outcome(cls).course for cls in methods),
                f"setting {setting} changes neither the data nor any method's run")


def _shuffles_a_copy(rehearsal: Rehearsal, arena: str) -> None:
    if rehearsal.stage.metrics[0].chance is None:
        return  # without a chance level there is nothing for shuffled labels to score at
    data = rehearsal.data()
    shuffled = rehearsal.stage.shuffle_labels(data, torch.Generator().manual_seed(0))
    require(not rehearsal.altered_data(), "shuffle_labels() writes into the data it was given")
    require(fingerprint(shuffled) != fingerprint(data), "shuffle_labels() changes nothing")
    rehearsal.run(registry.load_method(arena, rehearsal.stage.baseline)(), data=shuffled)


def _shuffled_at_chance(rehearsal: Rehearsal, arena: str, setting: str) -> None:
    metric, baseline = rehearsal.stage.metrics[0], registry.load_method(arena, rehearsal.stage.baseline)
    chance = metric.chance_at(setting)
    if chance is None:
        return
    true, shuffled = [], []
    for seed in range(LEAK_SEEDS):
        labels = rehearsal.stage.shuffle_labels(rehearsal.data(setting, seed), torch.Generator().manual_seed(seed))
        true.append(rehearsal.outcome(baseline, setting, seed).scores[metric.name])
        shuffled.append(rehearsal.run(baseline(), setting, seed, labels).scores[metric.name])
    lead, kept = np.mean(true) - chance, np.mean(shuffled) - chance
    luck = 2 * np.std(shuffled, ddof=1) / np.sqrt(len(shuffled))
    require(abs(kept) <= LEAK_TOLERANCE * abs(lead) + luck,
            f"with shuffled labels {metric.name} is {np.mean(shuffled):.4g}; chance is {chance:g} and "
            f"true labels give {np.mean(true):.4g}")


def _difference(a: Rehearsed, b: Rehearsed) -> str:
    for i, (ours, theirs) in enumerate(zip(a.curve, b.curve, strict=False)):
        if repr(ours) != repr(theirs):
            return f"point {i + 1} of the curve is {ours} against {theirs}"
    if len(a.curve) != len(b.curve):
        return f"the curves have {len(a.curve)} and {len(b.curve)} points"
    return f"scores {a.scores} against {b.scores}"
