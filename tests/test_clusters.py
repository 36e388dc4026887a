"""The same nine tables from many workers, wherever the files are: no row more or less, nothing counted twice."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread

import dask
import duckdb
import fsspec
import pandas as pd
import pyarrow.parquet as pq
import pytest
from distributed import Client, LocalCluster, Worker
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given
from hypothesis import strategies as st
from jotting_kit import JottingReader, jotted

import ipy_sessions as ses
from ipy_sessions import SessionManager, SessionNotFoundError, SessionsError, SettingError, assistant, user
from ipy_sessions.encoding import encode
from ipy_sessions.entries import Entry, NewEntry
from ipy_sessions.readers.file import File
from ipy_sessions.readers.registry import read, register
from ipy_sessions.session import Session
from ipy_sessions.table.beginnings import Beginning
from ipy_sessions.table.cluster import DaskTables, meta
from ipy_sessions.table.corpus import Own
from ipy_sessions.table.division import BY_LINES, Share, divide, families, stretches_of
from ipy_sessions.table.schema import TABLES
from ipy_sessions.table.stretches import agreed, entries_of, look_through
from ipy_sessions.testing import FixedSource

SMALL = 8_000  # bytes of a partition here: small enough to split some files, large enough to hold several others
PAID = {"usage": {"input_tokens": 10, "output_tokens": 2}, "cost_usd": 0.5}
KEYS = ["session", "id", "turn_id", "leaf_id", "cell_id", "message_id", "tool_use_id", "index", "type"]
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGVsbG8="}}


def ask(session: Session, question: str) -> None:
    """Let a question be asked, a tool be called and an answer be given."""
    call = {"type": "tool_use", "id": f"call {question}", "name": "look", "input": {"at": question}}
    result = {"type": "tool_result", "tool_use_id": call["id"], "content": [{"type": "text", "text": "seen"}, IMAGE]}
    session.append(user(question, cell_id=f"cell {question}", execution_count=1))
    session.append(assistant([call], stop_reason="tool_use", model="m", **PAID))
    session.append(user([result]))
    session.append(assistant(f"answer to {question}", model="m", latency_ms=7, **PAID))


def write_ours(manager: SessionManager) -> None:
    """Write sessions of ours: a long one with branches, forks of it, and forks of what was deleted; and short ones."""
    long = manager.create("long")
    for number in range(40):
        ask(long, f"long {number}")
        if number % 10 == 9:
            long.rewind(1)
    long.rewind(len(long.turns.active()))
    ask(long, "from the beginning again")
    ask(manager.fork(long, at=list(long.turns)[-1]), "forked from what has no beginning in common")
    long.append(NewEntry("info", {"notebook": "moved.ipynb"}))
    ask(long, "after it was moved")
    ask(manager.fork(long), "forked")
    part = manager.fork(long, at=2)
    ask(part, "forked from a turn")
    gone = manager.fork(part)
    ask(gone, "in one that was deleted")
    forks = [manager.fork(gone), manager.fork(gone)]
    for number, fork in enumerate([*forks, manager.fork(forks[1])]):
        ask(fork, f"forked from it {number}")
    for number in range(12):
        ask(manager.create(f"short {number}"), f"short {number}")
    backup, torn = forks[0].file.read_bytes(), manager.create("torn")
    ask(torn, "torn")
    folder, paths = torn.file.parent, [gone.file, torn.file]
    manager.close()
    paths[0].unlink()
    with paths[1].open("ab") as file:
        file.write(b'not json\n{"type":"message","seq":99,"id":"torn')
    (folder / "backup.jsonl").write_bytes(backup[: backup.rfind(b"\n", 0, -1) + 1])


def write_others(folder: Path) -> None:
    """Write what another agent has: copies, forks, one that was imported, one that begins with a long line."""
    (folder / "a.jsonl").write_text(jotted("a", range(300)))
    many = (jotted(f"many {number}", range(number, number + 40)) for number in range(10_000, 18_000, 1000))
    (folder / "middle.jsonl").write_text("".join(many))
    (folder / "z-copy.jsonl").write_text(jotted("a", range(200)))
    (folder / "z-fork.jsonl").write_text(jotted("forked", range(310)))
    (folder / "long.jsonl").write_text(jotted("long", range(5000, 5004), "x" * 90_000))
    (folder / "z-long.jsonl").write_text(jotted("long fork", range(5000, 5006), "x" * 90_000))
    (folder / "imported.jsonl").write_text(jotted("imported", range(6000, 6006)))
    (folder / "sum.jsonl").write_text('{"a": 1}\n')
    several = jotted("first", range(7000, 7002), "x" * 40_000) + jotted("second", range(8000, 8004))
    (folder / "several.jsonl").write_text(several)
    imports = [
        *read(File("", jotted("imported", range(6000, 6006)).encode())),
        list(read(File("", several.encode())))[1],
    ]
    for number, transcript in enumerate(imports):
        lines = [encode(transcript.header), *(encode(entry) for entry in transcript.entries)]
        (folder / f"ours-{number}.jsonl").write_bytes(b"".join(lines))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of conversations of ours and of another agent."""
    register(JottingReader())
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "others").mkdir()
    write_ours(SessionManager(folder / "ours", source=FixedSource()))
    write_others(folder / "others")
    return folder


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A cluster of two worker processes, which know the other agent's format."""
    with (
        LocalCluster(
            n_workers=2,
            processes=True,
            threads_per_worker=1,
            dashboard_address=None,
            local_directory=tmp_path_factory.mktemp("workers"),
        ) as cluster,
        Client(cluster) as client,
    ):
        client.run(register, JottingReader())
        yield client


