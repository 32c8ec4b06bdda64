"""tools/monitoring against the metrics of a real node: the alert rules, the dashboard, and Prometheus itself."""

import asyncio
import contextlib
import json
import re
import shutil
import socket
import urllib.parse
import urllib.request

import pytest

from harness.waiting import wait_until

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="there is no promtool: tools/setup --monitoring installs it")
METRIC = re.compile(r"\b(?:bristlecone|process)_[a-z0-9_]+")
# What a histogram is asked for.
SERIES_SUFFIXES = ("_bucket", "_sum", "_count")


@pytest.fixture
def monitoring(repository):
    """The folder of what is tested here."""
    return repository / "tools" / "monitoring"


def dashboard_queries(monitoring):
    """Every query of the dashboard, with its panel's title."""
    dashboard = json.loads((monitoring / "bristlecone-dashboard.json").read_text(encoding="utf-8"))
    return [(panel["title"], target["expr"]) for panel in dashboard["panels"] for target in panel.get("targets", ())]


def rule_queries(monitoring):
    """The rules' text without explanations and names of alerts."""
    text = (monitoring / "bristlecone.rules.yml").read_text(encoding="utf-8")
    return "\n".join(re.findall(r"expr: (?:>\n)?((?:.|\n)+?)\n\s+(?:for|labels):", text))


def metrics_in(text):
    """The names of metrics in queries, without what is asked of a histogram."""
    names = {name for name in METRIC.findall(text)}
    return {next((name.removesuffix(end) for end in SERIES_SUFFIXES if name.endswith(end)), name) for name in names}


def documented(repository):
    """The metrics that docs/metrics.md has."""
    text = (repository / "docs" / "metrics.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| `((?:bristlecone|process)_\w+)` \|", text, re.MULTILINE))


async def fetch(url, accept=None):
    """The type and the text of what an address answers."""
    request = urllib.request.Request(url, headers={"Accept": accept} if accept else {})

    def read():
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.headers["Content-Type"], response.read().decode()

    return await asyncio.to_thread(read)


def http_address(node):
    """Where a node serves HTTP over TCP, by its log."""
    return re.findall(r"HTTP is served on http://(\S+)", node.log_tail())[-1]


async def run(*command, folder=None, text=None):
    """What a program prints; it has to succeed."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT)
    output, _ = await asyncio.wait_for(process.communicate((text or "").encode()), 60)
    assert process.returncode == 0, output.decode()
    return output.decode()


def test_dashboard_shows_every_metric_and_no_other(repository, monitoring):
    shown = metrics_in("\n".join(query for _, query in dashboard_queries(monitoring)))
    assert shown - documented(repository) == set()
    # Whether it lives is for alerts: a dashboard of a node that does not shows nothing anyway.
    assert documented(repository) - shown == {"bristlecone_live"}


def test_rules_ask_for_metrics_that_exist(repository, monitoring):
    asked = metrics_in(rule_queries(monitoring))
    assert len(asked) > 10 and asked <= documented(repository)


@needs_promtool
async def test_rules_hold_in_their_own_tests(monitoring):
    assert "SUCCESS" in await run("promtool", "check", "rules", "bristlecone.rules.yml", folder=monitoring)
    assert "SUCCESS" in await run("promtool", "test", "rules", "bristlecone.rules.test.yml", folder=monitoring)


@needs_promtool
async def test_metrics_are_what_prometheus_reads(repository, nodes, addresses):
    node = await nodes.make(settings={"HTTP_LISTEN": f"{addresses.take()}:0"}).start()
    await node.store(bytes(20), b"value")
    url = f"http://{http_address(node)}/metrics"
    kind, text = await fetch(url)
    assert kind == "text/plain; version=0.0.4; charset=utf-8"
    await run("promtool", "check", "metrics", text=text)
    names = set(re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE))
    assert documented(repository) <= names
    kind, text = await fetch(url, "application/openmetrics-text; version=1.0.0")
    assert kind == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert text.endswith("\n# EOF\n")


class Prometheus:
    """Debian's Prometheus with the rules, which scrapes a node every second."""

    def __init__(self, address):
        self.address = address

    async def query(self, expression):
        """The result of an instant query."""
        url = f"http://{self.address}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        _, text = await fetch(url)
        answer = json.loads(text)
        assert answer["status"] == "success", answer
        return answer["data"]["result"]

    async def fires(self, alert):
        """Whether an alert is firing."""
        return bool(await self.query(f'ALERTS{{alertname="{alert}", alertstate="firing"}}'))


@contextlib.asynccontextmanager
async def prometheus(folder, monitoring, ip, target):
    """Prometheus on a port of its own; alerts fire at once that last for a minute elsewhere."""
    rules = (monitoring / "bristlecone.rules.yml").read_text(encoding="utf-8")
    (folder / "bristlecone.rules.yml").write_text(re.sub(r"for: [12]m\b", "for: 0s", rules), encoding="utf-8")
    (folder / "prometheus.yml").write_text(json.dumps({
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["bristlecone.rules.yml"],
        "scrape_configs": [{"job_name": "bristlecone", "static_configs": [{"targets": [target]}]}],
    }), encoding="utf-8")
    with socket.socket() as probe:
        probe.bind((ip, 0))
        address = f"{ip}:{probe.getsockname()[1]}"
    with open(folder / "prometheus.log", "wb") as log:
        process = await asyncio.create_subprocess_exec(
            "prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address={address}", "--log.level=warn", stdin=asyncio.subprocess.DEVNULL, stdout=log,
            stderr=log)
    server = Prometheus(address)

    async def is_ready():
        assert process.returncode is None, (folder / "prometheus.log").read_text()
        try:
            return await server.query("up")
        except OSError:
            return False

    try:
        await wait_until(is_ready, "Prometheus scrapes the node", 60)
        yield server
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="there is no prometheus: tools/setup --monitoring installs it")
async def test_prometheus_alerts_when_a_node_is_cut_off(tmp_path, monitoring, nodes, addresses):
    other = await nodes.start()
    node = await nodes.make(settings={"HTTP_LISTEN": f"{addresses.take()}:0"}).start(peers=[other])
    await wait_until(lambda: node.knows(other.contact.mid), "the nodes know each other")
    await node.store(bytes(20), b"value")
    folder = tmp_path / "prometheus"
    folder.mkdir()
    async with prometheus(folder, monitoring, addresses.take(), http_address(node)) as server:
        await wait_until(lambda: server.query("bristlecone_ready == 1"), "the node is ready", 120)
        for title, expression in dashboard_queries(monitoring):
            expression = expression.replace("$__rate_interval", "30s").replace("$instance", ".*")
            # Where nothing is wrong, some panels are empty; but all are understood.
            await server.query(expression)
        assert await server.query("bristlecone_build_info")
        assert not await server.fires("BristleconeCutOff")
        await other.kill()
        await wait_until(lambda: server.fires("BristleconeCutOff"), "an alert says that the node is cut off", 180)
        await other.restart()
        await wait_until(lambda: node.knows(other.contact.mid), "the nodes know each other again", 120)

        async def is_cleared():
            return not await server.fires("BristleconeCutOff")

        await wait_until(is_cleared, "the alert is over", 60)
