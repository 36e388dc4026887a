"""What is clicked in a widget, carried out as the command that says the same."""

from __future__ import annotations

from ipy_sessions.commands.values import Show
from ipy_sessions.errors import SessionsError
from ipy_sessions.magics.host import Host
from ipy_sessions.notebook import Place
from ipy_sessions.render.markup import Markup
from ipy_sessions.render.panels import stacked


def carry_out(host: Host, place: Place, command: object) -> Markup:
    """Carry out a command that no cell holds, and return what it says.

    Parameters
    ----------
    host
        The kernel.
    place
        Where the widget is.
    command
        A value of `commands.values`.

    Raises
    ------
    SessionsError
        As the command does.
    """
    from ipy_sessions.magics.session import SessionCommands

    with host.on_behalf(place) as collected:
        shown = SessionCommands(host).run(command)
    return stacked([one for one in (*collected.said, shown) if isinstance(one, Markup)])


def show_tree(host: Host, *, whole: bool) -> None:
    """Show the tree of the session that one is in, to be clicked.

    Parameters
    ----------
    host
        The kernel.
    whole
        Whether every turn of a large session is drawn, and what was dropped.
    """
    from ipy_sessions.magics.lookback import LookbackCommands
    from ipy_sessions.render.markup import Picture
    from ipy_sessions.widgets.tree import Clicked, Said, TreeView

    place = host.place()

    def drawn() -> Picture:
        with host.on_behalf(place):
            return LookbackCommands(host).drawn(whole=whole)

    def said(command: Clicked) -> Said:
        try:
            shown = carry_out(host, place, command)
        except SessionsError as error:
            return Said(line=str(error))
        if not isinstance(command, Show):
            return Said(line=shown.plain)
        from ipy_sessions.render.safe import html_of

        return Said(html=html_of(shown.markdown))

    host.standing.add(place, TreeView(drawn, said))