def same(made: pd.DataFrame, expected: pd.DataFrame, *, places: bool = True) -> None:
    """Compare rows, whatever their order, and types."""
    keys = [key for key in KEYS if key in expected.columns]
    made, expected = (frame.sort_values(keys, ignore_index=True) for frame in (made, expected))
    columns = [column for column in expected.columns if places or column != "path"]
    pd.testing.assert_frame_equal(made[columns], expected[columns])


def test_two_workers_make_the_tables_that_one_process_makes(corpus: Path, client: Client) -> None:
    """All nine, over branches, forks, forks of what is gone, imports, copies and torn lines; by both of the workers."""
    local, tables = ses.read(corpus), ses.read(corpus, engine="dask", partition_bytes=SMALL)
    for name in TABLES:
        same(getattr(tables, name).compute(), getattr(local, name).to_pandas())
    assert all(client.run(tasks).values())


def tasks(dask_worker: Worker) -> int:
    """Return how many tasks a worker has carried out."""
    return dask_worker.state.executed_count


def test_small_files_are_read_together_and_large_ones_in_parts(corpus: Path, client: Client) -> None:
    """Fewer partitions than files where a session is whole, and more than that where a line is enough."""
    del client
    tables = ses.read(corpus / "ours", engine="dask", partition_bytes=SMALL)
    files = list((corpus / "ours").glob("*.jsonl"))
    assert tables.sessions.npartitions < tables.turns.npartitions < len(files) < tables.messages.npartitions
    assert ses.read(corpus / "ours", engine="dask").messages.npartitions == 1


def test_what_dask_makes_of_them_is_right(corpus: Path, client: Client) -> None:
    """Sums, groups, joins and a shuffle between the workers, which leaves lists what they are."""
    del client
    local, tables = ses.read(corpus), ses.read(corpus, engine="dask", partition_bytes=SMALL)
    usage = local.usage.to_pandas()
    assert tables.usage["cost_usd"].sum().compute() == usage["cost_usd"].sum()
    costs = tables.usage.groupby("session")["cost_usd"].sum().compute().sort_index()
    pd.testing.assert_series_equal(costs, usage.groupby("session")["cost_usd"].sum().sort_index())
    joined = tables.turns.merge(tables.sessions[["session", "name"]], on="session")
    assert len(joined) == len(local.turns)
    shuffled = tables.turns.shuffle("session").compute()
    assert sorted(map(list, shuffled["message_ids"])) == sorted(map(list, local.turns.to_pandas()["message_ids"]))


