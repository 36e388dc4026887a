"""Secrets are masked by their shape, whole and in pieces; what only looks like one stays as it is.

No secret stands in this file: they are put together while it runs, so that nobody who searches the code finds one.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import traceback
import uuid
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ipy_sessions import SessionManager, SettingError, assistant, user
from ipy_sessions.encoding import clean
from ipy_sessions.patterns import check_pattern
from ipy_sessions.store.masking import Mask, StreamMask, unsigned_where_changed
from ipy_sessions.store.masking.blocks import LONGEST_BLOCK
from ipy_sessions.store.masking.grammar import BEHIND
from ipy_sessions.store.masking.shapes import LANDMARKS
from ipy_sessions.store.masking.stream import KEPT_FIRST, KEPT_LAST, LONGEST, WINDOW

DASHES = "-" * 5
LINES = ["MIIEpAIBAAKCAQEA" + "a1B/" * 12] * 3 + ["a1B2c3D="]


def key_block(kind: str = "RSA ", lines: Iterable[str] = LINES, *, between: str = "\n", end: bool = True) -> str:
    """Return a block that looks like a private key."""
    block = "" if kind != "PGP " else " BLOCK"
    last = [f"{DASHES}END {kind}PRIVATE KEY{block}{DASHES}"] if end else []
    return between.join([f"{DASHES}BEGIN {kind}PRIVATE KEY{block}{DASHES}", *lines, *last])


TOKENS = {
    "sk-ant-" + "api03-" + "a1B_" * 20: "API key",
    "sk-" + "a1B2" * 12: "API key",
    "sk-" + "proj-" + "a1-B_2" * 12: "API key",
    "sk-" + "svcacct-" + "a1B2" * 12: "API key",
    "sk-" + "or-v1-" + "a1b2" * 16: "API key",
    "AIza" + "Sy" + "a1B-_2c" * 5: "API key",
    "gsk_" + "a1B2" * 13: "API key",
    "xai-" + "a1B2" * 20: "API key",
    "nvapi-" + "a1-B" * 16: "API key",
    "AKIA" + "Q1R2" * 4: "AWS access key",
    "ASIA" + "Q1R2" * 4: "AWS access key",
    "ghp_" + "a1B2" * 9: "GitHub token",
    "gho_" + "a1B2" * 9: "GitHub token",
    "ghu_" + "a1B2" * 9: "GitHub token",
    "ghs_" + "a1B2" * 9: "GitHub token",
    "ghr_" + "a1B2" * 9: "GitHub token",
    "github_pat_" + "11A" + "b2C4" * 5 + "_" + "a1B2" * 14: "GitHub token",
    "glpat-" + "a1_B-2c3D4" * 2: "GitLab token",
    "hf_" + "aBcD" * 8: "Hugging Face token",
    "xoxb-" + "123456789012-" * 2 + "a1B2" * 6: "Slack token",
    "xoxp-" + "123456789012-" * 3 + "a1b2" * 8: "Slack token",
    "sk_live_" + "a1B2" * 6: "Stripe key",
    "rk_live_" + "a1B2" * 6: "Stripe key",
    "whsec_" + "a1B2" * 8: "Stripe key",
    "npm_" + "a1B2" * 9: "npm token",
    "pypi-" + "AgEIcHlwaS5vcmc" + "a1B_-" * 30: "PyPI token",
    "SG." + "a1B-_2" * 3 + "." + "a1B_-" * 8: "SendGrid key",
    "r8_" + "a1B2" * 9: "Replicate token",
    "dapi" + "a1b2" * 8: "Databricks token",
    "eyJ" + "hbGciOiJIUzI1NiJ9" + ".eyJ" + "zdWIiOiIxMjM0NTY3" + "." + "a1_B-" * 8: "JSON web token",
    key_block(): "private key",
    key_block(""): "private key",
    key_block("EC "): "private key",
    key_block("OPENSSH "): "private key",
    key_block("PGP ", ["Version: GnuPG v2", "", *LINES, "=a1B2"]): "private key",
    key_block("ENCRYPTED ", ["Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-128-CBC,A1B2", "", *LINES]): "private key",
    key_block(between="\\n"): "private key",
    key_block(between='\\n"\n    "'): "private key",
    key_block(end=False): "private key",
    key_block(between="\\n", end=False): "private key",
}
"""Each is a secret from its first character to its last."""

PASSWORD = "hunter2" + "x"
SLACK_PATH = "T0A1/B0A1/" + "a1B2" * 6
AWS_SECRET = "wJal" + "rXUtnFEMI/K7MDENG+" * 2
INSIDE = {
    f"postgres://me:{PASSWORD}@db.host:5432/app": "password",
    f"mysql+pymysql://me:{PASSWORD}@host/db?charset=utf8": "password",
    f"mongodb+srv://me:{PASSWORD}@cluster0.a1b2.mongodb.net": "password",
    f"redis://:{PASSWORD}@host:6379/0": "password",
    f"amqp://guest:{PASSWORD}@host": "password",
    f"https://me:{PASSWORD}@example.com/a": "password",
    f"postgres://me:at@{PASSWORD}@host": "password",
    f"host=db user=me password={PASSWORD} port=5432": "password",
    f"password={PASSWORD} host=db": "password",
    f"user=me password='{PASSWORD}'": "password",
    f"Server=tcp:host,1433;Uid=me;Pwd={PASSWORD};Encrypt=yes": "password",
    f"Password={PASSWORD};Server=host": "password",
    f"jdbc:postgresql://host/db?user=me&password={PASSWORD}": "password",
    f"https://hooks.slack.com/services/{SLACK_PATH}": "Slack webhook",
    f"aws_secret_access_key = {AWS_SECRET}": "AWS secret",
    f"export AWS_SECRET_ACCESS_KEY={AWS_SECRET}": "AWS secret",
    f'{{"SecretAccessKey": "{AWS_SECRET}"}}': "AWS secret",
    f'{{\\"SecretAccessKey\\":\\"{AWS_SECRET}\\"}}': "AWS secret",
    f"AWS_SESSION_TOKEN={AWS_SECRET * 4}": "AWS token",
    f"AccountName=me;AccountKey={'a1B/' * 21}a1==;EndpointSuffix=core": "Azure key",
    "Authorization: Bearer " + "abc123def": "authorization",
    "authorization: token " + "abc123def": "authorization",
    "HTTP_AUTHORIZATION=Basic " + "bWU6aHVu" + "dGVyMg==": "authorization",
    "headers = {'Authorization': 'Bearer " + "a1.b2-c3_d4'}": "authorization",
    "Bearer " + "a1B2" * 6: "token",
    "x-api-key: " + "a1b2" * 8: "API key",
    "PRIVATE-TOKEN: " + "a1b2" * 5: "token",
}
"""A secret in what shows that it is one, which stays."""

SECRETS_IN = {
    PASSWORD,
    SLACK_PATH,
    AWS_SECRET,
    "a1B/" * 21,
    "abc123def",
    "bWU6aHVudGVyMg==",
    "a1.b2-c3_d4",
    "a1B2" * 6,
    "a1b2" * 5,
}


def hidden_in(text: str) -> list[str]:
    """Return what of a text must not be read anywhere, as it stands in JSON, too."""
    if "PRIVATE KEY" in text:
        return LINES[:1]
    return [secret for secret in SECRETS_IN if secret in text] or [text]


NO_SECRETS = [
    "sk-learn, task-force, sk- and sk-... are words",
    "pip install sk-learn-contrib-of-somebody-with-a-long-name",
    "risk-" + "assessments" * 3,
    "sk-ant-..., <your-key> and sk-ant-your-key-goes-here",
    "xoxb-your-token, glpat-your-access-token-here, hf_xxx, AKIA..., AIza..., ghp_<token>",
    str(uuid.UUID(int=0x0197_0000_0000_7000_8000_0000_3F9C_2A11)),
    "commit 5509df7c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f60",
    "data:image/png;base64," + base64.b64encode(hashlib.shake_128(b"an image").digest(30_000)).decode(),
    "A web token begins with eyJ, and eyJhbGciOiJIUzI1NiJ9 is its head; eyJ.eyJ.x is none.",
    "postgres://localhost/db, postgres://me@localhost/db, http://localhost:8888/lab?token=x",
    "postgres://me:${PASSWORD}@host postgres://me:$PASSWORD@host postgres://me:%s@host",
    "f'postgres://{user}:{password}@{host}' and postgres://me:<password>@host and https://me:***@host",
    "https://example.com/a:b@c and https://example.com:8080?mail=me@example.com",
    "git@github.com:org/repo.git ssh://git@github.com:22/org/repo http://[::1]:8080/",
    "password = input()\npassword=input()\npassword=getpass.getpass()\ndef f(password=None): ...",
    "connect(host=host, user=user, password=password)\nconnect(host=host,user=user,password=password)",
    "for word=first; password=ask() and ?password=${PASSWORD}&x=1",
    "Authorization: Bearer $TOKEN, Authorization: Bearer <token>, Authorization: Bearer YOUR_API_KEY",
    "Authorization: basic understanding; the Bearer of this letter; f'Bearer {token}'",
    "the api-key management-and-rotation-guide; x-api-key: $KEY",
    "aws_secret_access_key = os.environ['AWS_SECRET_ACCESS_KEY']",
    f"{DASHES}BEGIN CERTIFICATE{DASHES}\n" + "\n".join(LINES) + f"\n{DASHES}END CERTIFICATE{DASHES}",
    f"{DASHES}BEGIN PUBLIC KEY{DASHES}\n" + "\n".join(LINES) + f"\n{DASHES}END PUBLIC KEY{DASHES}",
    f"It begins with {DASHES}BEGIN PRIVATE KEY{DASHES} and ends with {DASHES}END PRIVATE KEY{DASHES}.",
    f"{DASHES}BEGIN PRIVATE KEY{DASHES}\n...\n{DASHES}END PRIVATE KEY{DASHES}",
    "| --- | ----- |\n|-----|-----|",
    "toolu_01A09q90qw90lq917835lq9 msg_01XFDUDYJgAACzvnptvVoYEL file_011CNha8iCJcU1wXNR6q4V8w",
    "hf_hub_download(), npm_config_registry, gsk_, r8_, dapi, dapino, SG.lib.foo, AccountKey=<key>",
]

ENVIRON = {"A_TOKEN": "correct horse battery", "B_PASSWORD": f"battery staple {DASHES}", "C_KEY": "sk-live-1234"}


def streamed(mask: Mask, pieces: Iterable[str]) -> str:
    """Return everything that is shown of a text that comes in pieces."""
    stream = StreamMask(mask)
    return "".join([stream.take(piece) for piece in pieces]) + stream.rest()


def cut(text: str, places: Iterable[int]) -> list[str]:
    """Return a text in pieces."""
    bounds = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[start:end] for start, end in pairwise(bounds)]


@pytest.mark.parametrize(("secret", "hides"), TOKENS.items(), ids=lambda text: text[:12])
def test_a_secret_is_masked_wherever_it_stands(secret: str, hides: str) -> None:
    """At the beginning and the end, in quotes, behind a line break of JSON, a colour or an escaped character."""
    mask = Mask({})
    for before, after in (
        ("", ""),
        ("it is ", " there"),
        ("'", "'"),
        ('KEY="', '"'),
        ("key=", "\n"),
        ("\\n", "\\n"),
        ("\x1b[31m", "\x1b[39m"),
        ("token%3D", "&x"),
        ("(", ")"),
        ("日本", "語"),
    ):
        assert mask(before + secret + after) == f"{before}[masked {hides}]{after}"


@pytest.mark.parametrize(("text", "hides"), INSIDE.items(), ids=lambda text: text[:20])
def test_only_the_secret_itself_is_masked(text: str, hides: str) -> None:
    """What stands around it is still to be read, and tells whose it was."""
    masked = Mask({})(f"so: {text}")
    assert masked.count(f"[masked {hides}]") == 1
    assert not any(hidden in masked for hidden in hidden_in(text))
    before, after = masked.split(f"[masked {hides}]")
    assert f"so: {text}".startswith(before)
    assert text.endswith(after)
    assert Mask({})(masked) == masked


@pytest.mark.parametrize("text", NO_SECRETS, ids=lambda text: text[:20])
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    """Words, code that asks for a password, stand-ins, hashes, ids and images are left as they are."""
    assert Mask({})(text) == text
    assert streamed(Mask({}), text) == text


def test_landmarks_find_every_secret() -> None:
    """Whatever a pattern finds has the landmark that its pattern is tried at, so nothing depends on its company."""
    for text in [*TOKENS, *INSIDE]:
        for mark, beside, finder in LANDMARKS:
            for pattern, _ in finder.patterns:
                for match in pattern.finditer(text):
                    seen = text[max(0, match.start() - BEHIND) : match.end()]
                    assert mark in seen
                    assert beside(seen)


def test_a_key_that_breaks_off_is_masked_as_far_as_it_goes() -> None:
    """What is said behind it stays, and two keys are two."""
    mask = Mask({})
    assert mask(key_block(end=False) + "\nand then I said: no.") == "[masked private key]\nand then I said: no."
    assert mask(f"{key_block(end=False)}\n\n{key_block()}!") == "[masked private key]\n\n[masked private key]!"
    long = key_block(lines=LINES[:3] * 100)
    assert len(long) > LONGEST_BLOCK
    assert mask(f"a {long} b") == "a [masked private key] b"


def test_overlapping_secrets_leave_nothing_between_them() -> None:
    """A credential that is a part of a longer secret, or that reaches into one, is covered with it."""
    token = "ghp_" + "a1B2" * 9
    assert Mask({"MY_TOKEN": token[:20]})(f"x {token} y") == "x [masked GitHub token] y"
    assert Mask({"MY_TOKEN": f"over {token[:9]}"})(f"over {token}") == "[masked MY_TOKEN]"
    assert Mask({"MY_TOKEN": token})(f"https://me:{token}@host") == "https://me:[masked MY_TOKEN]@host"


def test_the_users_patterns_are_masked_too() -> None:
    """The whole match, or the group that is called so; a match of nothing masks nothing."""
    mask = Mask({}, [r"ACME-\d{4}", r"pin (?P<secret>\d+)", r"\bx*"])
    assert mask("ACME-1234, pin 987, ACME-12") == "[masked secret], pin [masked secret], ACME-12"


@pytest.mark.parametrize("pattern", ["(", "a*", "", "|x", "(?P<secret>a)(?P<secret>b)", "x{99999999999}"])
def test_a_pattern_that_cannot_be_used_is_one_sentence(pattern: str) -> None:
    """One that is no regular expression, and one that an empty text has."""
    with pytest.raises(SettingError, match=r"no regular expression|empty text"):
        Mask({}, [pattern])
    with pytest.raises(SettingError):
        check_pattern(pattern)


WORDS = st.sampled_from(
    [
        *("the ", "task-", "disk-", "sk-learn ", " ", "\n", "\\n", ".", ", ", "-", "--", DASHES, "_", "=", ":", "://"),
        *(
            "@",
            "/",
            "eyJ",
            "AKIA",
            "ghp",
            "A",
            "host=",
            "user=a ",
            "password=",
            "é",
            "日本",
            "\x1b[31m",
            "%3D",
            '"',
            "'",
        ),
        *(
            "Bearer ",
            "Authorization: ",
            f"{DASHES}BEGIN ",
            "RSA PRIVATE KEY",
            "correct ",
            "horse ",
            "battery ",
            "x" * 30,
        ),
    ]
)
SECRETS = st.sampled_from([*TOKENS, *INSIDE, *ENVIRON.values()])
HALVES = st.builds(lambda text, length: text[: length % len(text)], SECRETS, st.integers(0, 10_000))
TEXTS = st.lists(WORDS | SECRETS | HALVES, max_size=8).map("".join)
CUTS = st.lists(st.integers(0, 10_000), max_size=12)


@settings(max_examples=250, deadline=None)
@given(TEXTS, CUTS)
@example("postgres://me:at@hunter2@host", range(30))
def test_what_is_shown_in_pieces_is_what_is_masked_as_a_whole(text: str, places: Iterable[int]) -> None:
    """However a text is cut, a reader sees what the log holds, and of a secret nothing."""
    mask = Mask(ENVIRON)
    assert streamed(mask, cut(text, places)) == mask(text)
    assert streamed(mask, text) == mask(text)


@settings(max_examples=100, deadline=None)
@given(st.lists(SECRETS, min_size=1, max_size=3), CUTS)
def test_no_secret_is_ever_seen(secrets: list[str], places: list[int]) -> None:
    """Not even between two pieces: what was shown once is never taken back."""
    shown = streamed(Mask(ENVIRON), cut(" and ".join(secrets), places))
    hidden = [part for secret in secrets for part in hidden_in(secret)]
    assert not any(part in shown for part in [*hidden, *ENVIRON.values()])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.from_regex(r"[a-z]{1,9}[ .,\n]", fullmatch=True), max_size=20).map("".join), CUTS)
def test_ordinary_text_does_not_wait(text: str, places: list[int]) -> None:
    """Of words no more is held back than a few letters that a secret could begin with."""
    stream, shown = StreamMask(Mask({})), 0
    for piece in cut(text, places):
        shown += len(stream.take(piece)) - len(piece)
        assert -16 <= shown <= 0


def test_what_may_be_a_secret_waits_no_longer_than_it_must() -> None:
    """Until it is none, until it ends, or until too much has come for what it seemed to be."""
    stream = StreamMask(Mask({}))
    assert stream.take("the sk-") == "the "
    assert stream.take("learn ") == "sk-learn "
    assert stream.take("ghp_" + "a1B2" * 9) == ""
    assert stream.take(" and ") == "[masked GitHub token] and "
    assert stream.take(f"\n{DASHES}BEGIN PRIVATE KEY{DASHES}") == "\n"
    assert stream.take(" is how it is. ") == f"{DASHES}BEGIN PRIVATE KEY{DASHES} is how it is. "
    unfinished = f"{key_block(end=False)}\n"
    assert stream.take(unfinished) == ""
    shown, told = "", "And so on. "
    for _ in range(LONGEST_BLOCK // len(told) + 1):
        shown += stream.take(told)
    assert shown.startswith(f"[masked private key]\n{told * 100}")


@pytest.mark.parametrize(
    "endless",
    [
        "sk-ant-" + "a1B2" * LONGEST,
        key_block(lines=LINES[:3] * 150),
        "eyJ" + "a" * 990 + ".eyJ" + "b" * 3990 + "." + "c" * 9999,
    ],
    ids=["token", "private key", "JSON web token"],
)
def test_a_secret_without_an_end_is_masked_once_and_forgotten(endless: str) -> None:
    """However long it is, only a part of it is kept in memory, and nothing of it is shown."""
    stream, shown = StreamMask(Mask({})), ""
    for at in range(0, len(endless), 100):
        shown += stream.take(endless[at : at + 100])
        assert len(stream._held) <= max(LONGEST, KEPT_FIRST + KEPT_LAST)
    shown += stream.take(" that was it")
    assert shown == Mask({})(endless) + " that was it"


def test_the_users_patterns_are_not_seen_in_pieces_either() -> None:
    """The last characters wait always, and a match that still grows waits until it ends."""
    mask = Mask({}, [r"Project \w+", r"CONFIDENTIAL.*", r"pin: (?P<secret>\d+)"])
    text = f"So Project Falcon, pin: 1234, is on. CONFIDENTIAL{' indeed' * WINDOW}\nand more. " * 2
    assert streamed(mask, text) == streamed(mask, cut(text, range(0, 9999, 7))) == mask(text)
    stream = StreamMask(mask)
    assert stream.take("x" * 1000) == "x" * (1000 - WINDOW)
    greedy = StreamMask(Mask({}, [r"(?s).+"]))
    assert "".join(greedy.take("some words " * 50) for _ in range(50)) + greedy.rest() == "[masked secret]"
    near = StreamMask(Mask({}, [r"(?s)pin: (?P<secret>\d+).*"]))
    assert near.take(f"pin: 123{'.' * 2 * LONGEST}") == ""
    assert near.rest() == f"pin: [masked secret]{'.' * 2 * LONGEST}"


FAMILIES = [secret for secret in TOKENS if "PRIVATE" not in secret] + [key_block(), *INSIDE]


@pytest.mark.parametrize("secret", FAMILIES, ids=lambda text: text[:12])
def test_no_secret_reaches_the_disk(manager: SessionManager, secret: str) -> None:
    """Not in a prompt, an answer, a tool's arguments, their names, its output, or a traceback."""
    try:
        raise ValueError(secret)  # noqa: TRY301 - it is the traceback that is wanted
    except ValueError:
        trace = traceback.format_exc()
    session = manager.create()
    session.append(user(f"My secret: {secret}"))
    call = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"data": secret, "more": [{secret: secret}]}}
    session.append(assistant([{"type": "text", "text": f"Yours: {secret}"}, call], stop_reason="tool_use"))
    session.append(user([{"type": "tool_result", "tool_use_id": "toolu_1", "content": trace, "is_error": True}]))
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": repr(secret)}]}
    session.append(user([result]))
    written, sent = session.file.read_text(), json.dumps(session.build_context().messages)
    assert written.count("[masked ") >= 7
    for hidden in hidden_in(secret):
        assert hidden not in written
        assert hidden not in sent


