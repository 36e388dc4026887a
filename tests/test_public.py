"""The public surface, and that importing it costs next to nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import ipy_sessions as ses

ROOT = Path(__file__).parents[1]


def test_every_public_name_is_there() -> None:
    """The list is complete and true."""
    assert len(ses.__all__) == len(set(ses.__all__)) == len(ses._HOME_OF) + 3
    for name in ses.__all__:
        assert getattr(ses, name) is not None
    assert set(dir(ses)) == set(ses.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        ses.nothing  # noqa: B018 - looking it up is the test


def test_every_error_is_public_and_drawn_in_the_tree() -> None:
    """One tree, and the picture of it is whole."""
    from ipy_sessions import errors

    names = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, Exception)}
    assert names <= set(ses.__all__)
    assert all(name in str(errors.__doc__) for name in names)


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import ipy_sessions", ("msgspec", "IPython", "pandas", "anthropic", "ipy_sessions.session")),
        ("import ipy_sessions as s; s.SessionManager", ("IPython", "pandas", "anthropic", "ipywidgets")),
        (
            "from IPython import InteractiveShell as S; S().run_line_magic('load_ext', 'ipy_sessions')",
            ("pandas", "anthropic", "ipywidgets", "nbformat", "hyperscan"),
        ),
    ],
)
def test_heavy_imports_wait_until_they_are_needed(code: str, absent: tuple[str, ...]) -> None:
    """Neither importing nor loading brings them in."""
    check = f"{code}\nimport sys\nprint(*[name for name in {absent!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_readmes_python_runs_as_written() -> None:
    """Every Python block of it, in a script, in an empty folder."""
    readme = (ROOT / "README.md").read_text()
    blocks = [block.split("```")[0] for block in readme.split("```python\n")[1:]]
    assert blocks
    done = subprocess.run([sys.executable, "-c", "\n".join(blocks)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Your name is **Alice**." in done.stdout
