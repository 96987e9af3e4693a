"""What a notebook shows of a run: a link, and its live page in a frame where the server allows that."""

from __future__ import annotations

import sys
from html import escape

from .client import Client
from .errors import Unreachable

__all__ = ["HEIGHT", "display", "frame", "link"]

#: Height of a frame, CSS pixels.
HEIGHT = 480

_REFUSED = (
    "<div>The page is shown here once the server's <code>gauntlet.toml</code> names this notebook: "
    '<code>frame_ancestors = ["http://localhost:8888"]</code></div>'
)


def link(url: str, name: str, project: str) -> str:
    """A link to a run, as HTML."""
    anchor = f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer">{escape(name)}</a>'
    return f"Gauntlet run {anchor} in {escape(project)}"


def frame(client: Client | None, url: str, name: str, height: int = HEIGHT) -> str:
    """The page of a run in a frame, as HTML; how to allow it where the server does not. Empty without a
    server that answers."""
    if client is None:
        return ""
    try:
        allowed = client.allows_frames()
    except Unreachable:
        return ""
    if not allowed:
        return _REFUSED
    # Scripts of the page run in its origin, so that what it shows stays live.
    return (
        f'<iframe src="{escape(url)}" title="{escape(f"Gauntlet run {name}")}" width="100%" '
        f'height="{int(height)}" style="border: 0" allow="fullscreen"></iframe>'
    )


def display(html: str, url: str) -> bool:
    """Shows HTML below the cell, or prints the address where there is no notebook; returns whether it was
    shown."""
    if "ipykernel" not in sys.modules:
        print(url)
        return False
    from IPython.display import HTML
    from IPython.display import display as show

    show(HTML(html))  # type: ignore[no-untyped-call]
    return True
