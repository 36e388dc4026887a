"""The tree of a session as a picture: every turn on every branch, as SVG and as text.

Pure: turns in, `Picture` out. `shape` says which turns are drawn, where and how they hang together, `text` and `svg`
draw that. It refuses to know sessions, notebooks and themes.
"""

from ipy_sessions.render.tree.draw import draw
from ipy_sessions.render.tree.shape import SHOWN

__all__ = ["SHOWN", "draw"]
