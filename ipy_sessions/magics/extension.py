"""Loading and unloading: what is added to IPython, and that all of it is taken back.

Added are two names (four magics), the lines that they claim, one completer and the configurable `IPySessions`. There
are no event hooks. The configurable in the shell's own list is the only record of it, so that loading twice finds the
first. What sessions need is imported by the first magic and not here, so that loading costs next to nothing.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from IPython.core.magic import no_var_expand

from ipy_sessions.commands.agent import agent_help, parse_agent
from ipy_sessions.commands.session import overview, parse_session
from ipy_sessions.errors import SessionsError
from ipy_sessions.magics import completion, lines
from ipy_sessions.magics.configuration import IPySessions
from ipy_sessions.magics.refused import MagicError
from ipy_sessions.magics.stopped import Stopped
from ipy_sessions.model import credentials
from ipy_sessions.retention import Policy

if TYPE_CHECKING:
    from ipy_sessions.magics.host import Host
    from ipy_sessions.magics.session import SessionCommands


class Extension:
    """Everything that ``%load_ext`` adds to one shell.

    Parameters
    ----------
    shell
        IPython's shell.
    """

    def __init__(self, shell: Any) -> None:
        self.config = IPySessions(shell.config, os.environ, owner=self)
        self._shell = shell
        self._magics: list[tuple[str, str, Any]] = []
        self._lines: Any = None
        self._matcher = completion.matcher(self.config, lambda: self.host)

    @cached_property
    def host(self) -> Host:
        """The kernel, for the magics. Made at the first of them, since sessions are not needed before."""
        from ipy_sessions.magics.host import Host

        return Host(self._shell, self.config)

    @cached_property
    def commands(self) -> SessionCommands:
        """What ``%session`` does."""
        from ipy_sessions.magics.session import SessionCommands

        return SessionCommands(self.host)

    def attach(self) -> None:
        """Add everything."""
        self._shell.configurables.append(self.config)
        self._shell.Completer.custom_matchers.append(self._matcher)
        self._register()
        self.config.observe(self._rename, ["agent_magic", "session_magic"])
        self._import_early()
        self._tidy()

    def _tidy(self) -> None:
        """Archive and prune as the settings say, which by default say nothing."""
        settings = self.config.settings
        if settings.tidy != "off" or settings.pruning != Policy():
            from ipy_sessions.magics.upkeep import tidy

            try:
                tidy(self.host)
            except SessionsError as error:  # loading goes on
                self._say(str(error))

    def _import_early(self) -> None:
        """Import the SDK beside everything else where it is going to be needed: it takes most of a second."""
        reachable = credentials.has_credential(os.environ) or credentials.base_url(os.environ)
        if reachable and self.config.settings.model != "offline":
            threading.Thread(target=_import_sdk, name="ipy_sessions imports anthropic", daemon=True).start()

    def detach(self) -> None:
        """Take everything back and close the sessions."""
        self.config.unobserve_all()
        self._unregister()
        self._shell.Completer.custom_matchers.remove(self._matcher)
        self._shell.configurables.remove(self.config)
        if "host" in self.__dict__:
            self.host.close()

    def _rename(self, _change: Any) -> None:
        self._unregister()
        self._register()

    def _register(self) -> None:
        settings = self.config.settings
        name, session = settings.agent_magic, settings.session_magic
        renamed = agent_help().replace("%%agent", f"%%{name}")
        claimed = self._claim("cell", name, self._agent_cell, renamed)
        claimed &= self._claim("line", name, self._agent_line, renamed.replace("%%", "%"))
        if claimed:
            self._lines = lines.install(self._shell, name)
        self._claim("line", session, self._session_line, _session_help(session))
        self._claim("cell", session, self._session_cell, _session_help(session))

    def _claim(self, kind: str, name: str, function: Callable[..., Any], text: str) -> bool:
        """Register one magic, unless somebody else has the name."""
        manager = self._shell.magics_manager
        setting = "session_magic" if name == self.config.settings.session_magic else "agent_magic"
        mark = "%%" if kind == "cell" else "%"
        if name in manager.magics[kind]:
            owner = getattr(manager.magics[kind][name], "__module__", "another extension")
            self._say(
                f"{mark}{name} belongs to {owner} and stays. "
                f"Choose another name: `%config IPySessions.{setting} = 'name'`."
            )
            return False
        if name in self._shell.user_ns and kind == "line":
            self._say(
                f"You have a variable {name!r}: type {mark}{name} with its percent sign, "
                f"or choose another name: `%config IPySessions.{setting} = 'name'`."
            )
        magic = _magic(function, text)
        manager.register_function(magic, kind, name)
        self._magics.append((kind, name, magic))
        return True

    def _say(self, sentence: str) -> None:
        from ipy_sessions.render.panels import line

        self.host.output.show(line(sentence))

    def _unregister(self) -> None:
        registered = self._shell.magics_manager.magics
        for kind, name, magic in self._magics:
            if registered[kind].get(name) is magic:
                del registered[kind][name]
        self._magics.clear()
        if self._lines is not None:
            lines.remove(self._shell, self._lines)
            self._lines = None

    def _agent_cell(self, line: str, cell: str) -> None:
        from ipy_sessions.magics.agent import ask

        ask(self.host, parse_agent(line, cell))

    def _agent_line(self, line: str) -> None:
        self._agent_cell(line, "")

    def _session_line(self, line: str) -> Any:
        return self._session_cell(line, "")

    def _session_cell(self, line: str, cell: str) -> Any:
        from ipy_sessions.render.markup import Markup, Picture

        shown = self.commands.run(parse_session(line, cell))
        if isinstance(shown, Markup | Picture):
            self.host.output.show(shown)
            return None
        return shown


def _import_sdk() -> None:
    with suppress(ImportError):  # said when it is used
        import_module("anthropic")
        import_module("genai_prices")


def _session_help(name: str) -> str:
    rows = (f"%{name} {word:10}{text}" for word, text in overview())
    return "\n".join([f"%{name}          Say where you are.", *rows]).replace("%session", f"%{name}")


def _magic(function: Callable[..., Any], text: str) -> Callable[..., Any]:
    """Return a magic with its help as its docstring; braces and dollars reach it as they were typed.

    What we raise on purpose, and a Stop, become one line.
    """

    def magic(*arguments: str) -> Any:
        try:
            return function(*arguments)
        except SessionsError as error:
            raise MagicError(str(error)) from None
        except Stopped:
            raise
        except KeyboardInterrupt:  # outside a turn, as while a long list is read
            raise Stopped("Stopped.") from None

    magic.__doc__ = text
    return no_var_expand(magic)


def find(shell: Any) -> Extension | None:
    """Return what is loaded in a shell, if it is."""
    return next((one.owner for one in shell.configurables if isinstance(one, IPySessions)), None)


def load(shell: Any) -> None:
    """Add everything to a shell, once."""
    if find(shell) is None:
        Extension(shell).attach()


def unload(shell: Any) -> None:
    """Take everything back."""
    extension = find(shell)
    if extension is not None:
        extension.detach()
