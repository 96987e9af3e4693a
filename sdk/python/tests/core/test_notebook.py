"""What a notebook shows of a run: a link, and its page in a frame where the server allows that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import gauntlet

from .support import Server


@pytest.fixture
def framed() -> Iterator[Server]:
    """A server that lets notebooks frame its pages."""
    server = Server('frame_ancestors = ["http://localhost:8888"]').start()
    yield server
    server.close()


def test_a_run_shows_its_page_in_a_frame_where_the_server_allows_it(framed: Server) -> None:
    """With the height that was asked for, and every text escaped."""
    run: Any = gauntlet.init(name='<script>"', project="<i>", endpoint=framed.url)
    shown = run._repr_html_()
    assert f'<iframe src="{run.url}" title="Gauntlet run &lt;script&gt;&quot;"' in shown
    assert 'height="480"' in shown
    assert 'height="300"' in run.to_html(height=300)
    assert "<script" not in shown
    assert "<i>" not in shown
    assert ": running<iframe" in shown
    run.finish()
    recorded = gauntlet.open(run.id, endpoint=framed.url)._repr_html_()
    assert f'<iframe src="{run.url}"' in recorded
    assert "<script" not in recorded
    assert "<i>" not in recorded


def test_a_run_shows_a_link_and_the_setting_where_the_server_allows_no_frames(server: Server) -> None:
    """Nobody frames the pages of a server whose configuration names nobody."""
    run = gauntlet.init(id="linked", endpoint=server.url)
    shown = run._repr_html_()
    run.finish()
    assert f'<a href="{run.url}"' in shown
    assert "frame_ancestors" in shown
    assert "<iframe" not in shown


def test_a_run_without_a_server_shows_a_link() -> None:
    """Offline, and where nobody answers."""
    for endpoint, mode in ((None, "offline"), ("http://127.0.0.1:9", None)):
        run = gauntlet.init(endpoint=endpoint, mode=mode)
        shown = run._repr_html_()
        run.finish()
        assert f'<a href="{run.url}"' in shown
        assert "frame" not in shown


def test_a_recorded_run_shows_its_totals(server: Server) -> None:
    """How it ended, its steps and what they came to."""
    with gauntlet.init(id="shown", endpoint=server.url) as run:
        run.rollout({"root": 0.5}, step=1, episode="a")
        run.rollout({"root": -1.0}, step=2, episode="b")
    shown = gauntlet.open("shown", endpoint=server.url)._repr_html_()
    assert "<td>completed</td><td>2</td><td>2</td><td>1</td><td>-0.25</td>" in shown


def test_a_run_that_is_shown_outside_of_a_notebook_prints_its_address(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script that was a notebook goes on."""
    with gauntlet.init(id="printed", endpoint=server.url) as run:
        assert run.show() is False
    assert gauntlet.open("printed", endpoint=server.url).show(height=300) is False
    assert capsys.readouterr().out.count(f"{server.url}/runs/printed\n") == 2
