"""What other people's code a release holds: its bill of materials (CycloneDX) and the licences with it.

Asks cargo which crates are linked into the server and into the page's wasm; build scripts and macros run at
build time only and are left out. Usage: `inventory.py SBOM.json LICENSES.txt`, from the workspace's root.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

WASM = "wasm32-unknown-unknown"
SERVER = "gauntlet-server"
FRONTEND = "gauntlet-frontend"
#: Names of files that state a licence: beside the manifest, and of sources of others that a crate carries.
AT_ROOT = ("LICENSE", "LICENCE", "COPYING", "NOTICE", "COPYRIGHT", "UNLICENSE")
BELOW = ("LICENSE", "LICENCE", "NOTICE")


@dataclass(frozen=True, order=True)
class Crate:
    """One version of one package, as cargo names it."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class Package:
    """What is known of a linked crate."""

    crate: Crate
    #: SPDX expression; empty where the crate states none.
    license: str
    folder: Path
    #: SHA-256 of the archive that cargo downloaded; empty for the workspace's own crates.
    checksum: str
    #: Linked crates that it needs.
    needs: tuple[Crate, ...]

    @property
    def is_ours(self) -> bool:
        """Whether it is a crate of this workspace."""
        return not self.checksum


def cargo(*args: str) -> str:
    """The output of a cargo command."""
    return subprocess.run(["cargo", *args], check=True, capture_output=True, text=True).stdout


def host() -> str:
    """The triple that the server is built for."""
    lines = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout.splitlines()
    return next(line.removeprefix("host: ") for line in lines if line.startswith("host: "))


def linked(package: str, target: str) -> set[Crate]:
    """The crates that are linked into a package, itself included, with the features it is built with."""
    tree = cargo(
        "tree", "--locked", "--package", package, "--target", target,
        "--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}",
    )  # fmt: skip
    words = (line.split() for line in tree.splitlines() if line)
    return {Crate(name, version.removeprefix("v")) for name, version, *_ in words}


def checksums() -> dict[Crate, str]:
    """The checksum of each downloaded crate, as the lock file has it."""
    packages = tomllib.loads(Path("Cargo.lock").read_text(encoding="utf-8"))["package"]
    return {Crate(p["name"], p["version"]): p.get("checksum", "") for p in packages}


def packages(wanted: set[Crate]) -> list[Package]:
    """What cargo knows of the wanted crates, in the order of their names."""
    # Crates of other platforms are left out, as they need not be downloaded here.
    platforms = ("--filter-platform", host(), "--filter-platform", WASM)
    metadata: dict[str, Any] = json.loads(cargo("metadata", "--locked", "--format-version", "1", *platforms))
    by_id = {p["id"]: Crate(p["name"], p["version"]) for p in metadata["packages"]}
    needs = {
        by_id[node["id"]]: tuple(sorted({by_id[dep] for dep in node["dependencies"]} & wanted))
        for node in metadata["resolve"]["nodes"]
    }
    sums = checksums()
    found = [
        Package(
            crate=crate,
            license=(p["license"] or "").replace("/", " OR "),
            folder=Path(p["manifest_path"]).parent,
            checksum=sums[crate],
            needs=needs[crate],
        )
        for p in metadata["packages"]
        if (crate := by_id[p["id"]]) in wanted
    ]
    return sorted(found, key=lambda package: package.crate)


def sbom(found: list[Package]) -> str:
    """The bill of materials, validated against CycloneDX's own schema."""
    factory = LicenseFactory()
    components = {p.crate: component(p, factory) for p in found}
    server = next(p for p in found if p.crate.name == SERVER)
    bom = Bom(components=(c for c in components.values() if c.name != SERVER))
    root = components[server.crate]
    root.type = ComponentType.APPLICATION
    bom.metadata.component = root
    for package in found:
        bom.register_dependency(components[package.crate], [components[c] for c in package.needs])
    # The page is built into the server as a file, which cargo's graph does not show.
    bom.register_dependency(root, [c for crate, c in components.items() if crate.name == FRONTEND])
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if error:
        raise SystemExit(f"error: the bill of materials is not valid: {error}")
    return text + "\n"


def component(package: Package, factory: LicenseFactory) -> Component:
    """A crate as the bill of materials lists it."""
    crate = package.crate
    hashes = [] if package.is_ours else [HashType(alg=HashAlgorithm.SHA_256, content=package.checksum)]
    url = PackageURL("cargo", None, crate.name, crate.version)
    return Component(
        type=ComponentType.LIBRARY,
        name=crate.name,
        version=crate.version,
        bom_ref=str(url),
        purl=None if package.is_ours else url,
        hashes=hashes,
        licenses=[factory.make_from_string(package.license)] if package.license else [],
    )


def license_files(folder: Path) -> Iterator[Path]:
    """The files of a crate that state a licence, in the order of their paths."""
    for path in sorted(folder.rglob("*")):
        names = AT_ROOT if path.parent == folder else BELOW
        if path.name.upper().startswith(names) and path.suffix not in (".rs", ".json") and path.is_file():
            yield path


def licenses(found: list[Package]) -> str:
    """Every licence text of other people's crates once, headed by the crates that it belongs to."""
    theirs = [p for p in found if not p.is_ours]
    texts: dict[str, set[Crate]] = defaultdict(set)
    without = []
    for package in theirs:
        files = list(license_files(package.folder))
        for path in files:
            text = path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n").strip("\n")
            texts[text].add(package.crate)
        if not files:
            without.append(package)
    lines = [
        "Gauntlet contains the following crates of other authors, under the licences named here.",
        "The texts of the licences follow, each with the crates that carry it.",
        "",
        *(f"{p.crate}: {p.license or 'see its text below'}" for p in theirs),
    ]
    if without:
        names = ", ".join(str(p.crate) for p in without)
        lines += ["", f"These carry no text of their own: {names}."]
    for text, crates in sorted(texts.items(), key=lambda item: min(item[1])):
        lines += ["", "=" * 100, ", ".join(str(crate) for crate in sorted(crates)), "=" * 100, "", text]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Writes both files."""
    _, sbom_path, licenses_path = sys.argv
    found = packages(linked(SERVER, host()) | linked(FRONTEND, WASM))
    Path(sbom_path).write_text(sbom(found), encoding="utf-8")
    Path(licenses_path).write_text(licenses(found), encoding="utf-8")


if __name__ == "__main__":
    main()
