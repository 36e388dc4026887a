"""A whole conversation to read, as Markdown and as plain text. Pure: entries in, `Markup` out.

`marks` holds what is known of messages beside what they say, `pieces` writes a part of one in both forms, `messages` a
message, `versions` what else was asked at the same place, and `talk` puts them together, from the end as far as there
is room.
"""

from ipy_sessions.render.transcript.marks import Marks
from ipy_sessions.render.transcript.talk import MOST, RECENT, recent, transcript

__all__ = ["MOST", "RECENT", "Marks", "recent", "transcript"]
