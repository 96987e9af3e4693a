"""How a run ends when nobody ends it: in workers, by `sys.exit`, at a prompt."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

import gauntlet

from .support import Server, python


@pytest.mark.parametrize(
    "method", [m for m in ("fork", "spawn") if m in multiprocessing.get_all_start_methods()]
)
def test_a_run_begun_in_a_worker_ends_with_it(server: Server, tmp_path: Path, method: str) -> None:
    (tmp_path / "job.py").write_text("""
import gauntlet, multiprocessing, sys

def work(n, method):
    run = gauntlet.init(id=f"{method}-{n}")
    run.log({"root": float(n)})
    if n:
        raise RuntimeError("it went wrong")

if __name__ == "__main__":
    method = sys.argv[1]
    context = multiprocessing.get_context(method)
    workers = [context.Process(target=work, args=(n, method)) for n in range(2)]
    [w.start() for w in workers]
    [w.join() for w in workers]
""")
    env = {**os.environ, "GAUNTLET_ENDPOINT": server.url}
    subprocess.run([sys.executable, "job.py", method], cwd=tmp_path, env=env, check=True, capture_output=True)
    assert server.run(f"{method}-0")["status"] == "completed"
    assert server.run(f"{method}-1")["status"] == "failed"
    (ended,) = server.events(f"{method}-1", "run.finished")
    assert ended["body"]["summary"]["error"]["message"] == "it went wrong"
    assert len(server.events(f"{method}-0", "snapshot.scored")) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
def test_what_a_killed_worker_left_is_delivered_when_the_run_ends(server: Server, environment: Path) -> None:
    code = """
        import gauntlet, os, signal
        run = gauntlet.init(id="killed-worker")
        pid = os.fork()
        if pid == 0:
            for i in range(50):
                gauntlet.rollout({"root": float(i)}, step=i, episode="worker")
            # Into the spool, as it is after a moment; not to the server.
            sink = run._sinks[0]
            sink._stopping = True
            run._recorder._pump.barrier(20)
            run._recorder.outlets[0]._pump.barrier(20)
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(pid, 0)
        run.log({"root": 1.0})
    """
    python(code, {"GAUNTLET_ENDPOINT": server.url})
    events = server.events("killed-worker", "snapshot.scored")
    assert [e["step"] for e in events if e.get("episode") == "worker"] == list(range(50))
    assert list(environment.iterdir()) == [], "not even an empty folder stays"


@pytest.mark.parametrize(("how", "status"), [("", "completed"), ("0", "completed"), ("3", "failed")])
def test_a_block_that_sys_exit_leaves(server: Server, how: str, status: str) -> None:
    code = f"""
        import gauntlet, sys
        with gauntlet.init(id="exit-{how}") as run:
            run.log({{"root": 1.0}})
            sys.exit({how})
    """
    python(code, {"GAUNTLET_ENDPOINT": server.url}, check=False)
    assert server.run(f"exit-{how}")["status"] == status


def test_at_a_prompt_a_run_ends_where_the_next_begins_and_an_error_ends_nothing(server: Server) -> None:
    typed = """
import gauntlet
first = gauntlet.init(id="first-try")
first.log({"root": 1.0})
1 / 0
first.log({"root": 2.0})
with gauntlet.init(id="second-try") as outer:
    inner = gauntlet.init(id="inner")
    outer.log({"root": 3.0})

"""
    env = {**os.environ, "GAUNTLET_ENDPOINT": server.url}
    told = subprocess.run(
        [sys.executable, "-i", "-c", ""], input=typed, env=env, capture_output=True, text=True, check=True
    )
    assert "ZeroDivisionError" in told.stderr
    for run, scored in (("first-try", 2), ("second-try", 1), ("inner", 0)):
        kept = server.run(run)
        assert (kept["status"], kept["name"]) == ("completed", run), (
            "named by its id, so that it can be begun again"
        )
        assert len(server.events(run, "snapshot.scored")) == scored
    ended, begun = (
        server.events("first-try", "run.finished")[0],
        server.events("second-try", "run.started")[0],
    )
    assert ended["at"] <= begun["at"], "the first had ended when the second began"


@pytest.mark.parametrize("name", ["the same", "another"])
def test_a_run_that_had_ended_runs_again_where_it_goes_on(server: Server, name: str) -> None:
    id = f"again-{len(name)}"
    with pytest.raises(RuntimeError), gauntlet.init(id=id, name="the same", endpoint=server.url):
        raise RuntimeError("the disk is full")
    assert server.run(id)["status"] == "failed"

    run = gauntlet.init(id=id, name=name, endpoint=server.url)
    run.log({"root": 1.0})
    assert run.flush()
    assert server.run(id)["status"] == "running"
    run.finish()
    assert server.run(id)["status"] == "completed"
    assert [e["body"]["status"] for e in server.events(id, "run.status")] == ["running"]