@pytest.mark.parametrize("branch", ["active", 3])
def test_one_branch_of_them(corpus: Path, client: Client, branch: str | int) -> None:
    """As the local engine shows it; a large file is then read whole."""
    del client
    largest = max((corpus / "ours").iterdir(), key=lambda path: path.stat().st_size)
    named = largest if branch == 3 else corpus
    local = ses.read(named, branch=branch)
    tables = ses.read(named, branch=branch, engine="dask", partition_bytes=SMALL)
    for name in ("messages", "usage", "branches"):
        same(getattr(tables, name).compute(), getattr(local, name).to_pandas())


def test_files_are_read_from_addresses(corpus: Path, client: Client) -> None:
    """A folder's, by whatever fsspec knows: the workers read them from there."""
    del client
    local, tables = ses.read(corpus), ses.read(f"file://{corpus}", engine="dask", partition_bytes=SMALL)
    for name in ("messages", "tools", "sessions"):
        same(getattr(tables, name).compute(), getattr(local, name).to_pandas(), places=False)
    assert tables.sessions["path"].compute().str.startswith("file:///").all()


@pytest.fixture
def in_memory(corpus: Path) -> Iterator[str]:
    """The same files at addresses of this process."""
    system = fsspec.filesystem("memory")
    for path in corpus.rglob("*.jsonl"):
        system.pipe_file(f"/hub/{path.relative_to(corpus)}", path.read_bytes())
    system.pipe_file("/hub/.trash/deleted.jsonl", b"{}")
    yield "memory://hub"
    system.rm("/hub", recursive=True)


def test_what_is_no_disk_is_read_as_well(corpus: Path, in_memory: str) -> None:
    """A folder in memory, by Dask in this process, named as a folder or as a pattern."""
    local = ses.read(corpus)
    for named in (in_memory, f"{in_memory}/*/*.jsonl"):
        with dask.config.set(scheduler="sync"):
            tables = ses.read(named, engine="dask", partition_bytes=SMALL)
            for name in ("messages", "usage", "sessions"):
                same(getattr(tables, name).compute(), getattr(local, name).to_pandas(), places=False)
    assert not any(".trash" in skipped.path for skipped in ses.read(in_memory, engine="dask").skipped)


class Strict(MemoryFileSystem):
    """Storage that takes its arguments as S3 does, and refuses a range that does not end within the file."""

    protocol = "strict"

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        stripped: str = super()._strip_protocol(path.replace("strict://", "memory://"))
        return stripped

    def cat_file(
        self, path: str, version_id: str | None = None, start: int = 0, end: int | None = None, **more: object
    ) -> bytes:
        """Return some bytes."""
        if version_id is not None or (end is not None and not start < end <= self.size(path)):
            raise OSError("The requested range is not satisfiable")
        found: bytes = super().cat_file(path, start=start, end=end, **more)
        return found

    def cat_ranges(self, paths: list[str], starts: list[int], ends: list[int], **_: object) -> list[object]:
        """Return bytes of several files, or what went wrong."""
        found: list[object] = []
        for path, start, end in zip(paths, starts, ends, strict=True):
            try:
                found.append(self.cat_file(path, start=start, end=end))
            except OSError as error:
                found.append(error)
        return found


def test_no_more_is_asked_of_storage_than_there_is(in_memory: str) -> None:
    """Of files that are short, empty, or begin with a long line; what it refuses is a reason, and no end."""
    fsspec.register_implementation("strict", Strict, clobber=True)
    fsspec.filesystem("memory").pipe_file("/hub/empty.jsonl", b"")
    tables = ses.read(in_memory.replace("memory", "strict"), engine="dask")
    assert {Path(skipped.path).name for skipped in tables.skipped} == {"backup.jsonl", "empty.jsonl", "sum.jsonl"}


def test_columns_and_types_are_known_before_anything_is_read(corpus: Path, tmp_path: Path) -> None:
    """They are those of pandas here, also of a table without rows; a column that is asked for alone is right."""
    (tmp_path / "odd.jsonl").write_text("odd\n")
    tables, nothing = ses.read(corpus, engine="dask"), ses.read(tmp_path / "odd.jsonl", engine="dask")
    for name in TABLES:
        expected = getattr(ses.read(corpus), name).to_pandas().dtypes
        assert meta(name).dtypes.equals(expected)
        assert getattr(tables, name).dtypes.equals(expected)
        assert getattr(nothing, name).compute(scheduler="sync").dtypes.equals(expected)
    assert set(tables.messages["role"].compute(scheduler="sync")) == {"user", "assistant"}