LOOKS_LIKE_ONE = "ghp_" + "a1B2" * 9


def test_what_is_sealed_is_not_touched() -> None:
    """Signatures and payloads that a model or a server made come back as they came, whatever they look like."""
    blocks = [
        {"type": "thinking", "thinking": "Hm.", "signature": LOOKS_LIKE_ONE},
        {"type": "redacted_thinking", "data": LOOKS_LIKE_ONE},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": LOOKS_LIKE_ONE}},
        {"type": "document", "source": {"type": "file", "file_id": LOOKS_LIKE_ONE}},
        {"type": "container_upload", "file_id": LOOKS_LIKE_ONE},
        {
            "type": "web_search_tool_result",
            "content": [{"type": "web_search_result", "url": "https://a", "encrypted_content": LOOKS_LIKE_ONE}],
        },
        {
            "type": "text",
            "text": "so",
            "citations": [{"type": "web_search_result_location", "encrypted_index": LOOKS_LIKE_ONE}],
        },
        {"type": "tool_result", "content": [{"type": "redacted_thinking", "data": LOOKS_LIKE_ONE}]},
    ]
    cleaned = clean(blocks, Mask({"A_TOKEN": LOOKS_LIKE_ONE}))
    assert cleaned == blocks
    assert cleaned[0] is not blocks[0]


