"""Contracts: payloads are kept as long as anything refers to them."""

from __future__ import annotations

import hashlib

from ipy_sessions.store.blobs import Blob
from ipy_sessions.testing.stores.workbench import Contract, Talk, Workbench, append, need, same

LARGE = 200_000  # bytes


def put_and_got(bench: Workbench) -> None:
    """A payload comes back as it was given, empty or large, and is kept when the store is closed."""
    blobs = [_blob(data, suffix) for data, suffix in ((b"", ".txt"), (b"\x89PNG\r\n\x00\xff", ".png"), (b"a", ""))]
    blobs.append(_blob(bytes(range(256)) * (LARGE // 256), ".bin"))
    for blob in blobs:
        bench.store.blobs.put(blob)
    bench.store.close()
    for blob in blobs:
        same(bench.store.blobs.get(blob.name, blob.suffix), blob.data, f"a payload of {len(blob.data)} bytes")


def missing_payload(bench: Workbench) -> None:
    """A payload that is not there, or only in another store, is ``None`` and no error."""
    blob, other = _blob(b"here", ".txt"), _blob(b"there", ".txt")
    same(bench.store.blobs.get(blob.name, blob.suffix), None, "a payload of a new store")
    bench.store.blobs.put(blob)
    bench.another().blobs.put(other)
    same(bench.store.blobs.get(other.name, other.suffix), None, "another store's payload")
    same(bench.store.blobs.get(blob.name, blob.suffix), blob.data, "its own payload")


def put_twice(bench: Workbench) -> None:
    """Putting a payload that is there changes nothing."""
    blob = _blob(b"the same", ".txt")
    for _ in range(3):
        bench.store.blobs.put(blob)
        same(bench.store.blobs.get(blob.name, blob.suffix), blob.data, "the payload")


def collected(bench: Workbench) -> None:
    """Collecting drops payloads that no session refers to, and no other: one in the trash refers to its own, too."""
    store = bench.store
    kept, thrown, left, both = (_blob(name.encode() * 100, ".txt") for name in ("kept", "thrown", "left", "both"))
    for blob in (kept, thrown, left, both):
        store.blobs.put(blob)
    first = bench.create(_naming(bench, kept))
    append(first, _naming(bench, both).lines[-1])
    store.delete(bench.keep(_naming(bench, thrown, both)), bench.owner())
    gone = _collected(bench, [kept, thrown, both])
    need(len(gone) <= 1, f"more was dropped than nobody refers to: {gone}")
    need(gone or bench.age is None, "the payload that nobody refers to was not dropped")
    same(store.blobs.get(left.name, left.suffix), None if gone else left.data, "the payload that nobody refers to")
    same(_collected(bench, [kept, thrown, both]), [], "what was dropped the second time")


def collected_after_restoring(bench: Workbench) -> None:
    """A restored or rewritten session keeps the payloads that it refers to now."""
    store = bench.store
    one, other = _blob(b"one" * 100, ".txt"), _blob(b"other" * 100, ".txt")
    for blob in (one, other):
        store.blobs.put(blob)
    path = store.restore(store.delete(bench.keep(_naming(bench, one)), bench.owner()))
    rewritten = bench.keep(bench.talk("nothing"))
    store.rewrite(rewritten, _naming(bench, other).lines, bench.owner())
    same(_collected(bench, [one, other]), [], "what was dropped")
    need(path != rewritten, "two sessions have one path")


def _blob(data: bytes, suffix: str) -> Blob:
    return Blob(hashlib.sha256(data).hexdigest(), suffix, data)


def _naming(bench: Workbench, *blobs: Blob) -> Talk:
    """Return a conversation that refers to some payloads as a session does."""
    talk = bench.talk()
    for blob in blobs:
        references = {
            "text": {"sha256": blob.name, "bytes": len(blob.data), "encoding": "utf-8", "suffix": blob.suffix}
        }
        block = {"type": "tool_result", "text": blob.data.decode()[:10], "blobs": references}
        talk.put("message", role="user", content=[block])
    return talk


def _collected(bench: Workbench, wanted: list[Blob]) -> list[object]:
    """Collect, and return what the store says that it has dropped; what is referred to must be there."""
    if bench.age is not None:
        bench.age(bench.store)
    gone = bench.store.collect()
    for blob in wanted:
        same(bench.store.blobs.get(blob.name, blob.suffix), blob.data, "a payload that is referred to")
    return list(gone)


CONTRACTS: tuple[Contract, ...] = (
    put_and_got,
    missing_payload,
    put_twice,
    collected,
    collected_after_restoring,
)
