"""A running node reads its configuration again, and says what it uses at once and what needs a restart."""

import json
import os
import signal

import pytest

from harness.waiting import wait_until


def write(node, text):
    (node.data / "bristlecone.yaml").write_text(text, encoding="utf-8")


async def effective(node, setting):
    return (await node.command("config", "show", "--json")).json()["settings"][setting]


async def test_reload_uses_what_can_change_and_names_the_rest(nodes):
    node = await nodes.start()
    write(node, "threads: 3\nlog:\n  level: debug\narchive:\n  scrub_rate: 5\n")
    completed = await node.command("reload", "--json")
    assert completed.status == 0, completed
    change = completed.json()
    # The environment of the test says how much is logged, if it does.
    assert {"name": "archive.scrub_rate", "before": 17, "now": 5} in change["applied"]
    assert change["need_restart"] == [{"name": "threads", "before": 0, "now": 3}]
    assert (await effective(node, "archive.scrub_rate"))["value"] == 5
    threads = await effective(node, "threads")
    assert threads["value"] == 0 and threads["after_restart"] == 3
    shown = await node.command("config", "show")
    assert "Used only after a restart:" in shown.output and "  threads: 3" in shown.output
    assert str(node.data) in shown.output.splitlines()[0]
    await node.stop()
    await node.restart()
    assert (await effective(node, "threads"))["value"] == 3


@pytest.mark.parametrize("text, word", [
    ("nonsense: 1\n", "nonsense"), ("archive: [", "not YAML"), ("archive:\n  scrub_rate: -1\n", "out of range")])
async def test_a_wrong_file_changes_nothing(nodes, text, word):
    node = await nodes.start()
    before = (await node.command("config", "show", "--json")).json()
    write(node, text)
    completed = await node.command("reload")
    assert completed.status == 78, completed
    sentences = completed.errors.splitlines()
    assert len(sentences) == 1 and sentences[0].startswith("bristlecone: Nothing was changed. "), sentences
    assert word in sentences[0]
    assert (await node.command("config", "show", "--json")).json() == before
    os.kill(node.pid, signal.SIGHUP)
    await wait_until(lambda: "Failed: Nothing was changed." in node.log_tail(), "the log says that it is wrong")
    assert (await node.status())["pid"] == node.pid


async def test_a_setting_is_set_until_the_configuration_is_read_again(nodes):
    node = await nodes.start()
    assert (await node.command("config", "set", "log.format", "json")).status == 0
    assert (await node.command("pin", "add", "greeting")).status == 0

    def pin_line():
        lines = [json.loads(line) for line in node.log_tail().splitlines() if line.startswith("{")]
        return next((line for line in lines if line.get("fields", {}).get("audit") == "change_pins"), None)

    await wait_until(lambda: pin_line() is not None, "the log has the pin as JSON")
    assert pin_line()["level"] == "notice" and pin_line()["fields"]["uid"] == str(os.getuid())
    assert (await effective(node, "log.format"))["origin"] == "config set"
    assert (await node.command("reload")).status == 0
    assert (await effective(node, "log.format"))["value"] == "text"
    await wait_until(lambda: "Changed log.format from json to text." in node.log_tail(), "the log has text again")


@pytest.mark.parametrize("arguments, status, word", [
    (("threads", "2"), 1, "restart the node"), (("log.levle", "info"), 64, "Did you mean log.level?"),
    (("archive.scrub_rate", "many"), 64, "not a whole number"), (("log.level", "loud"), 1, "is not a level")])
async def test_settings_that_cannot_be_set(nodes, arguments, status, word):
    node = await nodes.start()
    completed = await node.command("config", "set", *arguments)
    assert completed.status == status and word in completed.errors, completed


async def test_config_show_without_a_running_node_or_for_the_next_start(nodes):
    node = await nodes.start()
    assert (await node.command("config", "set", "archive.scrub_rate", "5")).status == 0
    at_start = (await node.command("config", "show", "--at-start", "--json")).json()
    assert at_start["settings"]["archive.scrub_rate"]["value"] == 17
    await node.stop()
    assert (await effective(node, "archive.scrub_rate"))["value"] == 17
