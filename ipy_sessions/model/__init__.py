"""Models: one interface, a request in and an iterator of events out.

`interface` is that interface, `registry` finds a model by its name, `offline` is the one that is built in.
"""
