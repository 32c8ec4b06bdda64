"""The container image with podman: as root and as an ordinary user, healthy and not."""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile

import pytest

from harness.waiting import wait_until
from processes import REPOSITORY, run

pytestmark = pytest.mark.full
BYTES_MAX = 100_000_000
USER = "bristlecone-test"


@pytest.fixture(scope="session")
def image(programs, tmp_path_factory):
    """The image as an OCI archive."""
    folder = tmp_path_factory.mktemp("image")
    run(REPOSITORY / "tools/image", "--programs", programs, "--output", folder)
    (archive,) = folder.glob("bristlecone-*.tar")
    return archive


@pytest.fixture
def ordinary_user():
    """A user of this machine who has subordinate ids, and is gone after the test."""
    run("useradd", "--create-home", "--add-subids-for-system", "--system", USER)
    yield USER
    run("userdel", "--remove", USER)


class Podman:
    """podman with storage of its own, and what it started, which is removed in the end."""

    def __init__(self, folder, user=None):
        self._folder, self._user = folder, user
        self._options = ["--root", f"{folder}/storage", "--runroot", f"{folder}/run", "--storage-driver", "vfs",
                         "--runtime", shutil.which("runc"), "--cgroup-manager", "cgroupfs"]
        self._names = []

    def command(self, *arguments):
        command = ["podman", *self._options, *(str(argument) for argument in arguments)]
        if self._user is None:
            return command
        return ["runuser", "-u", self._user, "--", "env", "-C", str(self._folder), f"HOME={self._folder}",
                f"XDG_RUNTIME_DIR={self._folder}/run", *command]

    def __call__(self, *arguments):
        return run(*self.command(*arguments), seconds=120)

    def status(self, *arguments):
        """The exit status of a command that may fail."""
        completed = subprocess.run(
            self.command(*arguments), capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL)
        return completed.returncode

    def start(self, name, image, network, *arguments):
        self._names.append(name)
        self("run", "--detach", "--name", name, "--network", network, "--read-only", "--cap-drop", "all",
             "--security-opt", "no-new-privileges", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024",
             "--volume", f"{name}:/data", "--stop-timeout", "30", "--health-interval", "disable",
             "--health-cmd", json.dumps(["/usr/bin/bristlecone", "health"]),
             image, "run", "--no-bootstrap", *arguments)

    def close(self):
        for name in reversed(self._names):
            self.status("rm", "--force", "--time", "5", name)
        self.status("system", "reset", "--force")


async def live(podman, archive):
    """Two nodes that find each other, in one network without a way out."""
    loaded = podman("load", "--quiet", "--input", archive)
    image = loaded.split("Loaded image: ", 1)[1].strip()
    (about,) = json.loads(podman("image", "inspect", image))
    assert about["Size"] < BYTES_MAX
    assert about["Config"]["User"] == "8090:8090"
    podman.start("first", image, "none", "--listen", "127.0.0.1:8090")
    await wait_until(
        lambda: podman.status("exec", "first", "bristlecone", "health", "--live") == 0, "the first node is live", 30.0)
    assert podman.status("healthcheck", "run", "first") == 1, "it has no contacts"
    podman.start("second", image, "container:first", "--listen", "127.0.0.1:8091", "--peer", "127.0.0.1:8090")
    await wait_until(lambda: podman.status("healthcheck", "run", "second") == 0, "the second node is healthy", 60.0)
    podman("exec", "second", "bristlecone", "store", "greeting", "hello")
    assert "hello" in podman("exec", "first", "bristlecone", "find", "greeting", "--local")
    assert "signatures" in podman("exec", "second", "bristlecone-dump", "verify", "/data")
    for name in ("second", "first"):
        podman("stop", name)
        assert podman("inspect", "--format", "{{.State.ExitCode}}", name).strip() == "0"
    podman("start", "first")
    await wait_until(
        lambda: podman.status("exec", "first", "bristlecone", "find", "greeting", "--local") == 0,
        "the value is there after a restart", 30.0)


