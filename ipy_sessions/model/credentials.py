"""Whether there is anything to reach a real model with, found out without importing the SDK.

The SDK decides which credential is used; this is the cheap look before it, so that a kernel without one never pays for
its import. It looks in the same places, in
https://github.com/anthropics/anthropic-sdk-python (``lib/credentials``), and reads no secret.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

OFFICIAL_HOST = "anthropic.com"
OFFICIAL = "https://api.anthropic.com"
_STATIC = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE")
_FEDERATED = ("ANTHROPIC_FEDERATION_RULE_ID", "ANTHROPIC_ORGANIZATION_ID")


def has_credential(environ: Mapping[str, str]) -> bool:
    """Tell whether the SDK may find a credential: in a variable, or in a profile on the disk."""
    if any(environ.get(name) for name in _STATIC) or all(environ.get(name) for name in _FEDERATED):
        return True
    try:
        return any((_folder(environ) / "configs").glob("*.json"))
    except (OSError, RuntimeError):  # unreadable, or no home
        return False


def base_url(environ: Mapping[str, str]) -> str:
    """Return the server that the environment names, as the SDK wants it; empty when it names none.

    A scheme that was left out is ``http``. A ``/v1`` at the end, as other APIs want it, goes: the SDK adds its own.
    """
    url = environ.get("ANTHROPIC_BASE_URL", "").strip().rstrip("/").removesuffix("/v1")
    return url if "://" in url or not url else f"http://{url}"


def is_official(url: str) -> bool:
    """Tell whether an address is Anthropic's own."""
    host = urlsplit(url).hostname or ""
    return host == OFFICIAL_HOST or host.endswith("." + OFFICIAL_HOST)


def is_loopback(url: str) -> bool:
    """Tell whether an address is this machine's own, where no proxy stands in between."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def without_login(url: str) -> tuple[str, str]:
    """Return an address without the user and password in it, and those as a header has them; empty for none."""
    parts = urlsplit(url)
    login, _, place = parts.netloc.rpartition("@")
    return parts._replace(netloc=place).geturl(), b64encode(unquote(login).encode()).decode() if login else ""


def without_secrets(url: str) -> str:
    """Return an address as it can be shown: without user, password, query and the slash at its end."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}{parts.path.rstrip('/')}"


def fingerprint(environ: Mapping[str, str]) -> int:
    """Return a number that changes when one of the SDK's variables does; no secret can be read from it."""
    return hash(tuple(sorted((name, value) for name, value in environ.items() if name.startswith("ANTHROPIC_"))))


def _folder(environ: Mapping[str, str]) -> Path:
    if given := environ.get("ANTHROPIC_CONFIG_DIR"):
        return Path(given)
    if os.name == "nt":
        return Path(environ.get("APPDATA", "")) / "Anthropic"
    return Path(environ.get("HOME") or "~").expanduser() / ".config" / "anthropic"
