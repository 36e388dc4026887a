"""``python -m ipy_sessions``: the command line."""

from __future__ import annotations

import sys

from ipy_sessions.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
