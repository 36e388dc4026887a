"""What a notebook shows that can be clicked: each a widget beside a static form, and a script beside the Python.

A widget only controls. What it shows can be shown without it, what is clicked is carried out as the command that says
the same, and who carries it out is given to it: nothing here knows a kernel.
"""
