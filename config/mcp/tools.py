"""What an agent may do here: operations of the API under names that say what they are for.

Nothing is computed here: a tool asks the operation itself, inside this process, as the caller's token lets it. So
pages, API and tools say the same, and what the API refuses a tool refuses with the same sentence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any
from urllib.parse import quote, urlencode

from django.contrib.auth.models import AnonymousUser
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponseBase
from django.urls import resolve, reverse

ROWS, MOST_ROWS = 10, 50  # of a list in one answer, unless asked for and at most
LETTERS = 40_000  # of an answer
TEXT_LETTERS = (4_000, 400, 80)  # of one text in it: the first of these with which the answer is short enough


@dataclass(frozen=True)
class Tool:
    """A tool: its name, what it is for, and the operation behind it with the arguments that it takes."""

    name: str
    words: str
    method: str
    path: str
    arguments: tuple[str, ...] = ()
    fixed: tuple[tuple[str, str], ...] = ()


LIST = ("limit", "offset")
TOOLS = {tool.name: tool for tool in (
    Tool("search_papers", "Find papers and methods by words and by meaning, best first.", "get", "/search",
         ("q", "kind", "year", "link", *LIST)),
    Tool("list_papers", "Papers by date, verdict or link to a method; `since` for what is new.", "get", "/papers",
         ("q", "year", "link", "verdict", "since", "sort", *LIST)),
    Tool("read_paper", "Everything known of one paper: abstract, identifiers, where it was listed, its methods.",
         "get", "/papers/{paper_id}", ("paper_id",)),
    Tool("methods_of_paper", "The runnable methods a paper is linked to, and how sure that is.",
         "get", "/papers/{paper_id}/links", ("paper_id", *LIST)),
    Tool("list_methods", "Runnable methods, by words or arena.", "get", "/methods",
         ("q", "arena", "fidelity", "measured", *LIST)),
    Tool("read_method", "One method with its hyperparameters, explanation and source code.",
         "get", "/methods/{arena}/{slug}", ("arena", "slug")),
    Tool("list_arenas", "The fixed experiments in which methods are compared.", "get", "/arenas", LIST),
    Tool("arena_table", "An arena's comparison table as Markdown: methods by metrics, mean, interval, seeds, tiers.",
         "get", "/arenas/{slug}/table", ("slug", "setting", "scale", "metrics", "methods", "sort", "vs"),
         (("format", "markdown"),)),
    Tool("ledger", "What papers claim of their methods, with the verdict measured here, interval and power.",
         "get", "/ledger", ("arena", "verdict", "q", "paper", "year", *LIST)),
    Tool("read_claim", "One claim: what is compared, seed by seed, and how its verdict came about.",
         "get", "/ledger/{pk}", ("pk",)),
    Tool("reported_numbers", "Numbers that abstracts report, with their quotes; nothing of it was measured here.",
         "get", "/claims", ("kind", "status", "paper", *LIST)),
    Tool("list_runs", "Runs, newest first; `request` is the key that request_runs answered.", "get", "/runs",
         ("state", "arena", "method", "setting", "request", "since", *LIST)),
    Tool("run_state", "One run: state and its cause, progress, scores, log.", "get", "/runs/{pk}", ("pk",)),
    Tool("request_runs", "Queue what is not measured yet. Needs a token with the scope run; it costs the owner's daily "
         "processor time.", "post", "/runs", ("target", "setting", "scale", "seeds", "queue", "params")),
    Tool("ask_for_runs", "Ask people who may start runs to do so. Needs a token with the scope own.", "post", "/asks",
         ("target", "setting", "scale", "seeds", "reason")),
)}


class ToolError(ValueError):
    """A tool that there is not, or arguments that it does not take. The message says which there are."""


Ask = Callable[[str, str, Mapping[str, Any], Any], HttpResponseBase]  # method, address, query, body


def described() -> list[dict[str, Any]]:
    """Every tool as the protocol lists it, with the schema of its arguments from the API's description."""
    return [{"name": tool.name, "description": tool.words, "inputSchema": _schema(tool),
             "annotations": {"readOnlyHint": tool.method == "get", "openWorldHint": False}} for tool in TOOLS.values()]


@cache
def _operations() -> tuple[dict[str, Any], dict[str, Any]]:
    """The operations of the API by address, and its models."""
    from config.api import api
    schema = api.get_openapi_schema(path_prefix="/")
    return schema["paths"], schema["components"]["schemas"]


def _places(tool: Tool) -> dict[str, tuple[str, dict[str, Any], bool]]:
    """Where each argument goes (path, query or body), its schema, and whether it must be given."""
    paths, models = _operations()
    operation = paths[tool.path][tool.method]
    found = {each["name"]: (each["in"], each["schema"], each["in"] == "path" or each.get("required", False))
             for each in operation["parameters"]}
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if "$ref" in body:
        model = models[body["$ref"].rsplit("/", 1)[-1]]
        found |= {name: ("body", schema, name in model.get("required", ()))
                  for name, schema in model["properties"].items()}
    return {name: found[name] for name in tool.arguments}


