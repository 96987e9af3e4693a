"""How the package is built: no import circles, no access to what another module keeps private, standard
terms."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import gauntlet

SDK = Path(__file__).parents[2]
SOURCE = SDK / "src" / "gauntlet"
MODULES = {
    ".".join(("gauntlet", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(SOURCE.rglob("*.py"))
}
CHECKED = ("src", "tests", "bench", "examples")
FILES = [path for folder in CHECKED for path in sorted((SDK / folder).rglob("*.py"))]
MAX_LINES = 500
#: Banned words: names use the field's terms, which a reader can look up.
BANNED = {
    "apart", "blamed", "doomed", "fate", "fates", "gist", "give", "gives", "given", "halt", "happening",
    "hardened",
    "kept", "lay", "lays", "lie", "lies", "mishap", "own", "piece", "pieces", "said", "say", "says", "stand",
    "stands",
    "tell", "tells", "told", "trouble", "wary", "whole", "wish", "witness",
}  # fmt: skip


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def imports(module: str) -> set[str]:
    """The modules of this package that a module imports, wherever in it: lazily and for types alone as
    well."""
    path, found = MODULES[module], set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found |= {name if (name := f"{base}.{alias.name}") in MODULES else base for alias in node.names}
    return found & MODULES.keys()


def circle() -> list[str]:
    """A circle of imports, as the modules that it goes through; empty where there is none."""
    graph, done, way = {module: sorted(imports(module)) for module in MODULES}, set(), list[str]()

    def visit(module: str) -> list[str]:
        if module in way:
            return [*way[way.index(module) :], module]
        if module in done:
            return []
        way.append(module)
        for other in graph[module]:
            if found := visit(other):
                return found
        done.add(way.pop())
        return []

    return next((found for module in graph if (found := visit(module))), [])


def test_no_modules_import_each_other() -> None:
    assert imports("gauntlet.run") >= {"gauntlet.journal", "gauntlet.client"}, "lazy imports count"
    assert circle() == []


def names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every name that a module defines, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, node.lineno
        elif isinstance(node, ast.alias) and node.asname:
            yield node.asname, node.lineno


def words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}


def test_no_name_has_a_banned_word() -> None:
    assert words("_saidSo_whole2") == {"said", "so", "whole"}
    found = [
        f"{path.relative_to(SDK)}:{line}: {name}"
        for path in FILES
        for name, line in names(parsed(path))
        if words(name) & BANNED
    ]
    assert found == []


def private_uses(path: Path) -> Iterator[str]:
    """Where a module uses a private name of an object or a module that it does not define itself."""
    tree = parsed(path)
    defined = {name for name, _ in names(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and re.match(r"_[^_]", node.attr):
            itself = isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}
            parent = isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "super"
            if not itself and not parent and node.attr not in defined:
                yield f"{path.relative_to(SDK)}:{node.lineno}: {ast.unparse(node)}"
        elif isinstance(node, ast.ImportFrom) and node.level:
            for alias in node.names:
                if re.match(r"_[^_]", alias.name) and f"gauntlet.integrations.{alias.name}" not in MODULES:
                    yield f"{path.relative_to(SDK)}:{node.lineno}: import {alias.name}"


#: What the standard library or a framework offers under a private name alone.
ALLOWED = {"sys._getframe", "asyncio._get_running_loop"}


def test_no_module_uses_what_another_keeps_private() -> None:
    found = [use for path in MODULES.values() for use in private_uses(path)]
    assert [use for use in found if use.split(": ", 1)[1] not in ALLOWED] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SDK)))
def test_files_begin_with_what_they_are_for_and_stay_short(path: Path) -> None:
    text = path.read_text()
    if text.strip():
        assert ast.get_docstring(parsed(path))
    assert len(text.splitlines()) <= MAX_LINES


def test_the_version_is_that_of_the_server() -> None:
    (cargo,) = re.findall(r'^version = "(.*)"', (SDK.parents[1] / "Cargo.toml").read_text(), re.MULTILINE)
    assert gauntlet.__version__ == cargo
