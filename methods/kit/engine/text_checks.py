"""The contract checks that read a method's or an arena's file; see methods.kit.engine.checks for those that run it."""

from __future__ import annotations

import ast
import contextlib
import doctest
import inspect
import io
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from methods.kit.engine import registry
from methods.kit.engine.code_digest import WHOLE, closure, is_arena, uses
from methods.kit.engine.requirements import CheckFailed, require
from methods.kit.method import COSTS, Card, GainGrows, Method, Withstands
from methods.kit.stage import data, features, rendered
from methods.kit.stage.arena import Arena
from methods.kit.stage.sources import SOURCES, Source

LONGEST_METHOD = 150  # lines
LIBRARIES = {"torch", "numpy", "scipy", "sklearn"}
# of the standard library only what computes: no files, no import machinery, no look at other frames
STANDARD = {"__future__", "abc", "bisect", "collections", "contextlib", "copy", "dataclasses", "enum", "fractions",
            "functools", "heapq", "itertools", "math", "numbers", "operator", "re", "statistics", "string", "types",
            "typing"}
DATA_MODULES = ("sklearn.datasets", "scipy.datasets")
BANNED_CALLS = {"print", "open", "exec", "eval", "input", "__import__"}
BANNED_ATTRIBUTES = {"cuda", "manual_seed", "set_default_dtype", "set_default_device", "set_num_threads",
                     "set_grad_enabled", "use_deterministic_algorithms"}
BANNED_NAMES = {"torch.device", "torch.Generator", "torch.load", "torch.hub", "torch.seed", "np.random.seed",
                "numpy.random.seed", "np.random.default_rng", "numpy.random.default_rng"}
BANNED_STEMS = {"utils", "helpers", "misc", "common", "base", "manager", "v2", "new", "my"}
DEPARTURE = re.compile(r"(Follows the paper\.|Departs from the paper: \S)")
ARXIV = re.compile(r"\d{4}\.\d{4,5}|[a-z-]+(\.[A-Z]{2})?/\d{7}")


