"""What kind of file system a folder is on, where the system says so.

It is asked for one reason: locks and renames of network file systems may end at the machine, so a lease there needs
more than a lock. Linux tells; elsewhere a file system counts as local.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
NETWORK = frozenset(
    [
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "gpfs", "beegfs"),
        *("virtiofs", "prl_fs", "vboxsf", "davfs"),
    ]
)


def is_network(path: Path) -> bool:
    """Tell whether a file or folder is on a network file system, as far as that can be known."""
    return is_network_kind(kind_of(path))


def is_network_kind(kind: str) -> bool:
    """Tell whether a file system of this name is on a network; FUSE counts, since nothing says what is behind it."""
    return kind in NETWORK or kind == "fuse" or kind.startswith("fuse.")


def kind_of(path: Path, mounts: Path = MOUNTS) -> str:
    """Return the name of the file system that a file or folder is on; empty where the system does not tell."""
    try:
        device = path.stat().st_dev
    except OSError:
        return ""
    return _kinds(mounts).get(f"{os.major(device)}:{os.minor(device)}", "")


@lru_cache(maxsize=1)
def _kinds(mounts: Path) -> dict[str, str]:
    """Return the file systems' names by their devices; mounts that come later are not known."""
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return {}
    kinds = {}
    for line in lines:
        before, _, after = line.partition(" - ")  # proc(5): id, parent, device, …  -  type, source, …
        if len(before.split()) > 2 and after:  # noqa: PLR2004 - the third word is the device
            kinds[before.split()[2]] = after.split()[0]
    return kinds
