"""How each command of ``%session`` is typed: one row a command, with its help, its arguments and its value.

The rows stand in a module for each kind of command, as the values do; here they are one table, in the order in which
the help shows them. What the rows are made of is in `form`.
"""

from __future__ import annotations

from ipy_sessions.commands.form import Form
from ipy_sessions.commands.forms import about, cells, exchange, life, lookback, picking, queries, search, travel, upkeep

KINDS = (life, picking, upkeep, exchange, travel, cells, lookback, queries, search, about)

FORMS: dict[str, Form] = {form.name: form for kind in KINDS for form in kind.FORMS}
"""The commands by the word that stands behind ``%session``."""