def test_other_engines_read_them_as_parquet(corpus: Path, client: Client, tmp_path: Path) -> None:
    """With the schema that is published, what each column says included, whatever the partitions hold."""
    del client
    tables = ses.read(corpus, engine="dask", partition_bytes=SMALL)
    for name in ("turns", "attachments"):
        folder = tmp_path / name
        getattr(tables, name).to_parquet(folder, schema=ses.schema(name), write_index=False)
        assert all(pq.read_schema(path).equals(ses.schema(name)) for path in folder.iterdir())
        assert all(field.metadata[b"says"] for path in folder.iterdir() for field in pq.read_schema(path))
        rows = duckdb.read_parquet(f"{folder}/*.parquet").project("session").fetchall()
        assert len(rows) == len(getattr(ses.read(corpus), name))


def test_what_is_left_out_has_its_reason(corpus: Path) -> None:
    """Before anything is computed: what is no transcript, and a smaller copy."""
    tables = ses.read(corpus, engine="dask")
    reasons = {Path(skipped.path).name: skipped.reason for skipped in tables.skipped}
    assert reasons.keys() == {"backup.jsonl", "sum.jsonl"}
    assert "is no transcript" in reasons["sum.jsonl"]


def test_a_file_that_is_gone_is_an_error(tmp_path: Path) -> None:
    """It was there when the files were looked at; what is left would be too little, unseen."""
    with SessionManager(tmp_path) as manager:
        session = manager.create()
        ask(session, "hi")
    tables = ses.read(tmp_path, engine="dask")
    session.file.unlink()
    with pytest.raises(OSError, match="is no file"):
        tables.turns.compute(scheduler="sync")


def test_an_open_session_is_read_from_its_file(manager: SessionManager) -> None:
    """What has none says what to do."""
    session = manager.create()
    ask(session, "hi")
    assert len(ses.read(session, engine="dask").turns.compute(scheduler="sync")) == 1
    with pytest.raises(SessionsError, match=r"where no worker can read it.*ses\.read\(session\)"):
        ses.read(manager.create(temporary=True), engine="dask")


def test_what_cannot_be_done_says_what_can() -> None:
    """Another engine, an address that names nothing, a kind of storage that is not known."""
    with pytest.raises(
        SettingError, match=r"There is no engine 'spark'. Give 'local', which is the default, or 'dask'"
    ):
        ses.read(".", engine="spark")  # type: ignore[call-overload]
    with pytest.raises(SettingError, match=r"partition_bytes is 0. Give a number of bytes, such as"):
        ses.read(".", engine="dask", partition_bytes=0)
    with pytest.raises(SessionNotFoundError, match="No file is named by 'memory://nowhere'"):
        ses.read("memory://nowhere", engine="dask")
    with pytest.raises(SessionNotFoundError, match=r"odd://bucket cannot be listed: .*odd"):
        ses.read("odd://bucket", engine="dask")


class Silent(BaseHTTPRequestHandler):
    """A web server that lists no files."""

    def do_HEAD(self) -> None:
        """Refuse."""
        self.send_error(403)

    do_GET = do_HEAD  # noqa: N815 - http.server's name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""


