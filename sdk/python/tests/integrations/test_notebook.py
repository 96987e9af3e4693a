"""A notebook: its kernel lives on while cells fail and runs begin and end."""

from __future__ import annotations

from typing import Any

from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from .conftest import ApiServer


def execute(*cells: str) -> list[list[Any]]:
    """Runs the cells in a new kernel; answers the outputs of each."""
    parts = [new_code_cell(cell) for cell in cells]  # type: ignore[no-untyped-call]
    notebook = new_notebook(cells=parts)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, kernel_name="python3", allow_errors=True, timeout=120).execute()
    return [cell.outputs for cell in notebook.cells]


def shown(outputs: list[Any], mime_type: str = "text/plain") -> str:
    """What the last expression of a cell is shown as."""
    (result,) = [output for output in outputs if output.output_type == "execute_result"]
    return str(result.data[mime_type])


def test_a_run_of_a_notebook_survives_a_failing_cell_and_ends_with_the_next_init(server: ApiServer) -> None:
    first, failed, after, second, again, end = execute(
        """
            import gauntlet
            run = gauntlet.init(project="notebooks", name="first", id="notebook-first")
            run.log({"reward": 0.5})
            run
        """,
        "raise ValueError('a cell that fails')",
        "gauntlet.log({'reward': 0.6}); (gauntlet.current_run() is run, run.status)",
        "run = gauntlet.init(project='notebooks', id='notebook-second'); run.log({'reward': 0.7})",
        "run = gauntlet.init(id='notebook-first'); run.log({'reward': 0.8}); (run.name, run.project)",
        """
            import asyncio

            async def agent(n):
                async with run.episode(task=f"task {n}") as episode:
                    episode.thought("a thought")
                    await asyncio.sleep(0)
                    episode.reward(n)

            await asyncio.gather(*(agent(n) for n in range(3)))
            (run.flush(), run.losses())
        """,
    )
    assert f'<a href="{server.url}/runs/notebook-first"' in shown(first, "text/html")
    assert [output.ename for output in failed if output.output_type == "error"] == ["ValueError"]
    assert shown(after) == "(True, 'running')"
    assert not [output for output in second if output.output_type == "error"]
    assert shown(again) == "('first', 'notebooks')", "a run that exists keeps its name"
    assert shown(end) == "(True, [])"

    run = server.run("notebook-first")
    assert (run["name"], run["status"]) == ("first", "completed")
    assert run["episodes"] == 6, "three that began, and three logs of their own"
    steps = [
        (e["step"], e["body"]["scores"]["root"]) for e in server.events("notebook-first", "snapshot.scored")
    ]
    assert steps[:3] == [(0, 0.5), (1, 0.6), (2, 0.8)], "it goes on after its last step"
    assert {e["body"]["task"] for e in server.events("notebook-first", "episode.started")} == {
        "task 0", "task 1", "task 2",
    }  # fmt: skip
    assert server.run("notebook-second")["status"] == "completed", "the next init ended it"


def test_a_cell_that_is_not_the_last_expression_shows_the_page_of_a_run(server: ApiServer) -> None:
    (cell,) = execute(
        """
            import gauntlet
            run = gauntlet.init(id="notebook-shown")
            shown = run.show(height=300)
            shown
        """
    )
    displayed = [output.data["text/html"] for output in cell if output.output_type == "display_data"]
    assert len(displayed) == 1
    assert f'<a href="{server.url}/runs/notebook-shown"' in displayed[0]
    assert shown(cell) == "True"
