"""What any store of sessions must keep, and the check of it, for ours and for those of whoever writes another.

::

    from ipy_sessions.testing import check_store

    def test_my_store(tmp_path):
        folders = itertools.count()
        print(check_store(lambda: MyStore(tmp_path / str(next(folders)))))

Each contract is a function with one sentence, and gets stores of its own, new and empty. What a store cannot hold at
all (a session that is none, say) is left out for it, and the report says so. It needs no test runner.

A store that keeps lines as they are has most of what it needs in three functions: `ipy_sessions.store.reading.parse`
and ``refuse_newer`` for its `read` and `open`, `ipy_sessions.counting.summarise` for its rows.
"""

from ipy_sessions.testing.stores.check import BrokenContractsError, StoreReport, check_store

__all__ = ["BrokenContractsError", "StoreReport", "check_store"]
