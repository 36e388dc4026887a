"""Where sessions are kept: lines appended, files read, folders listed.

`interface` is the door that the rest of the package knows, `disk` the store behind it that everybody has, `memory` the
one without a disk. `recorder` keeps a session's entries in memory and in its log the same; `log`, `lease` and `owner`
write, alone; `reading` and `lines` read; `rows` lists; `mending` deletes, mends and takes out; `masking` keeps secrets
out. None of them knows a conversation: what a line means is `entries`' business, what follows what is `tree`'s.
"""
