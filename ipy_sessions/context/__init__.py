"""From the entries of a path to what a model is sent.

`messages` is the conversation as the Messages API takes it, `parameters` everything else. Pure: the messages are
exactly what goes over the wire, nothing is added behind their back and nothing is remembered anywhere else.
"""

from ipy_sessions.context.messages import Context, build

__all__ = ["Context", "build"]
