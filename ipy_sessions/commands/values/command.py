"""What every value of ``%session`` is, so that what reads a line can say what it returns."""

from __future__ import annotations

import msgspec


class Command(msgspec.Struct, frozen=True):
    """What a line that begins with ``%session`` means."""
