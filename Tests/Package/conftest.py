"""Packages and images for the tests in this folder, built once from programs of a release build."""

import os
import pathlib
import shutil

import pytest

from processes import REPOSITORY, run

@pytest.fixture(scope="session")
def programs():
    """The folder with the programs of a release build; `PACKAGE_TEST_PROGRAMS` names one that exists."""
    if os.getuid() != 0:
        pytest.skip("packages and containers are tested as root")
    named = os.environ.get("PACKAGE_TEST_PROGRAMS")
    if named:
        return pathlib.Path(named)
    run(REPOSITORY / "tools/build", seconds=3000)
    return REPOSITORY / ".build/release"


@pytest.fixture(scope="session")
def package(programs, tmp_path_factory):
    """The Debian package, which lintian has nothing against."""
    folder = tmp_path_factory.mktemp("package")
    run(REPOSITORY / "tools/package", "--programs", programs, "--output", folder, seconds=900)
    (package,) = folder.glob("bristlecone_*.deb")
    return package


@pytest.fixture(scope="session")
def repacked(package, tmp_path_factory):
    """Gives the same package under another version, without its debug sections or a new build."""
    def repack(version):
        folder = tmp_path_factory.mktemp("repacked")
        run("dpkg-deb", "--raw-extract", package, folder / "tree")
        old = run("dpkg-deb", "--field", package, "Version").strip()
        control, preinst = folder / "tree/DEBIAN/control", folder / "tree/DEBIAN/preinst"
        control.write_text(control.read_text().replace(f"\nVersion: {old}\n", f"\nVersion: {version}\n"))
        preinst.write_text(preinst.read_text().replace(f"\nversion={old}\n", f"\nversion={version}\n"))
        target = folder / f"bristlecone_{version}.deb"
        run("dpkg-deb", "-Zzstd", "-z1", "--root-owner-group", "--build", folder / "tree", target)
        shutil.rmtree(folder / "tree")
        return target
    return repack
