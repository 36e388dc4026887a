"""Reads ``%%agent`` and ``%agent``: options first, and from the first word that is none, the prompt as it was typed."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Mapping
from functools import cache
from typing import Any

from ipy_sessions.commands.parser import Parser, new_parser, variable
from ipy_sessions.commands.values import Ask
from ipy_sessions.errors import CommandError
from ipy_sessions.settings import EFFORTS, PARAMETERS, REPLAY, texts

LINE_END = r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]"
"""What IPython ends a line at."""
WORD = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|[^\s"']|["'])+""")  # what stands in quotes is a part of it


@cache
def agent_parser() -> Parser:
    """Return what reads the options."""
    parser = new_parser("%%agent", "Ask the model; the reply streams below the cell and is kept in the session.")
    parser.usage = (
        "%(prog)s [--model NAME] [--system TEXT] [--session NAME] [--max-tokens N] [--thinking on|off|N]\n"
        "               [--effort LEVEL] [--stop TEXT] [--cache 5m|1h|off] [--take N] [--replay auto|strict|off]\n"
        "               [--pace] [--out VAR] PROMPT"
    )
    parser.add_argument("--model", "-m", metavar="NAME", help="the model, for this turn alone, as the options below")
    parser.add_argument("--system", metavar="TEXT", help="the system text")
    parser.add_argument(
        "--session", "-s", metavar="NAME", help="send this ask alone to that session; created if unknown"
    )
    parser.add_argument("--max-tokens", metavar="N", type=int, help="the longest answer")
    parser.add_argument(
        "--thinking", metavar="on|off|N", help="whether the model thinks first, or with how many tokens"
    )
    parser.add_argument("--effort", metavar="LEVEL", help=f"how much the model works: {', '.join(EFFORTS)}")
    parser.add_argument(
        "--stop",
        metavar="TEXT",
        action="append",
        dest="stop_sequences",
        help="end the answer at this text; may be repeated",
    )
    parser.add_argument("--cache", metavar="5m|1h|off", help="how long the server keeps the prompt, to charge it less")
    parser.add_argument("--take", metavar="N", type=int, default=1, help="which answer: the second is asked for once")
    parser.add_argument(
        "--replay", choices=REPLAY, help="show what is logged and ask for the rest, never ask, or always"
    )
    parser.add_argument("--pace", action="store_true", help="show a logged answer as slowly as it once came")
    parser.add_argument("--out", "-o", metavar="VAR", help="put the reply into this variable")
    parser.add_argument(
        "text", nargs=argparse.REMAINDER, metavar="PROMPT", help="what to ask; the cell's body follows it"
    )
    return parser


def parse_agent(line: str, body: str = "") -> Ask:
    """Read ``%%agent LINE`` and the cell's body.

    Options stand at the beginning of the line; from the first word that is none, everything is the prompt, as typed.

    Raises
    ------
    CommandError
        For an option that does not exist or lacks its value.
    """
    tokens = list(WORD.finditer(line))
    words = [token[0] for token in tokens]
    cut = words.index("--") if "--" in words else None
    read = agent_parser().parse_args([_unquoted(word) for word in words[:cut]])
    if cut is not None and not read.text:
        start = tokens[cut].end()
    else:
        start = tokens[len(words[:cut]) - len(read.text)].start() if read.text else len(line)
    if read.max_tokens is not None and read.max_tokens < 1:
        raise CommandError(f"--max-tokens takes a number from 1 up, and not {read.max_tokens}.")
    if read.take < 1:
        raise CommandError(f"--take takes a number from 1 up, and not {read.take}.")
    prompt = "\n".join(part for part in (line[start:].strip(), body.strip("\n")) if part.strip())
    options = {name: texts(value) for name in PARAMETERS if (value := getattr(read, name)) is not None}
    return Ask(prompt, options, read.session, variable("--out", read.out), read.take, read.replay, read.pace)


def written(magic: str, prompt: str, options: Mapping[str, Any], take: int = 1) -> tuple[str, list[str]]:
    """Return the cell that asks something, which `parse_agent` reads as it was, and the options it cannot have.

    Parameters
    ----------
    magic
        The magic's name.
    prompt, options, take
        As an `Ask` holds them; an option that no line can hold is left out.
    """
    line, left_out = [f"%%{magic}"], []
    for name, value in options.items():
        several = value if isinstance(value, list | tuple) else [value]
        if name in PARAMETERS and not any(re.search(LINE_END, str(one)) for one in several):
            line += [_option(name, one) for one in several]
        else:
            left_out.append(name)
    if take > 1:
        line.append(f"--take {take}")
    return f"{' '.join(line)}\n{prompt}", left_out


def _option(name: str, value: object) -> str:
    option = "--stop" if name == "stop_sequences" else f"--{name.replace('_', '-')}"
    return f"{option}{'=' if str(value).startswith('-') else ' '}{shlex.quote(str(value))}"


def agent_help() -> str:
    """Return the help of ``%%agent``."""
    return agent_parser().format_help()


def _unquoted(word: str) -> str:
    try:
        return "".join(shlex.split(word))
    except ValueError:
        return word
