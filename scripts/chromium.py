"""Find a Chromium for the browser tests, or get one, and print its path.

In this order: the variable CHROMIUM, PATH, the one that Playwright has downloaded before, Debian's package if it may be
installed without asking, a download by Playwright. Without any of them one sentence says how to get one, and the exit
status is 1: browser tests are never skipped silently.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ON_MACOS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def main() -> int:
    """Print the path of a Chromium; return 0, or 1 with a sentence."""
    for way in (given, on_path, of_playwright, of_debian, downloaded):
        if (path := way()) is not None:
            print(path)
            return 0
    print(
        "The browser tests need a Chromium, and there is none: type `sudo apt install chromium` (Debian, Ubuntu) or "
        "`brew install --cask chromium` (macOS), or name one with CHROMIUM=/path/to/chromium. "
        "`make test-fast` runs everything else.",
        file=sys.stderr,
    )
    return 1


def given() -> str | None:
    """Return what the variable CHROMIUM names."""
    return works(shutil.which(os.environ.get("CHROMIUM") or ""))


def on_path() -> str | None:
    """Return one that is installed."""
    return next((path for name in (*NAMES, *ON_MACOS) if (path := works(shutil.which(name)))), None)


def works(path: str | None) -> str | None:
    """Return the path of a browser that starts; some are mere stand-ins that tell how to install one."""
    if path is None:
        return None
    try:
        done = subprocess.run([path, "--version"], check=False, capture_output=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if done.returncode else path


def of_playwright() -> str | None:
    """Return the one that Playwright has downloaded before."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return works(path)


def of_debian() -> str | None:
    """Install Debian's package, where no password is needed for it."""
    apt = shutil.which("apt-get")
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if apt is None or (sudo and shutil.which("sudo") is None):
        return None
    print("Installing Chromium from the system's packages …", file=sys.stderr)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
        subprocess.run([*sudo, apt, *arguments], check=False, capture_output=True, env=environment)
    return on_path()


def downloaded() -> str | None:
    """Let Playwright download its own."""
    print("Downloading a Chromium with Playwright …", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False, capture_output=True)
    return of_playwright()


if __name__ == "__main__":
    raise SystemExit(main())
