"""The OpenAPI description as rows that a page can show: operations by subject, their parameters, bodies and answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NOTHING: Mapping[str, Any] = {}
BOUNDS = (("minimum", "at least {}"), ("exclusiveMinimum", "more than {}"), ("maximum", "at most {}"),
          ("minLength", "{} letters or more"), ("maxLength", "at most {} letters"), ("maxItems", "at most {} of them"))
LARGEST = 2**31  # a bound beyond it is that of the machine and says nothing to a reader


@dataclass(frozen=True)
class Value:
    """A parameter or a field: `place` is where it stands (path, query; "" for a field), `models` the named types."""

    name: str
    place: str
    kind: str
    models: tuple[str, ...]
    required: bool
    words: str
    default: str

    @property
    def plain(self) -> bool:
        """Whether its kind is the name of its type, and nothing more."""
        return self.models == (self.kind,)


@dataclass(frozen=True)
class Answer:
    status: str
    words: str
    kind: str
    models: tuple[str, ...]

    @property
    def plain(self) -> bool:
        return self.models == (self.kind,)


@dataclass(frozen=True)
class Operation:
    """One method of one address."""

    key: str
    method: str
    path: str
    title: str
    words: str
    values: tuple[Value, ...] = ()
    bodies: tuple[tuple[str, str, tuple[str, ...]], ...] = ()  # media type, its kind, its models
    answers: tuple[Answer, ...] = ()

    @property
    def writes(self) -> bool:
        return self.method != "get"

    @property
    def can_be_opened(self) -> bool:
        """Whether its bare address is a whole question."""
        return not self.writes and "{" not in self.path and not any(value.required for value in self.values)


@dataclass(frozen=True)
class Reference:
    """Operations by subject, and models by name with their fields."""

    subjects: Mapping[str, Sequence[Operation]]
    models: Mapping[str, tuple[str, Sequence[Value]]] = field(default_factory=dict)

    def operation(self, key: str) -> Operation | None:
        return next((each for some in self.subjects.values() for each in some if each.key == key), None)


def reference(schema: Mapping[str, Any]) -> Reference:
    """Of a whole description."""
    subjects: dict[str, list[Operation]] = {}
    for path, operations in schema["paths"].items():
        for method, described in operations.items():
            subject = (described.get("tags") or ["other"])[-1]
            subjects.setdefault(subject, []).append(_operation(path, method, described))
    models = {name: (str(model.get("description", "")), _fields(model))
              for name, model in schema["components"]["schemas"].items()}
    return Reference(dict(sorted(subjects.items())), models)


def _operation(path: str, method: str, described: Mapping[str, Any]) -> Operation:
    body = described.get("requestBody", NOTHING).get("content", NOTHING)
    return Operation(
        described["operationId"], method, path, described.get("summary", ""), described.get("description", ""),
        tuple(_value(each["name"], each["in"], each["schema"], each.get("required", False),
                     each.get("description", "")) for each in described.get("parameters", ())),
        tuple((media, kind_of(of.get("schema", NOTHING)), models_of(of.get("schema", NOTHING)))
              for media, of in body.items()),
        tuple(_answer(str(status), of) for status, of in described["responses"].items()))


def _answer(status: str, described: Mapping[str, Any]) -> Answer:
    found = next(iter(described.get("content", NOTHING).values()), NOTHING).get("schema", NOTHING)
    return Answer(status, described.get("description", ""), kind_of(found), models_of(found))


def _fields(model: Mapping[str, Any]) -> list[Value]:
    required = model.get("required", ())
    return [_value(name, "", of, name in required, of.get("description", ""))
            for name, of in model.get("properties", NOTHING).items()]


def _value(name: str, place: str, schema: Mapping[str, Any], required: bool, words: str) -> Value:
    default = schema.get("default")
    return Value(name, place, kind_of(schema), models_of(schema), required, words.replace("`", ""),
                 "" if default in (None, "", []) else str(default))


def kind_of(schema: Mapping[str, Any]) -> str:
    """What a value of it is, in a few words."""
    if "$ref" in schema:
        return _name(schema)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            kinds = [kind_of(each) for each in schema[several] if each.get("type") != "null"]
            return " or ".join(dict.fromkeys(filter(None, kinds)))
    if "enum" in schema or "const" in schema:
        return "one of " + ", ".join(map(str, schema.get("enum") or [schema["const"]]))
    kind = schema.get("type", "")
    if kind == "array":
        inner = kind_of(schema.get("items", NOTHING))
        kind = f"list of {inner}" if inner else "list"
    elif kind == "string":
        kind = {"date-time": "moment", "date": "day", "binary": "file", "uri": "address"}.get(
            schema.get("format", ""), "text")
    elif kind:
        kind = {"integer": "whole number", "number": "number", "boolean": "true or false"}.get(kind, kind)
    bounds = [words.format(f"{schema[bound]:,}") for bound, words in BOUNDS
              if isinstance(schema.get(bound), int | float) and abs(schema[bound]) < LARGEST]
    return ", ".join(filter(None, [kind, *bounds]))


def models_of(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The named types within it."""
    if "$ref" in schema:
        return (_name(schema),)
    inner = [schema.get("items", NOTHING), *(each for several in ("anyOf", "oneOf", "allOf")
                                             for each in schema.get(several, ()))]
    return tuple(dict.fromkeys(name for each in inner if each for name in models_of(each)))


def _name(schema: Mapping[str, Any]) -> str:
    return schema["$ref"].rpartition("/")[2]