def test_a_web_server_that_lists_nothing_is_told_of_in_one_sentence() -> None:
    """It says what to do instead."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/hub/*.jsonl"
        with pytest.raises(SessionNotFoundError, match=r"cannot be listed: .*Give the address of a file, or of each"):
            ses.read(address, engine="dask")
        server.shutdown()


@pytest.mark.parametrize("absent", ["dask", "dask.dataframe"])
def test_without_dask_the_sentence_names_the_extra(absent: str) -> None:
    """In an interpreter that has none."""
    code = f"import sys; sys.modules[{absent!r}] = None; import ipy_sessions as ses; ses.read('.', engine='dask')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.endswith("SessionsError: engine='dask' needs Dask: `pip install 'ipy_sessions[dask]'`.\n")


def test_the_schema_is_public() -> None:
    """For other engines: the columns, their types and what they say."""
    assert ses.schema("messages").names == [column.name for column in TABLES["messages"]]
    with pytest.raises(SessionsError, match=r"There is no table 'rows'. There are sessions, messages"):
        ses.schema("rows")


@given(
    st.lists(st.integers(1, 40), max_size=30) | st.integers(0, 30).map(lambda count: [*range(1, count + 1)]),
    st.integers(0, 400),
    st.integers(100, 3000),
    st.binary(max_size=20),
)
def test_stretches_hold_each_line_once(numbers: list[int], size: int, limit: int, torn: bytes) -> None:
    """Wherever they begin; a file whose numbers do not rise may have a line twice, and is not split."""
    said = [{"role": "user", "content": "x" * (number % 3) * size} for number in numbers]
    entries = [Entry("message", n, f"id {n}", None, "s", "", one) for n, one in zip(numbers, said, strict=True)]
    header = b'{"type":"session","version":1,"id":"s","ts":"2026-01-01T00:00:00.000Z"}\n'
    data = header + b"".join(map(encode, entries)) + torn.replace(b"\n", b"")
    fsspec.filesystem("memory").pipe_file("/stretches.jsonl", data)
    file = Beginning("memory://stretches.jsonl", len(data), "s", "ipy_sessions", frozenset({"s"}))
    found = {one: look_through(one) for its in stretches_of([file], limit).values() for one in its}
    split = agreed(found, {}).get(file.own)
    assert bool(split) or len(data) <= limit or numbers != sorted(set(numbers))
    if split:
        assert [entry.seq for one in split for entry in entries_of(one)] == list(dict.fromkeys(numbers))


names = st.sampled_from("abcdefgh")
beginnings = st.lists(
    st.tuples(st.integers(1, 100), st.booleans(), st.frozensets(names, min_size=1, max_size=3)), max_size=12
).map(
    lambda told: [
        Beginning(f"{number}.jsonl", size, f"session {number}" if own else "", "other", keys)
        for number, (size, own, keys) in enumerate(told)
    ]
)


@given(beginnings, st.integers(1, 200), st.sampled_from(sorted(TABLES)))
def test_every_file_is_read_once_and_what_belongs_together_together(
    files: list[Beginning], limit: int, table: str
) -> None:
    """In shares that are full but not too full; a large file of ours in parts where that is right."""
    stretches = stretches_of(files, limit)
    shares = divide(table, files, limit, stretches=stretches)
    split = [one.file.path for share in shares for one in share.stretches]
    read_whole = [path for share in shares for path in paths_of(share)]
    assert sorted([*read_whole, *dict.fromkeys(split)]) == sorted(file.path for file in files)
    assert set(split) == ({own.path for own in stretches} if table in BY_LINES else set())
    kin = [{*paths_of(family)} for family in families(files, {})]
    assert all(share.size <= limit or any({*paths_of(share)} <= one for one in kin) for share in shares)
    assert all(one.size + next_.size > limit for one, next_ in pairwise(shares))
    place = {path: number for number, share in enumerate(shares) for path in paths_of(share)}
    for one in files:
        for two in files:
            if one.keys & two.keys and (table in ("sessions", "tools", "usage") or not (one.session or two.session)):
                assert place[one.path] == place[two.path]


def paths_of(share: Share) -> list[str]:
    """Return the files that are read whole."""
    return [*(own.path for own in share.own), *share.others]


def test_a_file_of_a_web_server_is_not_split() -> None:
    """It may send the beginning whatever it is asked for."""
    file = Beginning("https://example.org/a.jsonl", 1000, "s", "ipy_sessions", frozenset({"s"}))
    assert stretches_of([file], 10) == {}
    assert divide("messages", [file], 10)[0].own == (Own("https://example.org/a.jsonl", "s", 1000),)


def test_it_says_what_it_is(corpus: Path) -> None:
    """In a terminal, without reading anything."""
    tables = ses.read(corpus, engine="dask")
    assert isinstance(tables, DaskTables)
    assert repr(tables).startswith("<DaskTables of ")
