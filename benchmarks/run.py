"""Every figure that the project quotes, each beside its floor or its peer in the same run.

Usage: run.py [NAME ...], with names from startup, append, masking, listing, opening, reading, display, server, stream,
tree, strict, searching, tables, page, picking; all of them by default. ``stream``, ``page`` and ``picking`` need a
Chromium, named by the variable CHROMIUM, as `make bench` does. The exit status is 1 when a figure misses its target.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from append import append
from figures import Figure
from listing import listing
from masking import masking
from opening import opening
from page import page
from picking import picking
from reading import reading
from searching import searching
from server import server
from startup import startup
from streaming import display, stream
from strict import strict
from tables import tables
from tree import tree

FIGURES: dict[str, Callable[[], list[Figure]]] = {
    "startup": startup,
    "append": append,
    "masking": masking,
    "listing": listing,
    "opening": opening,
    "reading": reading,
    "display": display,
    "server": server,
    "stream": stream,
    "tree": tree,
    "strict": strict,
    "searching": searching,
    "tables": tables,
    "page": page,
    "picking": picking,
}


def main() -> int:
    """Measure what was asked for and print a table."""
    missed = 0
    for name in sys.argv[1:] or FIGURES:
        for figure in FIGURES[name]():
            print(figure, flush=True)
            missed += not figure.kept
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
