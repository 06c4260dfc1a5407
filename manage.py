#!/usr/bin/env python
"""The command line: `python manage.py help` lists the commands."""

import os
import sys


def main() -> None:
    """Run one command. What the machine refuses is said in a sentence; --traceback shows where it happened."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line
    try:
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        from config.sentences import sentence
        said = None if "--traceback" in sys.argv else sentence(error)
        if said is None:
            raise
        sys.exit(said)


if __name__ == "__main__":
    main()
