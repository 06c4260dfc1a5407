"""The Python client, made of the API's own description, so that it always matches what this site answers.

One file that needs the standard library alone. Method names are made of the addresses (GET /papers/{paper_id} is
`get_paper`), so they stay as long as the version does.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from typing import Any

from config.client.frame import FRAME

METHODS = ("get", "post", "put", "patch", "delete")
PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
Described = dict[str, Any]


def client_source(schema: Described, *, prefix: str) -> str:
    """The client's text for an OpenAPI description whose addresses begin with `prefix`."""
    operations = sorted(_operations(schema, prefix), key=lambda operation: operation["name"])
    names = [operation["name"] for operation in operations]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two operations would be called {', '.join(twice)}")
    models = schema["components"]["schemas"]
    wanted = _reachable(models, [operation["answer"] for operation in operations]
                        + [field["schema"] for operation in operations for field in operation["fields"]])
    return (FRAME.replace("@VERSION@", schema["info"]["version"]).replace("@PREFIX@", prefix.rstrip("/"))
            .replace("@MODELS@", "\n\n\n".join(_model(name, models[name]) for name in sorted(wanted)))
            .replace("@OPERATIONS@", "\n".join(map(_operation, operations))))


def _operations(schema: Described, prefix: str) -> Iterator[Described]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            if method in METHODS:
                yield {"name": method_name(method, path.removeprefix(prefix)), "method": method.upper(),
                       "path": path.removeprefix(prefix.rstrip("/")), "answer": _answer(operation),
                       "words": operation.get("summary") or operation.get("description") or "",
                       "fields": list(_fields(operation, schema["components"]["schemas"]))}


def method_name(method: str, path: str) -> str:
    """What the client calls an operation.

    >>> [method_name("get", path) for path in ("papers", "papers/{paper_id}", "ledger/{pk}", "methods/{arena}/{slug}")]
    ['get_papers', 'get_paper', 'get_ledger_item', 'get_method']
    """
    parts, words = path.strip("/").split("/"), []
    for part, following in zip(parts, [*parts[1:], ""], strict=True):
        if not part.startswith("{"):
            one = part.removesuffix("s") if part.endswith("s") else f"{part}_item"
            words.append(one if following.startswith("{") else part)
    return re.sub(r"\W", "_", "_".join([method, *words]))


def _answer(operation: Described) -> Described:
    """The schema of what it answers when all is well; {} where it is not said, None's where there is nothing."""
    for status, response in sorted(operation["responses"].items(), key=lambda item: str(item[0])):
        if str(status).startswith("2"):
            content = response.get("content")
            if content is None:
                return {"type": "null"} if str(status) == "204" else {}
            return content.get("application/json", {}).get("schema", {})
    return {}


def _fields(operation: Described, models: Described) -> Iterator[Described]:
    """The arguments: of the path, then required ones, then the others."""
    found = [{"place": each["in"], "name": each["name"], "schema": each["schema"],
              "required": each["in"] == "path" or each.get("required", False)} for each in operation["parameters"]]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    model = models[body["$ref"].rsplit("/", 1)[-1]] if "$ref" in body else body
    for name, schema in model.get("properties", {}).items():
        found.append({"place": "body", "name": name, "schema": schema, "required": name in model.get("required", ())})
    yield from sorted(found, key=lambda field: (field["place"] != "path", not field["required"]))


def type_of(schema: Described) -> str:
    """A schema as a Python annotation.

    >>> type_of({"anyOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "null"}]})
    'list[int] | None'
    """
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[-1]
    if parts := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        return " | ".join(dict.fromkeys(map(type_of, parts)))
    if "enum" in schema or "const" in schema:
        return f"Literal[{', '.join(map(_literal, schema.get('enum', [schema.get('const')])))}]"
    kind = schema.get("type")
    if kind == "array":
        return f"list[{type_of(schema.get('items', {}))}]"
    if kind == "object":
        inside = schema.get("additionalProperties")
        return f"dict[str, {type_of(inside) if isinstance(inside, dict) else 'Any'}]"
    return PLAIN.get(str(kind), "Any")


def _literal(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _reachable(models: Described, schemas: list[Described]) -> set[str]:
    """The names of the models that these schemas are made of, however deep inside."""
    found: set[str] = set()

    def look(value: Any) -> None:
        if isinstance(value, dict):
            if "$ref" in value and (name := value["$ref"].rsplit("/", 1)[-1]) not in found:
                found.add(name)
                look(models[name])
            for part in value.values():
                look(part)
        elif isinstance(value, list):
            for part in value:
                look(part)
    look(schemas)
    return found


def _model(name: str, model: Described) -> str:
    """A TypedDict, or a plain alias where the model is no object with named fields."""
    properties = model.get("properties")
    if not properties:
        return f"{name} = {type_of(model)}"
    required = model.get("required", ())
    types = {key: type_of(schema) if key in required else f"NotRequired[{type_of(schema)}]"
             for key, schema in properties.items()}
    if all(map(_is_name, types)):
        return "\n".join([f"class {name}(TypedDict):", *(f"    {key}: {words}" for key, words in types.items())])
    return "\n".join([f'{name} = TypedDict("{name}", {{', *(f'    "{key}": "{words}",' for key, words in types.items()),
                      "})"])


def _is_name(word: str) -> bool:
    return word.isidentifier() and not keyword.iskeyword(word)


def _argument(name: str) -> str:
    """The name as a Python argument can be called."""
    word = re.sub(r"\W", "_", name)
    return f"{word}_" if keyword.iskeyword(word) else word


def _operation(operation: Described) -> str:
    path = [field for field in operation["fields"] if field["place"] == "path"]
    named = [field for field in operation["fields"] if field["place"] != "path"]
    arguments = ["self", *(f"{_argument(field['name'])}: {type_of(field['schema'])}" for field in path)]
    if named:
        arguments.append("*")
    for field in named:
        words = type_of(field["schema"])
        optional = words if words == "Any" or words.endswith("None") else f"{words} | None"
        arguments.append(f"{_argument(field['name'])}: " + (words if field["required"] else f"{optional} = None"))
    address = re.sub(r"\{(\w+)\}", lambda found: f"{{_part({_argument(found[1])})}}", operation["path"])
    answer = type_of(operation["answer"])
    if any(field["name"] == "format" for field in named):
        answer += " | str | bytes"  # a table's other formats
    lines = [f"    def {operation['name']}(", *(f"        {argument}," for argument in arguments),
             f"    ) -> {answer}:",
             f'        """{_sentence(operation["words"])} `{operation["method"]} {operation["path"]}`"""',
             f"        {'' if answer == 'None' else f'answer: {answer} = '}self._call(",
             f'            "{operation["method"]}",', f"            {'f' if path else ''}\"{address}\","]
    for place in ("query", "body"):
        pairs = [f'                "{field["name"]}": {_argument(field["name"])},' for field in named
                 if field["place"] == place]
        if pairs:
            lines += [f"            {place}={{", *pairs, "            },"]
    return "\n".join([*lines, "        )", *([] if answer == "None" else ["        return answer"]), ""])


def _sentence(words: str) -> str:
    first = " ".join(words.split("\n\n")[0].split()).replace('"', "'").replace("\\", "")
    return first if first.endswith((".", "?", "!")) else f"{first}."