@pytest.mark.parametrize(
    "value",
    [
        {"type": "thinking", "thinking": LOOKS_LIKE_ONE, "signature": ""},
        {"type": "text", "text": "x", "signature": LOOKS_LIKE_ONE},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": LOOKS_LIKE_ONE}},
        {"type": "image", "source": {"type": "url", "url": f"https://me:{LOOKS_LIKE_ONE}@host"}},
        {"type": "tool_use", "name": "f", "input": {"data": LOOKS_LIKE_ONE, "signature": "", "file_id": ""}},
        {"type": "tool_use", "name": "f", "input": {"type": "base64", "data": LOOKS_LIKE_ONE}},
        {"type": "tool_use", "name": "f", "input": {"deep": [{"type": "thinking", "signature": LOOKS_LIKE_ONE}]}},
        {"type": ["thinking"], "signature": LOOKS_LIKE_ONE},
        {"type": "base64", "data": [LOOKS_LIKE_ONE]},
        {"data": LOOKS_LIKE_ONE, "signature": LOOKS_LIKE_ONE},
    ],
    ids=str,
)
def test_the_same_names_elsewhere_are_masked(value: dict[str, object]) -> None:
    """A tool's argument that is called data, or that looks like a block, is an argument."""
    cleaned = json.dumps(clean(value, Mask({})))
    assert LOOKS_LIKE_ONE not in cleaned
    assert "[masked " in cleaned


def test_thinking_that_was_masked_is_unsigned() -> None:
    """Its signature no longer holds; that of other thinking is kept."""
    blocks = [
        {"type": "thinking", "thinking": LOOKS_LIKE_ONE, "signature": "c2lnbmVk"},
        {"type": "thinking", "thinking": "Hm.", "signature": LOOKS_LIKE_ONE},
    ]
    original = {"role": "assistant", "content": blocks}
    masked = unsigned_where_changed(clean(original, Mask({})), original)
    assert [block["signature"] for block in masked["content"]] == ["", LOOKS_LIKE_ONE]


def test_the_environments_values_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A live credential is named by its variable, whatever its shape."""
    monkeypatch.setenv("SOME_API_KEY", LOOKS_LIKE_ONE)
    mask = Mask(os.environ)
    assert (
        mask(f"it is {LOOKS_LIKE_ONE}.") == streamed(mask, f"it is {LOOKS_LIKE_ONE}.") == "it is [masked SOME_API_KEY]."
    )
