"""Parquet by way of the engine that docs/dump-format.md names, with the very lines that stand there."""

import json
import os
import re
import subprocess
import sys
import textwrap

import duckdb
import pytest

OLDEST = "1.1.3"


def documented(repository, word):
    """The commands in the docs that have a word in them."""
    text = (repository / "docs/dump-format.md").read_text()
    blocks = re.findall(r"(?m)(?:^    .*\n)+", text)
    return textwrap.dedent(next(block for block in blocks if word in block))


def run_shell(commands, binary, folder, packages=None):
    """Runs commands with our programs in the path, and returns what they print."""
    environment = {**os.environ, "PATH": f"{os.path.dirname(sys.executable)}:{binary.parent}:{os.environ['PATH']}"}
    if packages:
        environment["PYTHONPATH"] = str(packages)
    return subprocess.run(
        ["bash", "-ec", commands], cwd=folder, env=environment, check=True, timeout=120, capture_output=True,
        text=True).stdout


@pytest.fixture(params=["oldest", "newest"])
def packages(request, repository):
    """The folder of a version of DuckDB that the docs name; `None` for the one that is installed."""
    text = (repository / "docs/dump-format.md").read_text()
    assert f"tested with {OLDEST} and {duckdb.__version__}" in " ".join(text.split())
    if request.param == "newest":
        return None
    folder = repository / ".venv/duckdb-oldest"
    if not folder.is_dir():
        pytest.skip("tools/setup installs the oldest DuckDB")
    return folder


def test_parquet_split_by_key_prefix(sample, binary, repository, tmp_path, packages):
    sample.rename(tmp_path / "data")
    run_shell(documented(repository, "PARTITION_BY"), binary, tmp_path, packages)
    parts = sorted(path.name for path in (tmp_path / "archive").iterdir())
    assert len(parts) > 5 and all(re.fullmatch(r"part=x[0-9a-f]", part) for part in parts)
    read = f"read_parquet('{tmp_path}/archive/*/*.parquet')"
    connection = duckdb.connect()
    assert connection.sql(f"SELECT count(*) FROM {read}").fetchall() == [(23,)]
    rows = connection.sql(f"SELECT part, key, unhex(data) FROM {read} WHERE data LIKE '706c61696e20%'").fetchall()
    assert len(rows) == 12 and all(part == "x" + key[0] for part, key, _ in rows)
    assert {bytes(data) for _, _, data in rows} == {b"plain %d" % number for number in range(12)}
    assert "bytes" in run_shell(documented(repository, "sum(len(entry)"), binary, tmp_path, packages)


def test_a_column_that_comes_late_is_not_lost(make_archive, binary, repository, tmp_path, packages):
    """Engines look at some 20,000 lines to learn the columns."""
    make_archive(tmp_path / "data", 25_000)
    export, convert = documented(repository, "PARTITION_BY").split("\n", 1)
    run_shell(export, binary, tmp_path)
    lines = (tmp_path / "archive.jsonl").read_text().splitlines()
    rare = [line for line in lines if '"kind":"value"' in line and '"withdrawn":' in line]
    assert 0 < len(rare) < 100
    lines = [line for line in lines if line not in rare]
    (tmp_path / "archive.jsonl").write_text("\n".join([*lines, *rare]) + "\n")
    run_shell(convert, binary, tmp_path, packages)
    read = f"read_parquet('{tmp_path}/archive/*/*.parquet')"
    connection = duckdb.connect()
    count, withdrawn = connection.sql(f"SELECT count(*), count(withdrawn) FROM {read}").fetchall()[0]
    assert count > 25_000 and withdrawn == len(rare)
    types = {name: kind for name, kind, *_ in connection.sql(f"DESCRIBE SELECT * FROM {read}").fetchall()}
    assert types["version"] == "BIGINT" and types["withdrawn"] == "BOOLEAN"
    assert {types[name] for name in ("first_seen", "last_stored", "expires_at")} == {"TIMESTAMP WITH TIME ZONE"}
    archive = json.loads(lines[0])["archive"]
    assert connection.sql(f"SELECT DISTINCT archive FROM {read}").fetchall() == [(archive,)]
    value = json.loads(rare[-1])
    shown = connection.sql(
        f"SELECT epoch_us(expires_at) FROM {read} WHERE key = '{value['key']}' AND id = '{value['id']}'").fetchall()
    expected = duckdb.sql(f"SELECT epoch_us(TIMESTAMPTZ '{value['expires_at']}')").fetchall()
    assert shown == expected


def test_prefixes_are_exported_one_by_one(sample, binary):
    def lines_of(*arguments):
        return subprocess.run(
            [binary.parent / "bristlecone-dump", "export", sample, "--format", "jsonl", *arguments],
            capture_output=True, check=True, text=True).stdout.splitlines()[1:-1]
    parts = [line for digit in "0123456789abcdef" for line in lines_of("--prefix", digit)]
    assert sorted(parts) == sorted(lines_of())
