"""The Model Context Protocol, as far as a server of tools without sessions or streams needs it."""

from __future__ import annotations

import json
import logging
from typing import Any

from config.mcp.tools import Ask, ToolError, described, use

logger = logging.getLogger(__name__)

VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")  # of the protocol, the newest first
NOT_JSON, NO_REQUEST, NO_METHOD, BAD_ARGUMENTS, BROKEN = -32700, -32600, -32601, -32602, -32603
INSTRUCTIONS = ("Assay follows machine-learning papers and measures what they claim. Verdicts and tables were measured "
                "here, in miniature; reported numbers are the papers' own words. Cite a claim or a table by its "
                "address on this site.")


def error(number: Any, code: int, words: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": words}}


def read_and_answer(text: str | bytes, ask: Ask) -> dict[str, Any] | None:
    """The answer to one message as it came."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as wrong:
        return error(None, NOT_JSON, f"that is no JSON: {wrong}"[:200])
    return answer(message, ask)


def answer(message: Any, ask: Ask) -> dict[str, Any] | None:
    """The answer to one message; None for a notification, which has none."""
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0" or not isinstance(message.get("method"), str):
        number = message.get("id") if isinstance(message, dict) else None
        return error(number, NO_REQUEST, "one JSON-RPC 2.0 request at a time is read here")
    number, parameters = message.get("id"), message.get("params") or {}
    if "id" not in message:
        return None
    if not isinstance(parameters, dict):
        return error(number, BAD_ARGUMENTS, "params must be an object")
    try:
        result = _result(message["method"], parameters, ask)
    except ToolError as wrong:
        return error(number, BAD_ARGUMENTS, str(wrong))
    except Exception:  # whoever asks gets an answer, and the log the reason
        logger.exception("the request %s failed", message["method"][:100])
        return error(number, BROKEN, "the server failed at this; its log says why")
    if result is None:
        return error(number, NO_METHOD, f"there is no method {message['method'][:100]} here")
    return {"jsonrpc": "2.0", "id": number, "result": result}


def _result(method: str, parameters: dict[str, Any], ask: Ask) -> dict[str, Any] | None:
    if method == "initialize":
        wanted = parameters.get("protocolVersion")
        return {"protocolVersion": wanted if wanted in VERSIONS else VERSIONS[0], "capabilities": {"tools": {}},
                "serverInfo": {"name": "assay", "title": "Assay", "version": "1"}, "instructions": INSTRUCTIONS}
    if method == "ping":
        return {}
    if method == "tools/list":
        return {"tools": described()}
    if method == "tools/call":
        arguments = parameters.get("arguments") or {}
        if not isinstance(parameters.get("name"), str) or not isinstance(arguments, dict):
            raise ToolError("a call has the name of a tool and its arguments as an object")
        text, refused = use(parameters["name"], arguments, ask)
        return {"content": [{"type": "text", "text": text}], "isError": refused}
    return None
