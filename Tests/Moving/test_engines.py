"""Parquet by way of the engine that docs/dump-format.md names, with the very lines that stand there."""

import os
import re
import subprocess
import sys

import duckdb


def run_documented(repository, binary, folder, word):
    """Runs the commands in the docs that have a word in them, and returns what they print."""
    text = (repository / "docs/dump-format.md").read_text()
    blocks = re.findall(r"(?m)(?:^    .*\n)+", text)
    commands = next(block for block in blocks if word in block)
    path = f"{os.path.dirname(sys.executable)}:{binary.parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-ec", commands], cwd=folder, env={**os.environ, "PATH": path}, check=True, timeout=120,
        capture_output=True, text=True).stdout


def test_parquet_split_by_key_prefix(sample, binary, repository, tmp_path):
    sample.rename(tmp_path / "data")
    run_documented(repository, binary, tmp_path, "PARTITION_BY")
    parts = sorted(path.name for path in (tmp_path / "archive").iterdir())
    assert len(parts) > 5 and all(re.fullmatch(r"part=[0-9a-f]{2}", part) for part in parts)
    read = f"read_parquet('{tmp_path}/archive/*/*.parquet', hive_types_autocast = false)"
    connection = duckdb.connect()
    assert connection.sql(f"SELECT count(*) FROM {read}").fetchall() == [(23,)]
    rows = connection.sql(f"SELECT part, key, unhex(data) FROM {read} WHERE data LIKE '706c61696e20%'").fetchall()
    assert len(rows) == 12 and all(key.startswith(part) for part, key, _ in rows)
    assert {bytes(data) for _, _, data in rows} == {b"plain %d" % number for number in range(12)}
    assert "bytes" in run_documented(repository, binary, tmp_path, "sum(len(entry)")


def test_prefixes_are_exported_one_by_one(sample, binary):
    def lines_of(*arguments):
        return subprocess.run(
            [binary.parent / "bristlecone-dump", "export", sample, "--format", "jsonl", *arguments],
            capture_output=True, check=True, text=True).stdout.splitlines()[1:-1]
    parts = [line for digit in "0123456789abcdef" for line in lines_of("--prefix", digit)]
    assert sorted(parts) == sorted(lines_of())
