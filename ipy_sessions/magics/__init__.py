"""The magics: parse, call, show.

`extension` loads and unloads, `configuration` gathers the settings, `host` is this kernel (its notebook, its
sessions, its output), `agent` asks, `session` carries out what ``%session`` was told, most of it by a module for each
kind of command, `lines` and `completion` are IPython's input side, `twins` and `tables` are the same in Python.
"""
