r"""The shapes that secrets have, and how to see quickly that a text has none of them.

A text is first searched for landmarks: a character that every secret of some shapes contains, and what stands beside
it there. Only where one is found are the patterns of its shapes tried. In ordinary text there is none, so that this
costs as much as going through the text once for each landmark, which a single character makes fast.

To add a shape: a row in `SHAPES`, under a landmark that all such secrets have; widen the landmark if there is none.

What is no secret although it looks a little like one: the name of a variable where a password could be
(``://me:${PASSWORD}@host``), stars and dots in its place, and code that asks for one (``password=input()``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, cached_property, partial

from ipy_sessions.store.masking.blocks import KEY_BLOCK, KEY_LABEL
from ipy_sessions.store.masking.grammar import Part, Shape, begun, run, secret, words

SHORTEST_NAME = 20
"""Characters of the shortest secret that could be a name in code: an AWS access key."""

LETTERS = "A-Za-z0-9"
NAME = "A-Za-z0-9_-"
BASE64 = "A-Za-z0-9+/="
DIGITS_TOO = "(?=[A-Za-z._~+/=-]{0,80}+[0-9])"

# Between a name and its value, in code, in headers, in JSON and in JSON inside JSON.
IS = Part(r"[\\\"'\]\s]{0,6}+[:=]>?[\\\"'\s]{0,6}+", r"[\\\"'\]\s:=>]{0,14}+")

# Passwords in addresses and in connection strings.
_STAND_IN = r"\$\{[^}\s]*+\}|\$\(?\w++\)?|\{++[^}\s]*+\}++|<[^>\s]*+>|%\(\w*+\)s|%[sr]|\*++|\.{2,}+|x{3,}+|X{3,}+|…"
_LOGIN = Part(r"[^\s/@:\"'`<>\\]{0,100}+:", r"[^\s/@:\"'`<>\\]{0,100}+:?")
_PASSWORD_AT = Part(rf"(?!(?:{_STAND_IN})@)(?P<secret>[^\s/?#\"'`<>\\]{{1,300}})@", r"[^\s/?#\"'`<>\\]{0,301}+")
_VALUE = r"^\s;&,\"'`()\[\]{}<>$%*=\\"
_PASSWORD_NAMES = ("password", "passwd", "pwd")
_PARTNERS = ("host", "hostaddr", "port", "dbname", "user", "username", "sslmode", "server", "database", "uid")
_QUOTE = Part("'?+", "'?+")
_ITS_VALUE = secret(Part(rf"(?!\.{{2}})[{_VALUE}]{{1,128}}+", rf"[{_VALUE}]{{0,128}}+"))
_AND_NO_MORE = Part(r"(?=[\s;&\"'`\\]|\Z)", "")

_SCHEME = Part(r"(?i:bearer|basic|token|apikey)\s{1,3}+", r"(?:(?i:bearer|basic|token|apikey)\s{1,3}+|[A-Za-z]{0,6}+)")
_CREDENTIALS = secret(
    Part(
        r"(?![A-Z_]{4,}+\b|(?i:your|x{3})|\.{2})(?=[a-z._~+/-]{0,80}+[A-Z0-9=]|[a-z]{16})"
        r"[A-Za-z0-9._~+/=-]{8,}+",
        r"[A-Za-z0-9._~+/=-]*+",
    )
)
_BEARER_TOKEN = secret(Part(rf"{DIGITS_TOO}[A-Za-z0-9._~+/=-]{{16,}}+", r"[A-Za-z0-9._~+/=-]*+"))
_SLACK_PATHS = words("services/", "workflows/", "triggers/")

GITLAB_KINDS = ("pat", "ptt", "cbt", "dt", "ft", "rt", "soat")


def _token(hides: str, *heads: str, body: str = LETTERS, least: int = 20, unglued: bool = False) -> Shape:
    any_body = run(body, least)
    return Shape(hides, heads, (Part(f"(?!(?i:your)){any_body.whole}", any_body.begun),), unglued)


def _named(hides: str, *names: str, body: str = BASE64, least: int = 30) -> Shape:
    any_body = run(body, least)
    digits_too = DIGITS_TOO if body == NAME else ""
    return Shape(hides, names, (IS, secret(Part(digits_too + any_body.whole, any_body.begun))), any_case=body == NAME)


def _authorization(*headers: str) -> Shape:
    return Shape("authorization", headers, (IS, _SCHEME, _CREDENTIALS))


SHAPES: dict[str, list[Shape]] = {
    "-": [
        _token("API key", "sk-ant-", body=NAME, least=8),
        _token("API key", "sk-proj-", "sk-svcacct-", "sk-admin-", "sk-None-", body=NAME),
        _token("API key", "sk-", "sk-or-", "sk-or-v1-", unglued=True),
        _token("API key", "xai-", "pplx-", unglued=True),
        _token("API key", "nvapi-", "tvly-", "GOCSPX-", body=NAME, unglued=True),
        _token("GitLab token", *(f"gl{kind}-" for kind in GITLAB_KINDS), body=NAME, least=16),
        _token("Slack token", *(f"xox{kind}-" for kind in "abeoprs"), "xapp-", body="A-Za-z0-9-", least=10),
        _token("PyPI token", "pypi-Ag", body=NAME),
        _named("API key", "x-api-key", "api-key", body=NAME, least=16),
        _named("token", "private-token", body=NAME, least=16),
        Shape("private key", ("-----BEGIN ",), (KEY_LABEL, KEY_BLOCK)),
    ],
    "_": [
        _token("GitHub token", *(f"gh{kind}_" for kind in "pousr")),
        _token("GitHub token", "github_pat_", body="A-Za-z0-9_"),
        _token("Hugging Face token", "hf_", unglued=True),
        _token("Stripe key", "sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_", least=16),
        _token("npm token", "npm_", unglued=True),
        _token("API key", "gsk_", unglued=True),
        _token("Replicate token", "r8_", unglued=True),
        _token("DigitalOcean token", "dop_v1_", "doo_v1_", "dor_v1_"),
        _named("AWS secret", "secret_access_key", "aws_secret_key"),
        _named("AWS token", "aws_session_token", least=80),
    ],
    "A": [
        _token("API key", "AIza", body=NAME, least=30, unglued=True),
        _token("AWS access key", "AKIA", "ASIA", "ABIA", "ACCA", body="A-Z0-9", least=16, unglued=True),
        _named("AWS secret", "SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "SecretAccessKey", "secretAccessKey"),
        _named("AWS token", "AWS_SESSION_TOKEN", least=80),
        _authorization("AUTHORIZATION"),
        Shape("Azure key", ("AccountKey=", "SharedAccessKey="), (secret(run(BASE64, 40)),)),
    ],
    "J": [
        Shape(
            "JSON web token",
            ("eyJ",),
            (run(NAME, 8, 1000), words(".eyJ"), run(NAME, 8, 4000), words("."), run(NAME, 8)),
            unglued=True,
        ),
    ],
    "G": [
        Shape("SendGrid key", ("SG.",), (run(NAME, 16, 100), words("."), run(NAME, 16)), unglued=True),
    ],
    "z": [_authorization("Authorization", "authorization")],
    "B": [Shape("token", ("Bearer ",), (_BEARER_TOKEN,), unglued=True)],
    "d": [_token("Databricks token", "dapi", body="0-9a-f", least=32, unglued=True)],
    ":": [
        Shape("Slack webhook", ("://hooks.slack.com/",), (_SLACK_PATHS, secret(run("A-Za-z0-9/_-", 20)))),
        Shape("password", ("://",), (_LOGIN, _PASSWORD_AT)),
    ],
    "=": [
        Shape(
            "password",
            tuple(f"{before}{name}=" for before in ("?", "&", ";", "; ") for name in _PASSWORD_NAMES),
            (_QUOTE, _ITS_VALUE, _AND_NO_MORE),
            any_case=True,
        ),
        Shape(
            "password",
            tuple(f"{name}=" for name in _PARTNERS),
            (run(_VALUE, 1, 100), run(r"\s", 1, 3), words("password="), _QUOTE, _ITS_VALUE, _AND_NO_MORE),
            unglued=True,
            any_case=True,
        ),
        Shape(
            "password",
            tuple(f"{name}=" for name in _PASSWORD_NAMES),
            (
                _QUOTE,
                _ITS_VALUE,
                _QUOTE,
                Part(r"(?:\s{1,3}+|;\s?+)", r"[\s;]{0,3}+"),
                words(*(f"{name}=" for name in _PARTNERS)),
            ),
            unglued=True,
            any_case=True,
        ),
    ],
}

SELDOM = "JGBz"
"""Marks that are seldom met in prose and code."""

# What refuses most places comes first: these are looked at wherever the mark stands.
BESIDE = {
    "-": r"-(?:(?<=(?:sk|x[abeoprs]|[abdfrt]t|ap|pp|[ap]i|lx|ly|PX)-)(?:(?<=sk-)|(?<=xox.-)|(?<=gl[dfr]t-)"
    r"|(?<=gl[pc].t-)|(?<=glsoat-)|(?<=xapp-)|(?<=pypi-)|(?<=xai-)|(?<=nvapi-)|(?<=pplx-)|(?<=tvly-)|(?<=GOCSPX-))"
    r"|[kK][eE][yY]|[tT][oO][kK][eE][nN]|----BEGIN )",
    "_": r"_(?=[A-Za-z0-9]{16}|access_k|session_t|secret_k|pat_)(?:[asp]|(?<=gh[pousr]_)|(?<=hf_)|(?<=[sr]k_live_)"
    r"|(?<=[sr]k_test_)|(?<=whsec_)|(?<=npm_)|(?<=gsk_)|(?<=r8_)|(?<=do[opr]_v1_))",
    "A": r"A(?:Iza|[KSB]IA|CCA|ccountKey|ccessKey|CCESS_KEY|WS_SE|UTHORIZATION)",
    "J": r"J(?<=eyJ)",
    "G": r"G(?<=SG)\.",
    "z": r"z(?<=uthoriz)ation",
    "B": r"Bearer ",
    "d": r"dapi[0-9a-f]",
    ":": r"://(?:hooks\.|[^\s/@:]{0,100}+:[^\s/?#]{1,300}@)",
    "=": r"=(?<=[dD]=)(?i:(?<=word=)|(?<=asswd=)|(?<=pwd=))",
}


class Finder:
    """Finds the secrets of some shapes; the patterns are made when they are first needed.

    Parameters
    ----------
    shapes
        The shapes.
    """

    def __init__(self, shapes: list[Shape]) -> None:
        self._shapes = shapes

    @cached_property
    def patterns(self) -> list[tuple[re.Pattern[str], str]]:
        """What finds the secrets, each with what they are."""
        return [(shape.pattern, shape.hides) for shape in self._shapes]


def _beside(mark: str) -> Callable[[str], object]:
    """Return what tells whether a text that has the mark has it as secrets have it."""
    pattern = re.compile(BESIDE[mark])
    return partial(_found_at, mark, pattern.match) if mark in SELDOM else pattern.search


def _found_at(mark: str, match: Callable[[str, int], object], text: str) -> bool:
    """Look where the mark stands and nowhere else, which is faster where it is seldom."""
    at = text.find(mark)
    while at >= 0:
        if match(text, at):
            return True
        at = text.find(mark, at + 1)
    return False


LANDMARKS = tuple((mark, _beside(mark), Finder(shapes)) for mark, shapes in SHAPES.items())
"""What each text is searched for: a mark, what tells whether it is one of a secret, what finds the secrets then."""


@cache
def any_begun() -> re.Pattern[str]:
    """Return what finds where a secret of any shape may have begun; making it takes a moment, once."""
    return begun(shape for shapes in SHAPES.values() for shape in shapes)
