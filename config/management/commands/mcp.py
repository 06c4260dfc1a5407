"""Serve the tools of /mcp to one agent over standard input and output (the protocol's stdio transport).

Whoever may run this command has the site itself, so reading is open; writing takes an API token in ASSAY_TOKEN.
"""

import json
import os
import sys

from django.core.management.base import BaseCommand
from django.db import close_old_connections


class Command(BaseCommand):
    help = __doc__
    requires_system_checks: list[str] = []  # nothing but messages may stand on standard output

    def handle(self, **options) -> None:
        from config.mcp import protocol
        from config.mcp.tools import ask_here

        token = os.environ.get("ASSAY_TOKEN", "")
        ask = ask_here({"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {})
        for line in sys.stdin:
            if not line.strip():
                continue
            close_old_connections()
            if (said := protocol.read_and_answer(line, ask)) is not None:
                sys.stdout.write(json.dumps(said, separators=(",", ":")) + "\n")
                sys.stdout.flush()
