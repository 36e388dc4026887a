"""From a function that makes stores to what they keep and what they do not.

It owns the round over the contracts and the report; what the contracts say is the business of the modules beside it.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ipy_sessions.store.interface import Store
from ipy_sessions.testing.stores import lines, payloads, places, rows, trash, whole, writers
from ipy_sessions.testing.stores.workbench import Contract, LeftOutError, Workbench

CONTRACTS: tuple[Contract, ...] = (
    *lines.CONTRACTS,
    *places.CONTRACTS,
    *writers.CONTRACTS,
    *rows.CONTRACTS,
    *trash.CONTRACTS,
    *payloads.CONTRACTS,
    *whole.CONTRACTS,
)


@dataclass(frozen=True, slots=True)
class StoreReport:
    """What a store keeps.

    Parameters
    ----------
    store
        The name of its class.
    kept
        The sentences of the contracts that it keeps.
    left_out
        The sentences of those that could not be tried on it, each with the reason.
    """

    store: str
    kept: tuple[str, ...]
    left_out: Mapping[str, str]

    def __str__(self) -> str:
        lines = [f"{self.store} keeps {len(self.kept)} contracts."]
        lines += [f"Left out: {sentence} ({reason})" for sentence, reason in self.left_out.items()]
        return "\n".join(lines)


class BrokenContractsError(AssertionError):
    """A store breaks some contracts.

    Parameters
    ----------
    message
        All of them, each with its sentence and what was found.
    broken
        The sentences of those contracts, each with what was raised.
    """

    def __init__(self, message: str, broken: Mapping[str, Exception]) -> None:
        super().__init__(message)
        self.broken = broken


def check_store(make_store: Callable[[], Store], *, age: Callable[[Store], object] | None = None) -> StoreReport:
    """Try every contract on stores of one kind.

    Parameters
    ----------
    make_store
        Returns a new, empty store, which shares nothing with those before.
    age
        Makes the payloads of a store look old, for stores whose `collect` spares young ones; without it such a
        store is not asked to drop any.

    Returns
    -------
    StoreReport
        What was kept and what was left out.

    Raises
    ------
    BrokenContractsError
        When any is broken, with all that are.
    """
    kept: list[str] = []
    left_out: dict[str, str] = {}
    broken: dict[str, Exception] = {}
    name = "The store"
    for contract in CONTRACTS:
        sentence = sentence_of(contract)
        try:
            with Workbench(make_store, age) as bench:
                name = type(bench.store).__name__
                contract(bench)
        except LeftOutError as reason:
            left_out[sentence] = str(reason)
        except Exception as error:  # noqa: BLE001 - whatever one contract meets, the others are tried
            broken[sentence] = error
        else:
            kept.append(sentence)
    if broken:
        raise BrokenContractsError(_told(name, broken), broken)
    return StoreReport(name, tuple(kept), left_out)


def sentence_of(contract: Contract) -> str:
    """Return what a contract says."""
    return " ".join((contract.__doc__ or contract.__name__).split())


def _told(name: str, broken: Mapping[str, Exception]) -> str:
    """Return the report of broken contracts, for each the place in the contract where it was found."""
    parts = [f"{name} breaks {len(broken)} of {len(CONTRACTS)} contracts."]
    for number, (sentence, error) in enumerate(broken.items(), start=1):
        found = str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
        parts.append(f"{number}. {sentence}\n   {found}\n   at {_place(error)}")
    return "\n\n".join(parts)


def _place(error: Exception) -> str:
    """Return the line that was reached last in a contract, and, when it is another, in the store."""
    frames = traceback.extract_tb(error.__traceback__)
    in_contracts = [frame for frame in frames if frame.filename in _FILES]
    shown = [*in_contracts[-1:], *([] if frames[-1].filename in _FILES else frames[-1:])]
    return ", in ".join(f"{frame.filename}:{frame.lineno}" for frame in shown)


_FILES = frozenset(str(module.__file__) for module in (lines, places, writers, rows, trash, payloads, whole))
