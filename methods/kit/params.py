"""Hyperparameters: one annotated line declares name, type, default, help and bounds.

    tau: float = param(1.0, "how much of the class prior to remove", low=0.0, high=4.0)

The form on the site, the command line, the contract checks and the constructor
all read this one declaration.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

TYPES = {"float": float, "int": int, "bool": bool, "str": str}


@dataclass(frozen=True)
class Param:
    """One hyperparameter. `low` and `high` are inclusive; `choices` excludes bounds."""

    default: Any
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple | None = None
    name: str = ""
    type: type = float

    def check(self, value: Any) -> Any:
        """`value` in the declared type. Raises ValueError naming the parameter and what it allows."""
        if self.type is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        wrong_type = not isinstance(value, self.type) or (self.type is int and isinstance(value, bool))
        if wrong_type or (self.type is float and not math.isfinite(value)) or not self._allows(value):
            raise ValueError(f"{self.name} must be {self.allowed}, not {value!r}")
        return value

    def from_text(self, text: str) -> Any:
        """The value a person typed in a form or on the command line."""
        text = text.strip()
        try:
            if self.type is bool:
                value = {"true": True, "1": True, "on": True, "yes": True,
                         "false": False, "0": False, "off": False, "no": False}[text.lower()]
            else:
                value = self.type(text)
        except (ValueError, KeyError):
            raise ValueError(f"{self.name} must be {self.allowed}, not {text!r}") from None
        return self.check(value)

    def probes(self) -> list[Any]:
        """Values the contract checks run: every choice, or both bounds."""
        if self.type is bool:
            return [True, False]
        if self.choices is not None:
            return list(self.choices)
        return [self.type(bound) for bound in (self.low, self.high) if bound is not None]

    def invalid(self) -> Any:
        """A value that `check` must refuse."""
        if self.type is bool:
            return "neither"
        if self.choices is not None:
            return "no such choice" if self.type is str else max(self.choices) + 1
        if self.high is not None:
            return self.type(self.high + 1)
        return self.type(self.low - 1) if self.low is not None else None

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        if self.choices is not None:
            return "one of " + ", ".join(map(str, self.choices))
        if self.type is bool:
            return "true or false"
        word = {float: "a number", int: "a whole number", str: "a text"}[self.type]
        if self.low is not None and self.high is not None:
            return f"{word} from {self.low:g} to {self.high:g}"
        if self.low is not None:
            return f"{word} of at least {self.low:g}"
        return word if self.high is None else f"{word} of at most {self.high:g}"

    def describe(self) -> dict[str, Any]:
        """Plain data for the mirror row and the API."""
        return {"name": self.name, "type": self.type.__name__, "default": self.default, "help": self.help,
                "low": self.low, "high": self.high, "choices": list(self.choices) if self.choices else None}

    def _allows(self, value: Any) -> bool:
        if self.choices is not None:
            return value in self.choices
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


def param(default: Any, help: str, *, low: float | None = None, high: float | None = None,
          choices: tuple | None = None) -> Any:
    """Declare a hyperparameter; used as the value of an annotated class attribute."""
    return Param(default, help, low, high, tuple(choices) if choices else None)


def params_from(described: list[dict]) -> dict[str, Param]:
    """Rebuild declarations from `Param.describe` rows, for processes that must not import the method."""
    return {row["name"]: Param(row["default"], row["help"], row["low"], row["high"],
                               tuple(row["choices"]) if row["choices"] else None, row["name"], TYPES[row["type"]])
            for row in described}


def collect(cls: type) -> dict[str, Param]:
    """The declared hyperparameters of a class, bases first. Raises TypeError on an annotation without `param`."""
    found: dict[str, Param] = {}
    for base in reversed(cls.__mro__):
        for name, annotation in base.__dict__.get("__annotations__", {}).items():
            if str(annotation).startswith(("ClassVar", "typing.ClassVar")):
                continue
            declared = base.__dict__.get("_declared", {}).get(name, base.__dict__.get(name))
            kind = annotation if isinstance(annotation, type) else TYPES.get(str(annotation))
            if not isinstance(declared, Param) or kind not in TYPES.values():
                raise TypeError(f"{base.__name__}.{name}: an annotated field is a hyperparameter and needs "
                                "param(default, help, ...) and one of the types float, int, bool, str")
            found[name] = Param(declared.default, declared.help, declared.low, declared.high,
                                declared.choices, name, kind)  # type: ignore[arg-type]  # refused above
    for declared in found.values():
        declared.check(declared.default)
    return found
