"""How a run ends without a call of `finish`: in workers, by `sys.exit`, at a prompt."""

from __future__ import annotations

import multiprocessing
import os
import signal
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
            run.journal.recorder._pump.barrier(20)
            run.journal.recorder.outlets[0]._pump.barrier(20)
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


EXITS = {
    "sys.exit(3)": ("failed", 3),
    "sys.exit()": ("completed", None),
    "sys.exit(0)": ("completed", None),
    "sys.exit('the data is missing')": ("failed", 1),
    "raise ValueError('no')": ("failed", 1),
    "raise KeyboardInterrupt": ("cancelled", 130),
    "asyncio.run(leave(4))": ("failed", 4),
    "f = lambda: sys.exit(5); f()": ("failed", 5),
    "threading.Thread(target=sys.exit, args=(6,)).start()": ("completed", None),
    "caught(7)": ("completed", None),
    "caught(0); sys.exit(8)": ("failed", 8),
    "exit(3)": ("failed", 3),
    "quit(4)": ("failed", 4),
    "exit()": ("completed", None),
}


@pytest.mark.parametrize("how", EXITS)
def test_the_exit_code_of_the_program(server: Server, how: str) -> None:
    status, code = EXITS[how]
    id = f"exits-{list(EXITS).index(how)}"
    program = f"""
        import asyncio, gauntlet, sys, threading

        async def leave(code):
            await asyncio.sleep(0)
            sys.exit(code)

        def caught(code):
            try:
                sys.exit(code)
            except SystemExit as error:
                assert error.code == code and type(error).__name__ == "SystemExit"

        gauntlet.init(id={id!r}).log({{"root": 1.0}})
        {how}
    """
    ended = python(program, {"GAUNTLET_ENDPOINT": server.url}, check=False)
    # Python ends by the signal itself, where the signal is not ignored.
    assert ended.returncode in ({1, -signal.SIGINT} if code == 130 else {code or 0})
    (end,) = server.events(id, "run.finished")
    assert end["body"]["status"] == status
    assert end["body"].get("summary", {}).get("exit_code") == code


TERMINATED = """
    import gauntlet, os, signal, sys, time
    BEFORE
    run = gauntlet.init(id=ID)
    AFTER
    run.log({"root": 1.0})
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.01)  # A call that a signal handler interrupts; where none does, the program continues.
    print("goes on", flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="no signals here")
def test_a_program_that_is_terminated(server: Server) -> None:
    program = TERMINATED.replace("BEFORE", "").replace("AFTER", "").replace("ID", "'terminated'")
    ended = python(program, {"GAUNTLET_ENDPOINT": server.url}, check=False)
    assert (ended.returncode, ended.stdout) == (-signal.SIGTERM, "")
    (end,) = server.events("terminated", "run.finished")
    assert end["body"] == {"status": "cancelled", "summary": {"signal": "SIGTERM", "exit_code": 143}}
    assert len(server.events("terminated", "snapshot.scored")) == 1


@pytest.mark.skipif(os.name == "nt", reason="no signals here")
@pytest.mark.parametrize("when", ["BEFORE", "AFTER"])
@pytest.mark.parametrize("handler", ["lambda *_: print('theirs', flush=True)", "signal.SIG_IGN"])
def test_the_handler_of_the_program_stays_in_place(server: Server, when: str, handler: str) -> None:
    id = f"own-handler-{when.lower()}-{handler[:3]}"
    program = TERMINATED.replace(when, f"signal.signal(signal.SIGTERM, {handler})").replace("ID", repr(id))
    program = program.replace("BEFORE", "").replace("AFTER", "")
    ended = python(program, {"GAUNTLET_ENDPOINT": server.url})
    assert ended.stdout == ("goes on\n" if "IGN" in handler else "theirs\ngoes on\n")
    assert server.run(id)["status"] == "completed"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
def test_a_pool_that_kills_its_workers_at_the_end_of_its_block(server: Server) -> None:
    code = """
        import gauntlet, multiprocessing

        def work(n):
            gauntlet.rollout({"root": float(n)}, step=0)

        run = gauntlet.init(id="pool")
        with multiprocessing.get_context("fork").Pool(3) as pool:
            pool.map(work, range(30), chunksize=1)
    """
    python(code, {"GAUNTLET_ENDPOINT": server.url})
    assert sorted(e["body"]["scores"]["root"] for e in server.events("pool", "snapshot.scored")) == [
        float(n) for n in range(30)
    ]
    assert server.run("pool")["status"] == "completed"


@pytest.mark.skipif(not hasattr(signal, "SIGRTMAX"), reason="this platform has no signal to spare")
def test_a_worker_ends_whose_main_thread_waits_in_c_when_the_signal_comes(server: Server) -> None:
    # The signal reaches the second thread, so that the main thread's wait is not interrupted: as when it
    # comes just before the wait begins.
    code = """
        import gauntlet, multiprocessing, signal, threading, time
        from pathlib import Path

        def work(ready):
            gauntlet.rollout({"root": 1.0}, step=0)
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
            ready.set()
            multiprocessing.Semaphore(0).acquire()

        run = gauntlet.init(id="waiting-worker")
        context = multiprocessing.get_context("fork")
        ready = context.Event()
        worker = context.Process(target=work, args=(ready,))
        worker.start()
        ready.wait()
        # The main thread sleeps in the kernel ("S") once it has reached its wait. Where the system does not
        # say so, the signal may interrupt Python code, which is the easier case.
        state = Path(f"/proc/{worker.pid}/stat")
        deadline = time.monotonic() + 20
        while state.exists() and state.read_text().rpartition(")")[2].split()[0] != "S":
            assert time.monotonic() < deadline, "the worker never waits"
            time.sleep(0.005)
        worker.terminate()
        worker.join(30)
        print(worker.exitcode)
        worker.kill()
    """
    assert python(code, {"GAUNTLET_ENDPOINT": server.url}).stdout.split()[-1] == str(-signal.SIGTERM)
    assert len(server.events("waiting-worker", "snapshot.scored")) == 1


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
    session = subprocess.run(
        [sys.executable, "-i", "-c", ""], input=typed, env=env, capture_output=True, text=True, check=True
    )
    assert "ZeroDivisionError" in session.stderr
    for run, scored in (("first-try", 2), ("second-try", 1), ("inner", 0)):
        stored = server.run(run)
        assert (stored["status"], stored["name"]) == ("completed", run), (
            "named by its id, so that it can be begun again"
        )
        assert len(server.events(run, "snapshot.scored")) == scored
    ended, begun = (
        server.events("first-try", "run.finished")[0],
        server.events("second-try", "run.started")[0],
    )
    assert ended["at"] <= begun["at"], "the first had ended when the second began"


@pytest.mark.parametrize("name", ["the same", "another"])
def test_a_run_that_had_ended_is_running_again_when_it_is_continued(server: Server, name: str) -> None:
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
