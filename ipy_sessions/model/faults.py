"""What went wrong between us and a server, and what the user can do about it.

It owns the sentences, and the decision whether repeating can help. The exceptions that it reads are those of the
official SDK and of the HTTP client inside it; each row of the table was produced on a loopback server and looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ipy_sessions.encoding import whole_characters
from ipy_sessions.model.assembly import StreamFaultError

OVERFLOW = re.compile(
    r"prompt is too long|too many tokens|context limit"
    r"|context[ _-]*(window|length|size)|maximum context|max_input_tokens"
    r"|exceeds? the (available )?context",
    re.IGNORECASE,
)
REFUSED = (400, 413, 422)  # the statuses of a request that the server does not take as it is
RETRYABLE_STATUSES = frozenset({408, 409, 429})  # and every one from 500 up
RETRYABLE_KINDS = frozenset({"overloaded_error", "rate_limit_error", "api_error", "timeout_error"})
FEW = 2  # repetitions for a server that does not answer at all: it is down rather than busy
SERVER_FAULT = 500  # the first status that is the server's own fault


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong.

    Parameters
    ----------
    kind
        In one word, that of the Messages API where it has one.
    reason
        In a few words, for the line that counts down to a repetition.
    sentence
        What happened, and what to do next.
    retries
        How often repeating makes sense; ``None`` for as often as the user allows.
    retry_after
        Seconds that the server asks to wait; ``None`` when it does not say.
    status
        The HTTP status, for an answer that was an error.
    words
        The server's own words for it.
    """

    kind: str
    reason: str
    sentence: str
    retries: int | None = 0
    retry_after: float | None = None
    status: int | None = None
    words: str = ""

    @property
    def overflow(self) -> bool:
        """Whether the conversation is too long for the model."""
        return self.kind in ("context_overflow", "request_too_large")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Around a fault: what the sentences need besides the exception.

    Parameters
    ----------
    model
        The model's name.
    server
        The server's address, without credentials.
    timeout
        Seconds of silence after which it was given up.
    mask
        From words to the same without the key: a server, and the HTTP client, may repeat it.
    began
        Whether the answer had begun, and so is paid for.
    said
        Whether a part of it can be read.
    """

    model: str
    server: str
    timeout: float
    mask: Callable[[str], str] = str
    began: bool = False
    said: bool = False

    def words(self, text: object, length: int) -> str:
        """Return words of others as they can be shown: on one line, without secrets, no longer than `length`."""
        return " ".join(self.mask(whole_characters(str(text))).split())[:length]


def understand(error: Exception, around: Circumstances) -> Fault:
    """Return what an exception of the SDK, of its HTTP client or of the stream means."""
    import anthropic
    import httpx2

    if isinstance(error, StreamFaultError):
        return _of_stream(error, around)
    if isinstance(error, anthropic.APIStatusError):
        return _of_status(error, around)
    if isinstance(error, anthropic.APITimeoutError | httpx2.TimeoutException | TimeoutError):
        return _silence(around, connecting="Connect" in type(error.__cause__ or error).__name__)
    if isinstance(error, anthropic.APIConnectionError | httpx2.TransportError):
        return _unreachable(error, around)
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError | httpx2.DecodingError):  # of what came
        sentence = _broken("sent something that cannot be read", around)
        return Fault("invalid_stream", "unreadable answer", sentence, _unless_begun(around, FEW))
    return _unforeseen(error, around)


def _unforeseen(error: Exception, around: Circumstances) -> Fault:
    kind = type(error).__name__
    words = around.words(f"{kind}: {error}", 200).rstrip(".")
    if around.began:
        return Fault(kind, "unreadable answer", _broken(f"sent what cannot be read ({words})", around))
    return Fault(
        kind, "not sent", f"{around.model} could not be asked ({words}). Look at the question and the settings."
    )


def _broken(what: str, around: Circumstances) -> str:
    """Return the sentence for an answer that did not come to its end."""
    if around.said:
        return f"{around.server} {what}. What came until then is kept; `%agent go on` asks for the rest."
    return f"{around.server} {what} before it said anything. Run the cell again."


def _of_stream(error: StreamFaultError, around: Circumstances) -> Fault:
    if error.kind == "incomplete":
        sentence = _broken("ended the connection", around)
        return Fault("incomplete", "no end", sentence, _unless_begun(around, FEW))
    if error.kind == "no_stream":
        sentence = (
            f"{around.server} answered with {around.words(error, 60) or 'nothing'} and not with a stream: "
            "is it a server of the Messages API? Look at ANTHROPIC_BASE_URL."
        )
        return Fault(error.kind, "no stream", sentence)
    if error.kind == "invalid_tool_input":
        return Fault(error.kind, "unreadable tool call", _broken("sent a tool call that cannot be read", around))
    said = f" ({around.words(error, 300)})" if str(error) else ""
    kind = around.words(error.kind, 60)
    reason = kind.removesuffix("_error").replace("_", " ")
    retries = _unless_begun(around, None) if error.kind in RETRYABLE_KINDS else 0
    return Fault(kind, reason, _broken(f"reported {kind}{said}", around), retries)


def _unless_begun(around: Circumstances, retries: int | None) -> int | None:
    """Return the repetitions that make sense: none once a part of the answer has come."""
    return 0 if around.began else retries


def _silence(around: Circumstances, *, connecting: bool) -> Fault:
    if connecting:
        sentence = f"{around.server} did not take the connection in time. Is the address right, and the network up?"
        return Fault("timeout", "no connection", sentence, FEW)
    waited = f"was silent for {around.timeout:g} s (the setting timeout)"
    return Fault("timeout", "silence", _broken(waited, around))


def _unreachable(error: Exception, around: Circumstances) -> Fault:
    if around.began:
        return Fault("connection_lost", "connection lost", _broken("lost the connection", around))
    causes = []
    cause: BaseException | None = error
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    if any("refused" in str(one).lower() for one in causes):
        sentence = (
            f"Nothing answers at {around.server}: is the server running? Start it, or correct ANTHROPIC_BASE_URL; "
            "`--model offline` needs none."
        )
        return Fault("connection_refused", "nothing answers", sentence, FEW)
    words = next((text for one in reversed(causes) if (text := around.words(one, 150))), "no reason given")
    sentence = f"{around.server} could not be reached: {words}. Look at the network, then run the cell again."
    return Fault("connection_failed", "no connection", sentence, FEW)


def _of_status(error: Any, around: Circumstances) -> Fault:
    status = int(error.status_code)
    kind = around.words(error.type or f"http_{status}", 60)
    words = _words(error, around)
    if kind == "request_too_large" or status == 413:  # noqa: PLR2004 - its number is its name
        return Fault(
            "request_too_large", "too large", f"{around.model}: the request is too large (413).", status=status
        )
    if OVERFLOW.search(words) and status in REFUSED:
        return Fault("context_overflow", "too long", f"{around.model}: {words}.", status=status)
    other = _FAILED if status >= SERVER_FAULT else _REFUSED
    sentence = _SENTENCES.get(status, other).format(
        server=around.server, model=around.model, status=status, words=words
    )
    if error.request_id:
        sentence += f" ({around.words(error.request_id, 60)})"
    reason = words if len(words) <= 40 else f"error {status}"  # noqa: PLR2004 - it stands on one line
    retries = None if _retryable(status, error.response.headers) else 0
    return Fault(kind, reason, sentence, retries, _retry_after(error.response.headers), status, words)


_REFUSED = (
    "{server} refused the request ({status}: {words}). Change the question or its options, then run the cell again."
)
_FAILED = "{server} failed ({status}: {words}). Run the cell again in a while."
_SENTENCES = {
    401: (
        "{server} does not accept the key (401: {words}). Give a valid one to ANTHROPIC_API_KEY, outside of the "
        "notebook; `--model offline` needs none."
    ),
    402: "{server} asks for payment (402: {words}). Look at the account's balance, then run the cell again.",
    403: "The key may not do this (403: {words}). Use another key or another model.",
    404: "There is no model {model!r} at {server} (404: {words}). Tab behind `--model` shows those that there are.",
    429: "{server} limits how much one may ask ({status}: {words}). Run the cell again in a while.",
    529: "{server} is overloaded ({status}: {words}). Run the cell again in a while.",
}


def _words(error: Any, around: Circumstances) -> str:
    """Return the server's own words, on one line."""
    body = error.body
    if isinstance(body, Mapping):
        inner = body.get("error")
        message = inner.get("message") if isinstance(inner, Mapping) else inner or body.get("message")
        if isinstance(message, str) and message.strip():
            return around.words(message, 300).rstrip(".")
    return around.words(re.sub(r"<[^>]*>", " ", str(body or "")), 100) or f"status {error.status_code}"


def _retryable(status: int, headers: Mapping[str, str]) -> bool:
    told = headers.get("x-should-retry")
    if told in ("true", "false"):
        return told == "true"
    return status in RETRYABLE_STATUSES or status >= SERVER_FAULT


def _retry_after(headers: Mapping[str, str]) -> float | None:
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:  # a date, which no server of this API sends
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    return None
