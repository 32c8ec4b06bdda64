"""What is written about the tool is true: every key of its JSON is documented, and the manual page is the present one."""

import json
import re
import shutil
import subprocess

import pytest

from transcript import environment, run

# The keys that hold values, each of which is told in a section of its own.
VALUES = {"get": "values", "history": "signers.versions"}
COMMANDS = {
    "list": [["list", "small"], ["list", "damaged"]],
    "get": [["get", "greeting", "small"], ["get", "greeting", "--as-of", "45d", "small"]],
    "history": [["history", "greeting", "--changes", "small"]],
    "why": [["why", "mine", "small"], ["why", "nothing", "small"]],
    "evidence": [["evidence", "small"]],
    "stat": [["stat", "small"], ["stat", "unindexed"], ["stat", "copy"]],
    "publishers": [["publishers", "small"]],
    "contacts": [["contacts", "small"]],
    "buckets": [["buckets", "small"]],
    "jobs": [["jobs", "small"]],
    "plan": [["plan", "small"]],
    "verify": [["verify", "damaged"]],
    "decode": [["decode", "0068"], ["decode", "02"]],
    "verify --repair": [["verify", "--repair", "--yes", "broken"]],
    "export": [["export", "small", "--output", "other.dump"]],
    "import": [["import", "whole.dump", "damaged"]],
    "import of an increment": [["import", "increment.dump", "copy"]],
    "diff": [["diff", "whole.dump", "damaged"]],
    "prove": [["prove", "greeting", "whole.dump"]],
    "check-proof": [["check-proof", "proof"]],
    "salvage": [["salvage", "harmed.dump", "--output", "saved.dump"]],
    "compact": [["compact", "small"]],
}
# What is told by name of table, kind or reason.
COUNTED = {"items", "refused", "repaired.quarantined"}


@pytest.fixture
def folder(tool, archives, tmp_path):
    """Archives that may be changed, a dump and a proof."""
    for name in ("small", "damaged", "unindexed"):
        shutil.copytree(archives / name, tmp_path / name)
    shutil.copytree(archives / "damaged", tmp_path / "broken")
    status, said, _ = run(tool, ["export", "small", "--output", "whole.dump", "--json"], tmp_path)
    assert status == 0 and run(tool, ["import", "whole.dump", "copy"], tmp_path)[0] == 0
    last = str(json.loads(said)["change"])
    assert run(tool, ["export", "small", "--after-change", last, "--output", "increment.dump"], tmp_path)[0] == 0
    whole = (tmp_path / "whole.dump").read_bytes()
    (tmp_path / "harmed.dump").write_bytes(whole[:900] + bytes([whole[900] ^ 1]) + whole[901:])
    (tmp_path / "proof").write_text(run(tool, ["prove", "greeting", "whole.dump"], tmp_path)[1], encoding="utf-8")
    return tmp_path


def documented(repository):
    """The keys that each section of the page on the tool names."""
    sections, title = {}, None
    for line in (repository / "docs/dump.md").read_text(encoding="utf-8").splitlines():
        if match := re.match(r"### (.*)", line):
            title = match[1].replace("`", "")
        elif line.startswith("## "):
            title = None
        elif title and (match := re.match(r"\| `([\w.]+)` \|", line)):
            keys = sections.setdefault(title, set())
            assert match[1] not in keys, f"{title} tells {match[1]} twice"
            keys.add(match[1])
    return sections


def paths(value, prefix=""):
    """The names of all keys in an answer, those within others behind a dot."""
    if isinstance(value, list):
        return set().union(*(paths(item, prefix) for item in value))
    if not isinstance(value, dict):
        return set()
    return set().union(*({prefix + key} | (
        set() if prefix + key in COUNTED and isinstance(item, dict) else paths(item, f"{prefix}{key}."))
        for key, item in value.items()))


def implied(keys):
    """Keys that only hold others need no line of their own."""
    return {key.rsplit(".", 1)[0] for key in keys if "." in key}


def test_every_key_is_documented_and_no_other(tool, folder, repository):
    sections = documented(repository)
    assert sections.keys() == COMMANDS.keys() - {"list"} | {"A value"}
    for name, lines in COMMANDS.items():
        said = set()
        for arguments in lines:
            always = name == "prove"
            _, output, errors = run(tool, arguments if always else [*arguments, "--json"], folder)
            assert output, errors
            for line in output.splitlines():
                said |= paths(json.loads(line))
        if name == "list":
            # What was found out about signatures is not looked up for each line of a list.
            said |= {key for key in sections["A value"] if key.startswith("verified.")}
            assert said == sections["A value"]
            continue
        if name == "verify --repair":
            # Both hold what the section on `verify` tells.
            said = {key for key in said if not key.startswith(("before.", "after."))}
        within = VALUES.get(name)
        if within:
            values = {key.removeprefix(within + ".") for key in said if key.startswith(within + ".")}
            assert values == sections["A value"], name
            said = {key for key in said if not key.startswith(within + ".")}
        assert said - implied(said) == sections[name] - implied(sections[name]), name
        assert said >= sections[name], name


def test_the_manual_page_is_the_present_one(repository):
    done = subprocess.run(
        [repository / "tools/man", "--check"], cwd=repository, env=environment(), capture_output=True, timeout=200,
        check=False, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_names_every_command(tool, repository, tmp_path):
    _, output, _ = run(tool, ["--help"], tmp_path)
    names = re.findall(r"^  ([a-z][a-z-]*) {2,}\w", output, re.MULTILINE)
    page = (repository / "docs/dump.md").read_text(encoding="utf-8")
    assert len(names) > 10
    for name in names:
        assert re.search(rf"`{name}\b", page), name
        _, output, _ = run(tool, [name, "--help"], tmp_path)
        assert "For example:" in output, name