def require_podman():
    for program in ("podman", "runc"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is missing: it is in Debian's package of the same name")


async def test_root_runs_the_image(image):
    require_podman()
    # podman takes no path of more than 50 bytes, which those of pytest are.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        podman = Podman(folder)
        try:
            await live(podman, image)
        finally:
            podman.close()


async def test_an_ordinary_user_runs_the_image(image, ordinary_user):
    require_podman()
    home = pathlib.Path("~" + ordinary_user).expanduser()
    shutil.copy(image, home / "image.tar")
    (home / "run").mkdir(mode=0o700)
    for path in (home / "image.tar", home / "run"):
        shutil.chown(path, ordinary_user, ordinary_user)
    podman = Podman(home, ordinary_user)
    try:
        await live(podman, home / "image.tar")
    finally:
        podman.close()


@pytest.fixture
def prometheus_image(tmp_path):
    """An image like Prometheus's own, from the program that Debian has."""
    program = shutil.which("prometheus")
    if program is None or shutil.which("buildah") is None:
        pytest.skip("prometheus or buildah is missing: they are in Debian's packages of the same names")
    root = tmp_path / "prometheus"
    for folder in ("usr/bin", "etc/prometheus", "prometheus"):
        (root / folder).mkdir(parents=True)
    # It runs as a user of its own there too.
    (root / "prometheus").chmod(0o777)
    shutil.copy(program, root / "usr/bin")
    for library in re.findall(r"(/\S+) \(", run("ldd", program)):
        (root / library[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(os.path.realpath(library), root / library[1:])
    (root / "etc/nsswitch.conf").write_text("hosts: files dns\n")
    builder = ["buildah", "--storage-driver", "vfs", "--root", tmp_path / "storage", "--runroot", tmp_path / "run"]
    container = run(*builder, "from", "scratch").strip()
    run(*builder, "copy", "--quiet", container, root, "/")
    run(*builder, "config", "--user", "65534:65534", "--entrypoint", '["/usr/bin/prometheus"]',
        "--cmd", json.dumps(["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]), container)
    run(*builder, "commit", "--quiet", "--rm", container, "docker.io/prom/prometheus")
    archive = tmp_path / "prometheus.tar"
    run(*builder, "push", "--quiet", "docker.io/prom/prometheus", f"oci-archive:{archive}:docker.io/prom/prometheus:latest")
    return archive


async def test_prometheus_watches_the_node_of_the_compose_example(image, prometheus_image, namespaces):
    require_podman()
    if not (REPOSITORY / ".venv/package/bin/podman-compose").exists():
        pytest.skip("podman-compose is missing: tools/setup --package-tests installs it")
    # In a network without a way out.
    namespace = namespaces.make()
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        podman = Podman(folder)
        shutil.copytree(REPOSITORY / "tools/packaging", f"{folder}/tools/packaging")
        shutil.copytree(REPOSITORY / "tools/monitoring", f"{folder}/tools/monitoring")
        # Few files, for machines that allow no more.
        pathlib.Path(folder, "containers.conf").write_text('[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n')
        wrapper = pathlib.Path(folder, "podman")
        wrapper.write_text(
            f"#!/bin/sh\nCONTAINERS_CONF={folder}/containers.conf exec nsenter --net=/run/netns/{namespace} "
            + shlex.join(podman.command()) + ' "$@"\n')
        wrapper.chmod(0o755)
        offline = pathlib.Path(folder, "offline.yaml")
        offline.write_text('services: {bristlecone: {environment: {BRISTLECONE_BOOTSTRAP_ENABLED: "false"}}}\n')
        files = ["--file", f"{folder}/tools/packaging/compose.yaml", "--file", offline]
        compose = [REPOSITORY / ".venv/package/bin/podman-compose", "--podman-path", wrapper, *files]

        def ask(path):
            completed = subprocess.run(
                namespace.command("curl", "--silent", "--fail", f"http://127.0.0.1:9090/api/v1/{path}"), capture_output=True,
                check=False)
            return json.loads(completed.stdout)["data"] if completed.returncode == 0 else None

        try:
            for archive in (image, prometheus_image):
                podman("load", "--quiet", "--input", archive)
            run(*compose, "up", "--detach", seconds=120)

            def is_watched():
                targets = (ask("targets") or {}).get("activeTargets", [])
                return [target["health"] for target in targets] == ["up"]

            await wait_until(is_watched, "Prometheus gets the node's figures", 60.0)
            rules = {rule["name"] for group in ask("rules")["groups"] for rule in group["rules"]}
            assert {"BristleconeDown", "BristleconeCutOff"} <= rules
            run(wrapper, "exec", "packaging_bristlecone_1", "bristlecone", "health", "--live")
            # The health check is run without a shell, which the image does not have.
            (about,) = json.loads(run(wrapper, "inspect", "packaging_bristlecone_1"))
            assert about["Config"]["Healthcheck"]["Test"] == ["CMD", "/usr/bin/bristlecone", "health"]
        finally:
            run(*compose, "down", "--timeout", "5", seconds=120)
            podman.close()
