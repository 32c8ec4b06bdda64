"""The Debian package from its installation to its end, on the Debian versions that it is for, under a booted systemd."""

import os
import pathlib
import re
import shutil

import pytest

from processes import run

pytestmark = pytest.mark.full
HERE = pathlib.Path(__file__).parent
# What the package depends on, which is there before it is installed, and what a system that boots needs.
PACKAGES = ["systemd", "systemd-sysv", "dbus", "udev", "iproute2", "procps", "kmod", "adduser", "debconf", "libsqlite3-0",
            "liblmdb0", "libsodium23", "libstdc++6"]
LIBCRYPTO = {"bookworm": "libssl3", "trixie": "libssl3t64"}

UNIT = """[Unit]
After=multi-user.target
[Service]
Type=exec
ExecStart=/life.sh
ExecStopPost=/bin/systemctl --no-block poweroff
TimeoutStartSec=10min
[Install]
WantedBy=default.target
"""


@pytest.fixture(params=LIBCRYPTO)
def root(request, tmp_path):
    """A folder with a Debian that boots; `PACKAGE_TEST_ROOTS` names a folder in which fresh ones are kept."""
    suite = request.param
    if shutil.which("debootstrap") is None or shutil.which("systemd-nspawn") is None:
        pytest.skip("debootstrap or systemd-nspawn is missing: they are in Debian's packages debootstrap, systemd-container")
    kept = os.environ.get("PACKAGE_TEST_ROOTS")
    fresh = pathlib.Path(kept) / suite if kept else tmp_path / "fresh"
    if not (fresh / "etc/debian_version").exists():
        run("debootstrap", "--variant=minbase", "--include=" + ",".join([*PACKAGES, LIBCRYPTO[suite]]), suite, fresh)
    root = tmp_path / "root"
    run("cp", "--archive", "--reflink=auto", fresh, root)
    yield root
    shutil.rmtree(root, ignore_errors=True)


def test_the_whole_life_of_a_package(root, package, repacked):
    script = (HERE / "life.sh").read_text()
    (root / "life.sh").write_text(script)
    (root / "life.sh").chmod(0o755)
    shutil.copy(package, root / "current.deb")
    for name, version in (("older", "0.1.9"), ("later", "9.0.0")):
        shutil.move(repacked(version), root / f"{name}.deb")
    (root / "etc/systemd/system/life.service").write_text(UNIT)
    run("systemctl", "--root", root, "enable", "life.service")
    run("systemd-nspawn", "--directory", root, "--boot", "--register=no", "--keep-unit", "--private-network",
        "--console=pipe", "--quiet", seconds=900)
    report = (root / "report").read_text()
    assert "FAILED" not in report, report
    steps = re.findall(r'^step "([^"]+)"', script, re.MULTILINE)
    assert report.splitlines() == [*(f"ok {step}" for step in steps), "end"]


def test_piuparts_finds_nothing(package):
    if shutil.which("piuparts") is None:
        pytest.skip("piuparts is missing: it is in Debian's package of the same name")
    # The data that a purge keeps unless it is told otherwise; the service never runs here, so only its folder for backups.
    run("piuparts", "--distribution", "bookworm", "--warn-on-leftovers-after-purge",
        package, seconds=900)


def test_autopkgtest_passes(root, package):
    if shutil.which("autopkgtest") is None:
        pytest.skip("autopkgtest is missing: it is in Debian's package of the same name")
    proc = root / "proc"
    run("mount", "-t", "proc", "proc", proc)
    try:
        run("autopkgtest", package.parent / "source", package, "--", "chroot", root, seconds=900)
    finally:
        run("umount", proc)
