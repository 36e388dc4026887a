r"""Private keys as they stand in files: a line that begins the block, lines of base64, a line that ends it.

They stand in texts in many ways: with line breaks or with ``\n``, also that of JSON inside JSON, quoted, indented or
cited. A block that has its end is one whatever stands between, if it begins like one and is not too long. One without
an end is as long as its lines look like those of a key. A beginning without any is talk about keys.
"""

from __future__ import annotations

from ipy_sessions.store.masking.grammar import Part

LONGEST_BLOCK = 8000
"""Characters between the two lines; a key of the largest kinds in use has about half."""

_BASE64 = "A-Za-z0-9+/="
_GAP = r"(?:[\s\"'>|#,]|\\{1,4}[nr])"
_BREAK = r"[\"', ]{0,8}+(?:[\r\n]|\\{1,4}[nr])" + _GAP + "{0,60}+"
_END = r"-----END [A-Z0-9 ]{0,40}+-----"
_BUT_FOR_THE_END = rf"-(?!{_END[1:]})"

# The lines of a block that was cut off; its last one may be short, and is told from a word by its digits or its place.
_LINE = rf"(?:[{_BASE64}]{{16,}}+|(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset): [^\n\\]{{0,80}}+)"
_LAST = rf"(?:(?=[A-Za-z]*+[0-9=/+])[{_BASE64}]{{1,15}}+|[A-Za-z]{{1,15}}+(?=\s*+\Z|[\r\n\\\"']))"
_LINES = rf"{_LINE}(?:{_GAP}{{1,60}}+{_LINE})*+(?:{_GAP}{{1,60}}+{_LAST})?+"

_WHOLE = rf"(?:[^-]|-(?!----)){{0,{LONGEST_BLOCK}}}+{_END}"
_CUT_OFF = rf"{_GAP}{{0,60}}+(?:{_LINES}|{_LAST})(?:{_GAP}*+{_END})?+"
_FIRST = rf"(?={_BREAK}[A-Za-z0-9+/]|\s{{0,8}}+[{_BASE64}]{{16}})"
_FIRST_BEGUN = (
    rf"(?=[\"', ]{{0,8}}+\\{{0,4}}+\Z|{_BREAK}(?:[A-Za-z0-9+/]|\\{{0,4}}+\Z)"
    rf"|\s{{0,8}}+(?:[{_BASE64}]{{16}}|[{_BASE64}]{{0,15}}+\Z))"
)
_WHOLE_BEGUN = rf"(?:[^-]|{_BUT_FOR_THE_END}){{0,{LONGEST_BLOCK}}}+\Z"
_CUT_OFF_BEGUN = rf"(?:[{_BASE64}\s\"'>|#,\\:]|{_BUT_FOR_THE_END})*+"

KEY_LABEL = Part(r"(?:[A-Z0-9]{2,12} ){0,3}?PRIVATE KEY(?: BLOCK)?-----", r"[A-Z0-9 -]{0,60}+")
"""What follows ``-----BEGIN``."""

KEY_BLOCK = Part(rf"{_FIRST}(?:{_WHOLE}|{_CUT_OFF})", rf"{_FIRST_BEGUN}(?:{_WHOLE_BEGUN}|{_CUT_OFF_BEGUN})")
"""What follows that."""
