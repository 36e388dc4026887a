"""Make the project's virtual environment and install the project into it.

Usage: environment.py FOLDER EXTRA

A fresh Debian or Ubuntu has a Python whose ``venv`` lacks pip; there the package that completes it is installed if that
is possible without asking, and else one sentence says what to type.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Make the environment; return 0, or 1 with a sentence."""
    folder, extra = Path(sys.argv[1]), sys.argv[2]
    python = folder / "bin" / "python"
    if not works(python):
        shutil.rmtree(folder, ignore_errors=True)
        if not create(folder) and not (complete_venv() and create(folder)):
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            print(
                f"This Python cannot make a virtual environment: its venv module is not complete. Type "
                f"`sudo apt install python{version}-venv`, then run the same command again.",
                file=sys.stderr,
            )
            return 1
    print(f"Installing ipy_sessions[{extra}] into {folder} (the first time takes a minute) …", flush=True)
    install = [
        str(python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--editable",
        f".[{extra}]",
    ]
    if subprocess.run(install, check=False).returncode:
        print("The installation failed; the lines above say why. Run the same command again to retry.", file=sys.stderr)
        return 1
    (folder / extra).touch()
    if extra == "dev":  # which has all that the other has
        (folder / "lab").touch()
    return 0


def works(python: Path) -> bool:
    """Tell whether an interpreter is there, new enough, and has pip."""
    test = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    return (
        python.exists() and not subprocess.run([str(python), "-c", test], check=False, capture_output=True).returncode
    )


def create(folder: Path) -> bool:
    """Make an environment; tell whether it has become a whole one."""
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=False, capture_output=True)
    return works(folder / "bin" / "python")


def complete_venv() -> bool:
    """Install Debian's rest of venv, if this is Debian and no password is needed for it."""
    apt = shutil.which("apt-get")
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if apt is None or (sudo and shutil.which("sudo") is None):
        return False
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    print(f"Installing {package}, which Debian keeps apart from Python …", flush=True)
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", package]):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        if subprocess.run([*sudo, apt, *arguments], check=False, capture_output=True, env=environment).returncode:
            return False
    return True


if __name__ == "__main__":
    raise SystemExit(main())