def _schema(tool: Tool) -> dict[str, Any]:
    places = _places(tool)
    properties = {name: {key: value for key, value in schema.items() if key != "title"}
                  for name, (_, schema, _) in places.items()}
    if "limit" in properties:
        properties["limit"] |= {"default": ROWS, "maximum": MOST_ROWS, "description": f"rows, at most {MOST_ROWS}"}
    return {"type": "object", "properties": properties, "additionalProperties": False,
            "required": [name for name, (_, _, required) in places.items() if required]}


def use(name: str, arguments: Mapping[str, Any], ask: Ask) -> tuple[str, bool]:
    """What a tool answers, as a text of bounded length, and whether it was refused. Raises ToolError."""
    tool = TOOLS.get(name)
    if tool is None:
        raise ToolError(f"there is no tool {name[:100]}; there are {', '.join(TOOLS)}")
    if unknown := sorted(set(arguments) - set(tool.arguments)):
        raise ToolError(f"{name} takes no {', '.join(unknown)[:200]}; it takes {', '.join(tool.arguments)}")
    places = _places(tool)
    if missing := [each for each, (_, _, required) in places.items() if required and each not in arguments]:
        raise ToolError(f"{name} needs {', '.join(missing)}")
    given = {place: {each: value for each, value in arguments.items() if places[each][0] == place}
             for place in ("path", "query", "body")}
    query = dict(tool.fixed) | given["query"]
    if "limit" in tool.arguments:
        query["limit"] = _rows(query.get("limit", ROWS))
    address = re.sub(r"\{(\w+)\}", lambda found: quote(str(given["path"][found[1]]), safe="/"), tool.path)
    answer = ask(tool.method.upper(), address, query, given["body"] if tool.method == "post" else None)
    return bounded(answer), answer.status_code >= 400


def _rows(limit: Any) -> int:
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= MOST_ROWS:
        raise ToolError(f"limit is a number from 1 to {MOST_ROWS}")
    return limit


def ask_here(meta: Mapping[str, Any]) -> Ask:
    """Asks the API inside this process, in the name of the token in `meta` (a WSGI environment) or of nobody.

    Cookies are not passed on: a browser's session is not an agent's.
    """
    def ask(method: str, address: str, query: Mapping[str, Any], body: Any, hops: int = 3) -> HttpResponseBase:
        path = reverse("api:api-root") + address.lstrip("/")
        data = b"" if body is None else json.dumps(body).encode()
        request = WSGIRequest({
            "SERVER_NAME": "localhost", "SERVER_PORT": "80", "REMOTE_ADDR": "", "wsgi.url_scheme": "http",
            **{name: value for name, value in meta.items() if name in KEPT}, "wsgi.input": BytesIO(data),
            "REQUEST_METHOD": method, "PATH_INFO": path, "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(data)), "QUERY_STRING": urlencode(
                {name: _text(value) for name, value in query.items() if value is not None}, doseq=True)})
        request.user = AnonymousUser()
        found = resolve(path)
        answer = found.func(request, *found.args, **found.kwargs)
        if answer.status_code in (301, 302, 307, 308) and hops:  # a paper that is part of another
            return ask(method, answer.headers["Location"].removeprefix(reverse("api:api-root")), query, body, hops - 1)
        return answer
    return ask


KEPT = ("SERVER_NAME", "SERVER_PORT", "REMOTE_ADDR", "wsgi.url_scheme", "HTTP_HOST", "HTTP_AUTHORIZATION",
        "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO")


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def bounded(answer: HttpResponseBase) -> str:
    """What was answered, short enough to be read by a model; what was left out is said."""
    body = b"".join(answer) if answer.streaming else answer.content  # type: ignore[attr-defined]
    text = body.decode(errors="replace")
    if answer.headers.get("Content-Type", "").startswith("application/json") and text:
        data = json.loads(text)
        for letters in TEXT_LETTERS:
            text = json.dumps(_shortened(data, letters), ensure_ascii=False, separators=(",", ":"))
            if len(text) <= LETTERS:
                break
    if len(text) > LETTERS:
        text = f"{text[:LETTERS]}\n… {len(text) - LETTERS} letters are left out: ask for fewer rows or for one object."
    return text


def _shortened(data: Any, letters: int) -> Any:
    if isinstance(data, str) and len(data) > letters:
        return f"{data[:letters]}… ({len(data) - letters} letters are left out)"
    if isinstance(data, list):
        short = [_shortened(each, letters) for each in data[:MOST_ROWS]]
        return short + [f"… and {len(data) - MOST_ROWS} more"] if len(data) > MOST_ROWS else short
    if isinstance(data, dict):
        return {name: _shortened(value, letters) for name, value in data.items()}
    return data
