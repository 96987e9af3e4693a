"""What people install: a wheel without dependencies, typed, light to import."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
import tomllib  # type: ignore[import-not-found, unused-ignore]
from packaging.requirements import Requirement

from .support import Server

SDK = Path(__file__).parents[2]
#: What a training loop does not want to wait for, or has no use for.
HEAVY = {
    "asyncio", "concurrent.futures", "email", "http.client", "multiprocessing", "numpy", "openenv", "pandas",
    "sqlite3", "ssl", "tempfile", "torch", "urllib.request", "wandb",
}  # fmt: skip


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy, so that nothing is left in the source folder."""
    copy = tmp_path_factory.mktemp("sdk")
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(SDK / name, copy)
    shutil.copytree(SDK / "src", copy / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist", "."]
    built = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = (copy / "dist").glob("gauntlet-*.whl")
    return wheel


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "gauntlet/py.typed" in names
    assert "gauntlet/sinks/server.py" in names
    assert "gauntlet/integrations/trl.py" in names
    assert {name.split("/")[0] for name in names} == {"gauntlet", "gauntlet-0.1.0.dist-info"}
    (metadata,) = (n for n in names if n.endswith("METADATA"))
    text = zipfile.ZipFile(wheel).read(metadata).decode()
    required = [line for line in text.splitlines() if line.startswith("Requires-Dist:")]
    assert all("extra ==" in line for line in required), "the SDK itself needs nothing"


def test_it_works_in_a_clean_environment(wheel: Path, server: Server, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env" / "bin" / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    # What a pip does with a wheel of pure Python.
    zipfile.ZipFile(wheel).extractall(site.stdout.strip())
    code = f"""
import gauntlet, importlib.metadata
assert importlib.metadata.version("gauntlet") == gauntlet.__version__
run = gauntlet.init(id="clean", endpoint={server.url!r})
run.log({{"reward": 1.0}})
assert run.flush()
"""
    subprocess.run([python, "-I", "-c", code], check=True, cwd=tmp_path)
    assert server.run("clean")["status"] == "completed"


def test_each_integration_has_an_extra_of_the_version_it_is_tested_with() -> None:
    project = tomllib.loads((SDK / "pyproject.toml").read_text())
    extras, groups = project["project"]["optional-dependencies"], project["dependency-groups"]
    folder = SDK / "src" / "gauntlet" / "integrations"
    integrations = {path.stem for path in folder.glob("[a-z]*.py")} - {"verl_plugin"}
    assert set(extras) == integrations | {"otel", "wandb"}
    pinned = {
        requirement.name: str(requirement.specifier).removeprefix("==")
        for line in [*(SDK / "requirements-test.txt").read_text().splitlines(), *groups["verl"]]
        if line and not line.startswith("#")
        for requirement in [Requirement(line)]
    }
    for line in itertools.chain(*extras.values()):
        wanted = Requirement(line)
        assert wanted.specifier.contains(pinned[wanted.name], prereleases=True), f"{line}: not what is tested"


def test_importing_it_imports_nothing_heavy() -> None:
    code = "import sys; before = set(sys.modules); import gauntlet; print(*sorted(set(sys.modules) - before))"
    ended = subprocess.run(
        [sys.executable, "-S", "-c", code], env=path_only(), capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    loaded = set(ended.stdout.split())
    assert "gauntlet.run" in loaded
    assert loaded & HEAVY == set()
    assert not any(name.startswith("gauntlet.integrations") for name in loaded)
    assert len(loaded) < 120, "modules beyond the interpreter's own"


def path_only() -> dict[str, str]:
    return {"PYTHONPATH": str(SDK / "src"), "PATH": ""}