def line_count(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    require(lines <= LONGEST_METHOD, f"{path.name} has {lines} lines, at most {LONGEST_METHOD} are allowed; "
                                     "what several methods share belongs to the arena or the kit")


def file_name(path: Path) -> None:
    require(re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", path.stem), f"{path.name} is not snake_case")
    require(path.stem not in BANNED_STEMS, f"{path.stem} says nothing about the method; use the paper's short name")


def imports(path: Path) -> None:
    """Only torch, numpy, scipy, scikit-learn, what computes of the standard library, the kit, the own arena and the
    open part of its stage; never a rival."""
    own = f"methods.arenas.{path.parent.name}"
    allowed = LIBRARIES | ({"transformers"} & _imported_roots(path.parent / "arena.py"))
    for node, name in _imported(ast.parse(path.read_text())):
        where, root = f"{path.name} line {node.lineno}", name.split(".")[0]
        if name.startswith("methods."):
            require(not is_closed(name), f"{where}: {name} is the arena's business, not a method's")
            require(name.startswith(("methods.kit.", f"{own}.stage.", f"{own}.arena.")) or name == f"{own}.arena",
                    f"{where}: imports {name}; of the arenas a method may import only {own}.arena and what is open "
                    "of its stage, never a rival")
        else:
            require(name and (root in allowed or root in STANDARD) and not name.startswith(DATA_MODULES),
                    f"{where}: imports {name or 'by a relative path'}; allowed are {', '.join(sorted(allowed))}, "
                    f"of the standard library what only computes, methods.kit and {own}")


def reach(path: Path) -> None:
    """What a method reaches by name, directly or through the modules it may import, is open to it as well.

    Closed are the arena itself and all that reads its data, so that no test label gets to a method through a module
    in between.
    """
    method = f"methods.arenas.{path.parent.name}.{path.stem}"
    reached = closure({(method, WHOLE)})
    for module, name in sorted(reached | {used for definition in reached for used in uses(definition)}):
        require(not is_closed(module), f"{path.name} gets at {name} of {module}, which is the arena's business")
        require(not is_arena(module, name), f"{path.name} gets at {name}, the arena itself, and so at its data")


def is_closed(dotted: str) -> bool:
    """Whether a module of the library is closed to methods: the kit's folders `stage` (data, seeds, the arena) and
    `engine`, and of an arena's stage what begins with an underscore."""
    parts = dotted.split(".")
    if parts[:2] == ["methods", "kit"]:
        return len(parts) > 2 and parts[2] in ("stage", "engine")
    return len(parts) > 4 and parts[3] == "stage" and parts[4].startswith("_")


def banned_calls(path: Path) -> None:
    """Devices, seeds, printing and files are the arena's."""
    for node in ast.walk(ast.parse(path.read_text())):
        found = None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BANNED_CALLS:
            found = f"{node.func.id}()"
        elif isinstance(node, ast.Attribute):
            dotted = ast.unparse(node)
            if node.attr in BANNED_ATTRIBUTES or dotted in BANNED_NAMES:
                found = dotted
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and \
                re.fullmatch(r"cpu|cuda(:\d+)?|mps", node.value):
            found = repr(node.value)
        require(not found, f"{path.name} line {getattr(node, 'lineno', 0)}: {found} does not belong in a method; "
                           "the arena names devices, seeds and files")


def docstring(cls: type[Method]) -> None:
    text = inspect.getdoc(sys.modules[cls.__module__]) or ""
    first, _, rest = text.partition("\n")
    require(re.fullmatch(r"\S[^:]*: \S.*\.", first),
            f'the docstring must begin with one line "Name: idea in one line.", not {first[:80]!r}')
    require(not rest or rest.startswith("\n"), "the docstring's first line must be followed by an empty one")
    if cls.card.papers:
        paragraphs = [part for part in re.split(r"\n\s*\n", cls.prose()) if part.strip()]
        require(DEPARTURE.match(paragraphs[-1]),
                'the last paragraph before the examples must begin with "Follows the paper." or '
                f'"Departs from the paper: ...", not {paragraphs[-1].splitlines()[0][:60]!r}')


def example(cls: type[Method]) -> None:
    """A docstring with a formula has a worked example."""
    formulas = [line for line in cls.prose().splitlines() if re.match(r" {4,}\S.*(=|<-)", line)]
    has_example = ">>>" in (inspect.getsource(sys.modules[cls.__module__]))
    require(has_example or not formulas, "there is a formula but no doctest with a number worked by hand: "
                                         f"{(formulas or [''])[0].strip()[:70]}")


def doctests(cls: type[Method]) -> None:
    module, out = sys.modules[cls.__module__], io.StringIO()
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    with torch.random.fork_rng(devices=[]), contextlib.redirect_stdout(out):
        for test in doctest.DocTestFinder(exclude_empty=True).find(module):
            runner.run(test)
    require(not runner.failures, f"{runner.failures} of {runner.tries} examples fail:\n{out.getvalue().strip()}")


def card(cls: type[Method]) -> None:
    found = cls.card
    require(isinstance(found, Card) and found.title.strip(), "the card needs a title")
    for paper in found.papers:
        require(paper.title.strip() == paper.title and len(paper.title) > 3, f"paper title {paper.title!r}")
        require(isinstance(paper.covers, str), f"covers {paper.covers!r} of {paper.title}")
        require(isinstance(paper.year, int) and 1800 < paper.year < 2100, f"year {paper.year!r} of {paper.title}")
        require(paper.arxiv is None or ARXIV.fullmatch(paper.arxiv), f"arXiv id {paper.arxiv!r} of {paper.title}")
        require(len(found.papers) == 1 or paper.covers.strip(),
                f"several papers share this file: say in covers= what it is of {paper.title}")
    require(len({paper.title for paper in found.papers}) == len(found.papers), "a paper is listed twice")


def title_alone(cls: type[Method], arena: str) -> None:
    """No rival has the same title, so that a reader can tell them apart."""
    for path in registry.method_files(arena):
        slug = path.stem.replace("_", "-")
        if slug == cls.slug():
            continue
        try:
            other = registry.load_method(arena, slug).card.title
        except (registry.DiscoveryError, KeyError):
            continue  # its own checks say so
        require(told_title(other) != told_title(cls.card.title), f"{path.name} has the title {other!r} as well")


def told_title(title: str) -> str:
    """What tells one title from another, for a reader."""
    return " ".join(title.split()).casefold()


def params(cls: type[Method]) -> None:
    for name, declared in cls.params.items():
        require(len(declared.help.split()) >= 2, f"{name}: the help {declared.help!r} does not explain it")
        bounded = declared.low is not None or declared.high is not None
        require(declared.type is bool or declared.choices or (bounded and declared.type is not str),
                f"{name}: needs low=, high= or choices=")


def claims(cls: type[Method], arena: type[Arena], rivals: set[str]) -> None:
    own, metrics = cls.slug(), {metric.name for metric in arena.metrics}
    settings = {setting.name for setting in arena.settings}
    costs = {*COSTS, *COSTS.values(), "seconds", *metrics, *(metric.title.lower() for metric in arena.metrics)}
    for claim in cls.card.claims:
        text = repr(claim)
        require(claim.rival in rivals, f"{text}: no method {claim.rival} here; there are {', '.join(sorted(rivals))}")
        require(claim.rival != own, f"{text}: a method cannot be its own rival")
        require(claim.on in metrics, f"{text}: no metric {claim.on}; there are {', '.join(sorted(metrics))}")
        cost = getattr(claim, "cost", "")
        require(not cost or cost in costs, f"{text}: no run records {cost}; there are {', '.join(sorted(costs))}")
        named = {claim.setting} | ({claim.from_} if isinstance(claim, GainGrows | Withstands) else set())
        for setting in sorted(named):
            require(setting in settings, f"{text}: no setting {setting}; there are {', '.join(sorted(settings))}")
    require(len(set(cls.card.claims)) == len(cls.card.claims), "a claim is listed twice")


def reduces_to_names(cls: type[Method], rivals: set[str], rival: str, values: Mapping[str, Any]) -> None:
    require(rival in rivals and rival != cls.slug(), f"reduces_to names {rival}; there are {', '.join(sorted(rivals))}")
    try:
        cls(**values)
    except ValueError as error:
        raise CheckFailed(f"reduces_to: {error}") from None


def arena_text(arena: type[Arena], path: Path) -> None:
    words = (inspect.getdoc(sys.modules[arena.__module__]) or "").split()
    require(len(words) >= 30, "the module docstring must say the question and the protocol in plain words")
    require(getattr(arena, "title", "").strip(), "the arena needs a title")
    require(path.with_name("__init__.py").exists() and not path.with_name("__init__.py").read_text().strip(),
            f"{path.parent.name}/__init__.py must exist and be empty")
    require(issubclass(arena.slot, Method) and arena.slot is not Method, "slot must be the arena's Method subclass")


def arena_metrics(arena: type[Arena]) -> None:
    names, settings = [metric.name for metric in arena.metrics], {setting.name for setting in arena.settings}
    require(names and len(set(names)) == len(names), f"metrics must be at least one and distinct: {names}")
    for metric in arena.metrics:
        require(metric.name.isidentifier() and metric.name.islower(), f"metric {metric.name}: not snake_case")
        require(metric.better in ("higher", "lower"), f"metric {metric.name}: better must be higher or lower")
        require(metric.title.strip(), f"metric {metric.name}: needs a title")
        strange = set(metric.chance_in) - settings
        require(not strange, f"metric {metric.name}: chance_in names {', '.join(sorted(strange))}, no setting here")
        for chance in (metric.chance, *metric.chance_in.values()):
            if chance is not None and metric.ceiling is not None:
                require(metric.sign * (metric.ceiling - chance) > 0,
                        f"metric {metric.name}: the ceiling {metric.ceiling} is not better than chance {chance}")


def arena_settings(arena: type[Arena]) -> None:
    names = [setting.name for setting in arena.settings]
    require(names and names[0] == "default", f'the first setting must be named "default", not {names[:1]}')
    require(len(set(names)) == len(names), f"settings must be distinct: {names}")
    for name in ("smoke", "full"):
        require(name in arena.scales, f"scale {name} is missing")
    for name, scale in arena.scales.items():
        require(scale.seconds > 0 and scale.memory_mb > 0, f"scale {name}: seconds and memory_mb must be positive")
        known = set(scale.options) | set(arena.settings[0].options)
        for setting in arena.settings:
            require(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", setting.name), f"setting {setting.name}: not kebab-case")
            require(setting.title.strip(), f"setting {setting.name}: needs a title")
            strange = set(setting.options) - known
            require(not strange, f"setting {setting.name}: {', '.join(sorted(strange))} is no option of scale {name} "
                                 "nor of the default setting, so other settings would lack it")
        missing = set(arena.scales["full"].options) ^ set(scale.options)
        require(not missing, f"scales full and {name} differ in the options {', '.join(sorted(missing))}")


def arena_baseline(arena: type[Arena], slugs: set[str]) -> None:
    require(arena.baseline in slugs, f"baseline {arena.baseline} is no method here; there are "
                                     f"{', '.join(sorted(slugs)) or 'none'}")


def arena_sources(arena: type[Arena], path: Path) -> None:
    """Every data set that the arena or its stage reads is declared, so that its licence is shown."""
    require(all(isinstance(source, Source) for source in arena.sources), "sources must be Source values")
    strange = [source.name for source in arena.sources if SOURCES.get(source.name) != source]
    require(not strange, f"sources {', '.join(strange)} are not in methods.kit.stage.sources")
    files = [path, *path.parent.glob("stage/**/*.py")]
    used = {node.attr if isinstance(node, ast.Attribute) else node.id
            for file in files for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.Attribute | ast.Name)}
    loaders = {**vars(data), **vars(rendered), **vars(features)}
    for name in sorted(used & set(loaders)):
        missing = [source.name for source in getattr(loaders[name], "sources", ()) if source not in arena.sources]
        require(not missing, f"reads {name} without declaring {', '.join(missing)} in sources")


def rivals_of(arena: str) -> set[str]:
    return {path.stem.replace("_", "-") for path in registry.method_files(arena)}


def _imported(tree: ast.AST):
    """Every imported module as (node, dotted name); a relative import's name is empty."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            module = "" if node.level else node.module or ""
            if module in ("methods", "methods.kit", "methods.arenas", "methods.kit.stage", "methods.kit.engine") \
                    or re.fullmatch(r"methods\.arenas\.\w+(\.stage)?", module):
                for alias in node.names:
                    yield node, f"{module}.{alias.name}"
            else:
                yield node, module


def _imported_roots(path: Path) -> set[str]:
    if not path.exists():
        return set()
    return {name.split(".")[0] for _, name in _imported(ast.parse(path.read_text()))}
