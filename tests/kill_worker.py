"""A program that writes sessions and is killed at it: `python kill_worker.py FOLDER ROUNDS SEED`.

For each round a child is forked before anything is open. It opens the round's session, or begins it, and appends; what
`append` has returned it tells through a pipe. After 0 to 30 ms, counted from its start or from its first line, it is
killed with signal 9. Printed is one JSON object a session: its folder, what each writer has told, and whether the file
ended in a torn line when it was dead.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from ipy_sessions import SessionManager, Settings, assistant, user

LIVES = 10  # writers of one session, one after the other
LONGEST = 0.03  # seconds that a writer is left to live
QUIET = Settings(model="offline", offline_delay=0)


def write(folder: Path, chance: random.Random, pipe: int) -> None:
    """Open the folder's session at once, or begin it, and append until the end comes."""
    manager = SessionManager(folder, settings=QUIET)
    files = list(folder.glob("*.jsonl"))
    session = manager.open(files[0]) if files else manager.create()
    while True:
        size = int(100 * 2000 ** chance.random())
        entry = session.append(chance.choice([user, assistant])("é" * (size // 2)) if files else user("the first"))
        files = [session.file]
        os.write(pipe, f"{entry.id}\n".encode())


def live_and_die(folder: Path, chance: random.Random) -> list[str]:
    """Run one writer and kill it; return what it has told."""
    reading, writing = os.pipe()
    seed, life, at_once = chance.random(), LONGEST * chance.random(), chance.random() < 1 / 2
    child = os.fork()
    if child == 0:
        try:
            write(folder, random.Random(seed), writing)  # noqa: S311 - sizes are no secrets
        except BaseException as error:  # noqa: BLE001 - the test is told, and fails
            os.write(writing, f"failed: {error!r}\n".encode())
        os._exit(1)
    os.close(writing)
    told = b"" if at_once else os.read(reading, 100_000)
    time.sleep(life)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as pipe:
        return (told + pipe.read()).decode().splitlines()


def main(folder: Path, rounds: int, seed: int) -> None:
    """Kill so many writers."""
    chance = random.Random(seed)  # noqa: S311
    for number in range(rounds // LIVES):
        one = folder / f"{seed}-{number}"
        one.mkdir()
        told: list[list[str]] = []
        torn: list[bool] = []
        for _ in range(LIVES):
            told.append(live_and_die(one, chance))
            torn.append(any(file.read_bytes()[-1:] != b"\n" for file in one.glob("*.jsonl")))
        sys.stdout.write(json.dumps({"folder": str(one), "told": told, "torn": torn}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
