"""What a method file declares: the card, its papers and claims, and the class that runs."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from methods.kit.params import Param, collect

FIDELITIES = ("faithful", "core", "proxy")
COSTS = {"trained parameters": "parameters", "trainable parameters": "parameters", "memory": "peak_memory_mb",
         "gradient evaluations": "gradients"}  # what cards say, and the name under which a run records it


@dataclass(frozen=True)
class Paper:
    """A paper a method implements. Digests often carry no identifier, so the title must be exact.

    `covers` says what part of the paper this file is, when one file serves several papers.
    """

    title: str
    year: int
    arxiv: str | None = None
    covers: str = ""


@dataclass(frozen=True)
class Term:
    """`weight` times one metric of one method in one setting; a method of "" is the claimant itself."""

    weight: float
    method: str
    metric: str
    setting: str


@dataclass(frozen=True)
class Beats:
    """The method is better than `rival` on metric `on`, by more than `by` (in the metric's unit)."""

    rival: str
    on: str
    setting: str = "default"
    by: float = 0.0
    cost: ClassVar[str] = ""

    def terms(self, sign: float) -> tuple[Term, ...]:
        return Term(sign, "", self.on, self.setting), Term(-sign, self.rival, self.on, self.setting)

    @property
    def margin(self) -> float:
        return -self.by

    def sentence(self, metric: str) -> str:
        return f"better {metric} than {self.rival}{_more_than(self.by)}"


@dataclass(frozen=True)
class Matches:
    """The method is no worse than `rival` on `on` by more than `within` (non-inferiority), at lower `cost`.

    Both halves are tested. `cost` names a metric of the arena or what every run records: seconds, memory or a
    count ("parameters"; `COSTS` has its other names). One that no run records can be refuted, never confirmed.
    """

    rival: str
    on: str
    within: float
    setting: str = "default"
    cost: str = ""

    def terms(self, sign: float) -> tuple[Term, ...]:
        return Term(sign, "", self.on, self.setting), Term(-sign, self.rival, self.on, self.setting)

    @property
    def margin(self) -> float:
        return self.within

    def sentence(self, metric: str) -> str:
        cost = f" at a lower cost in {self.cost}" if self.cost else ""
        return f"{metric} within {self.within:g} of {self.rival}{cost}"


@dataclass(frozen=True)
class GainGrows:
    """The lead over `rival` on `on` is larger in setting `to` than in setting `from_`, by more than `by`."""

    rival: str
    on: str
    to: str
    from_: str = "default"
    by: float = 0.0
    cost: ClassVar[str] = ""

    @property
    def setting(self) -> str:
        return self.to

    def terms(self, sign: float) -> tuple[Term, ...]:
        return (Term(sign, "", self.on, self.to), Term(-sign, self.rival, self.on, self.to),
                Term(-sign, "", self.on, self.from_), Term(sign, self.rival, self.on, self.from_))

    @property
    def margin(self) -> float:
        return -self.by

    def sentence(self, metric: str) -> str:
        return f"a larger lead in {metric} over {self.rival} under {self.to} than under {self.from_}" \
            f"{_more_than(self.by)}"


@dataclass(frozen=True)
class Withstands:
    """Going from setting `from_` to `to` costs the method less of `on` than it costs `rival`, by more than `by`."""

    rival: str
    on: str
    to: str
    from_: str = "default"
    by: float = 0.0
    cost: ClassVar[str] = ""

    @property
    def setting(self) -> str:
        return self.to

    def terms(self, sign: float) -> tuple[Term, ...]:
        return (Term(sign, "", self.on, self.to), Term(-sign, "", self.on, self.from_),
                Term(-sign, self.rival, self.on, self.to), Term(sign, self.rival, self.on, self.from_))

    @property
    def margin(self) -> float:
        return -self.by

    def sentence(self, metric: str) -> str:
        return f"loses less {metric} than {self.rival} from {self.from_} to {self.to}{_more_than(self.by)}"


def _more_than(by: float) -> str:
    return f" by more than {by:g}" if by else ""


Claim = Beats | Matches | GainGrows | Withstands


@dataclass(frozen=True)
class Card:
    """Who the method is. A baseline without a paper of its own needs only a title.

    `reduces_to` names a rival and the hyperparameters at which this method is that rival.
    `waivers` maps a contract check to the reason it cannot hold; a waived check that passes fails.
    `needs_scale` are claims of the paper, a sentence each, that nothing of the arena's size can test: they are shown
    and get no verdict.
    """

    title: str
    papers: tuple[Paper, ...] = ()
    fidelity: str = ""
    claims: tuple[Claim, ...] = ()
    reduces_to: tuple[str, Mapping[str, Any]] | None = None
    waivers: Mapping[str, str] = field(default_factory=dict)
    needs_scale: tuple[str, ...] = ()

    def __post_init__(self):
        if self.papers and self.fidelity not in FIDELITIES:
            raise ValueError(f"{self.title}: fidelity must be one of {', '.join(FIDELITIES)}")
        if isinstance(self.needs_scale, str) or not all(self.needs_scale):
            raise ValueError(f"{self.title}: needs_scale is a tuple of sentences")


class Method:
    """A contestant. Subclasses are constructed with hyperparameters by keyword and fill the arena's hooks."""

    card: ClassVar[Card]
    params: ClassVar[dict[str, Param]] = {}
    _declared: ClassVar[dict[str, Param]] = {}

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        cls._declared = {name: value for name, value in cls.__dict__.items() if isinstance(value, Param)}
        cls.params = collect(cls)
        for name in cls._declared:
            setattr(cls, name, cls.params[name].default)

    def __init__(self, **values: Any):
        unknown = set(values) - set(self.params)
        if unknown:
            raise ValueError(f"{type(self).__name__} has no hyperparameter {', '.join(sorted(unknown))}; "
                             f"it has {', '.join(self.params) or 'none'}")
        for name, declared in self.params.items():
            setattr(self, name, declared.check(values.get(name, declared.default)))

    def values(self) -> dict[str, Any]:
        """The hyperparameters of this instance."""
        return {name: getattr(self, name) for name in self.params}

    @classmethod
    def slug(cls) -> str:
        """The file name in kebab case: how the method is called everywhere outside Python."""
        return cls.__module__.rsplit(".", 1)[-1].replace("_", "-")

    @classmethod
    def prose(cls) -> str:
        """The module docstring without its doctests: the page's explanation."""
        text = inspect.getdoc(inspect.getmodule(cls)) or ""
        kept, in_example = [], False
        for line in text.splitlines():
            if line.startswith(">>>"):
                in_example = True
            elif in_example and not line.strip():
                in_example = False
            if not in_example:
                kept.append(line)
        return "\n".join(kept).strip()
