"""Conversations for other programs and for readers: each format is one small pure module.

`material` is what a format is given: a conversation whose secrets are masked and whose payloads are in their places.
A format is a row of `registry.FORMATS` and a function from material to a text or bytes; `writing` puts that into a
file. None of them knows where a conversation comes from: a session of ours and another agent's transcript are the same.
"""
