"""A table's whole state as URL parameters: what a page, the API and a download all read and write."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

from django.http import QueryDict

from evaluations.tables.build import TableError, build_settings_table, build_table, variants_named
from evaluations.tables.narrowing import Narrowing
from evaluations.tables.table import Table
from methods.models import Arena
from methods.selectors import FIDELITIES

VIEWS = ("metrics", "settings")


@dataclass(frozen=True)
class TableState:
    """What to show. Empty tuples mean all; an empty `sort` best first; `vs` adds differences to "baseline" or a method.
    `variants` are rows with hyperparameters of one's own beside the methods, such as `lora;r=2`.

    `view` "metrics" is one setting with all its metrics and costs, "settings" one metric across all settings. What
    follows `vs`, up to `most`, narrows the rows (see `Narrowing`).
    """

    setting: str
    scale: str = "full"
    metrics: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    sort: str = ""
    view: str = "metrics"
    vs: str = ""
    q: str = ""
    tier: str = ""
    fidelity: tuple[str, ...] = ()
    year: str = ""
    most_of: str = ""
    most: str = ""
    variants: tuple[str, ...] = ()

    @property
    def narrowing(self) -> Narrowing:
        return Narrowing(**{field.name: getattr(self, field.name) for field in fields(Narrowing)})

    @property
    def whole(self) -> TableState:
        """The same table with all its rows."""
        return replace(self, **vars(Narrowing()))

    def build(self, arena: Arena) -> Table:
        """Raises TableError for what the arena does not have."""
        methods, sort, differences = self.methods or None, self.sort or None, bool(self.vs)
        against = "" if self.vs == "baseline" else self.vs
        if self.view == "settings":
            table = build_settings_table(arena, metric=self.metrics[0] if self.metrics else None, scale=self.scale,
                                         methods=methods, sort=sort, differences=differences, against=against,
                                         variants=self.variants)
        else:
            table = build_table(arena, setting=self.setting, metrics=self.metrics or None, scale=self.scale,
                                methods=methods, sort=sort, differences=differences, against=against,
                                variants=self.variants)
        return self.narrowing.of(table)

    def query(self, arena: Arena, **changes) -> str:
        """The URL parameters, without those at their defaults; `changes` replace some, e.g. sort="title"."""
        state, plain = replace(self, **changes), default_state(arena)
        pairs = [(name, value) for name, value in vars(state).items() if value != vars(plain)[name]]
        return urlencode(pairs, doseq=True)


def default_state(arena: Arena) -> TableState:
    return TableState(setting=arena.settings[0]["name"])


def read_state(arena: Arena, query: QueryDict) -> TableState:
    """The state a URL asks for. Raises TableError for a view or a variant there is not; other names are checked when
    building."""
    plain = default_state(arena)
    state = TableState(
        setting=query.get("setting") or plain.setting,
        scale=query.get("scale") or plain.scale,
        metrics=_several(query, "metrics"), methods=_several(query, "methods"),
        sort=query.get("sort", ""), view=query.get("view") or plain.view, vs=query.get("vs", ""),
        q=query.get("q", "").strip(), tier=query.get("tier", "").strip(), fidelity=_several(query, "fidelity"),
        year=query.get("year", "").strip(), most_of=query.get("most_of", "") if query.get("most") else "",
        most=query.get("most", "").strip() if query.get("most_of") else "",
        variants=tuple(each.key for each in variants_named(arena, [
            key.strip() for key in query.getlist("variants") if key.strip()])))
    if state.view not in VIEWS:
        raise TableError(f"there is no view {state.view}; there are {', '.join(VIEWS)}")
    if unknown := set(state.fidelity) - set(FIDELITIES):
        raise TableError(f"there is no fidelity {', '.join(sorted(unknown))}; there are {', '.join(FIDELITIES)}")
    return state if _shows(arena, state, state.sort.removeprefix("-")) else replace(state, sort="")


def _shows(arena: Arena, state: TableState, key: str) -> bool:
    """Whether the chosen view and metrics have this column of the arena; names it does not know are not judged."""
    metric, at, _ = key.partition("@")
    if metric not in {m["name"] for m in arena.metrics}:
        return True
    if state.view == "settings":
        return bool(at) and metric == (state.metrics[0] if state.metrics else arena.primary_metric["name"])
    return not at and (not state.metrics or metric in state.metrics)


def _several(query: QueryDict, name: str) -> tuple[str, ...]:
    """Repeated or comma-separated values, each once."""
    words = [word.strip() for value in query.getlist(name) for word in value.split(",")]
    return tuple(dict.fromkeys(word for word in words if word))
