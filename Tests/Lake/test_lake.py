"""Exports in a lake: the same rows in DuckDB, and in Spark where that is installed."""

import csv
import io
import json
import os
import subprocess

import pytest

# They need engines that take minutes to install.
pytestmark = pytest.mark.full

TYPES = {
    "archive": "VARCHAR", "part": "VARCHAR", "key": "BLOB", "id": "BLOB", "class": "VARCHAR", "version": "BIGINT",
    "entry": "BLOB", "first_seen": "TIMESTAMP WITH TIME ZONE", "last_stored": "TIMESTAMP WITH TIME ZONE",
    "expires_at": "TIMESTAMP WITH TIME ZONE", "replaced_at": "TIMESTAMP WITH TIME ZONE", "number": "BIGINT",
    "published_here": "BOOLEAN", "withdrawn": "BOOLEAN", "sender": "BLOB", "sender_address": "VARCHAR",
    "change": "BIGINT", "gone": "BOOLEAN"}


class Lake:
    """tools/lake on a folder of a test's own, with archives that feed it."""

    def __init__(self, repository, binary, folder):
        self.repository, self.folder, self.root = repository, folder, folder / "lake"
        self._tool, self._writer = binary.parent / "bristlecone-dump", binary.parent / "ArchiveWriter"
        self.python = repository / ".venv/lake/bin/python"

    def archive(self, name, count):
        """An archive with something of everything, and so many plain values."""
        subprocess.run([self._writer, "sample", self.folder / name, str(count)], check=True, timeout=200)
        return self.folder / name

    def grow(self, archive, count):
        """Imports more values into an archive."""
        more = self.archive(f"more{count}", count)
        self.dump("export", more, "--output", self.folder / "more.dump")
        self.dump("import", self.folder / "more.dump", archive)

    def dump(self, *arguments):
        return subprocess.run(
            [self._tool, *map(str, arguments)], check=True, capture_output=True, text=True, timeout=200).stdout

    def export(self, archive, name, *arguments):
        """Exports lines; what the command says of it."""
        return json.loads(self.dump(
            "export", archive, "--format", "jsonl", "--output", self.folder / name, "--json", *arguments))

    def run(self, *arguments, status=0, environment=None):
        done = subprocess.run(
            [self.python, self.repository / "tools/lake/lake.py", *map(str, arguments)], capture_output=True, text=True,
            timeout=200, env=os.environ | (environment or {}))
        assert done.returncode == status, done
        return done.stdout if status == 0 else done.stderr

    def merge(self, *names, flags=(), **more):
        return self.run("merge", self.root, *(self.folder / name for name in names), *flags, **more)

    def query(self, question, *settings, **more):
        sets = [word for setting in settings for word in ("--set", setting)]
        return list(csv.DictReader(io.StringIO(self.run("query", self.root, question, *sets, **more))))

    def ask(self, code):
        """Runs Python with `lake`, a Lake of tables.py, and returns what it prints as JSON."""
        before = f"import json, pathlib, sys; sys.path.insert(0, '{self.repository}/tools/lake')\n"
        before += f"from tables import Lake; lake = Lake(pathlib.Path('{self.root}'))\n"
        done = subprocess.run([self.python, "-c", before + code], capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def rows(self, table):
        """All rows of a table, in text, without the change that wrote them."""
        return self.ask(f"""print(json.dumps([str(row) for row in lake.engine.execute(
            "SELECT * FROM {table} ORDER BY ALL").fetchall()]))""")

    def live(self):
        """The rows that the lake has of archives now, as an export names them."""
        return {tuple(row) for row in self.ask("""print(json.dumps(lake.engine.execute('''
            SELECT archive, CASE WHEN number IS NULL THEN 'value' ELSE 'history' END, lower(hex(key)), lower(hex(id)), version,
                lower(hex(entry)), number FROM versions WHERE NOT gone''').fetchall()))""")}


@pytest.fixture
def lake(repository, binary, tmp_path):
    if not (repository / ".venv/lake/requirements.installed").exists():
        pytest.skip("tools/setup --lake installs DuckDB and Delta Lake for tools/lake")
    return Lake(repository, binary, tmp_path)


def exported(path):
    """What `Lake.live` is to be after that whole export."""
    items = [json.loads(line) for line in path.read_text().splitlines()]
    return {
        (items[0]["archive"], item["kind"], item["key"], item["id"], item.get("version", 0), item["entry"], item.get("number"))
        for item in items if item["kind"] in ("value", "history")}


def test_rows_and_types_are_those_of_the_export(lake):
    archive = lake.archive("a", 3000)
    said = lake.export(archive, "a.jsonl")
    lake.merge("a.jsonl")
    assert lake.live() == exported(lake.folder / "a.jsonl")
    assert len(lake.live()) == said["items"]["value"] + said["items"]["history"]
    types = dict(lake.ask("""print(json.dumps([row[:2] for row in lake.engine.execute(
        'DESCRIBE versions').fetchall()]))"""))
    assert types == TYPES
    counts = lake.ask("""print(json.dumps(dict(lake.engine.execute(
        'SELECT kind, count(*) FROM operator GROUP BY 1').fetchall())))""")
    assert counts == {kind: said["items"][kind] for kind in counts} and len(counts) == 5
    parts = {path.name for path in lake.root.glob("versions/archive=*/part=*")}
    assert parts == {f"part=x{digit}" for digit in "0123456789abcdef"}
    sizes, versions = lake.ask("""print(json.dumps(lake.engine.execute(
        'SELECT count(DISTINCT (octet_length(key), octet_length(id))), count(version) FROM versions').fetchone()))""")
    assert sizes == 1 and versions == len(lake.live())


def test_increments_lead_on_and_merging_twice_changes_nothing(lake):
    archive = lake.archive("a", 40)
    last = lake.export(archive, "0.jsonl")["change"]
    lake.merge("0.jsonl")
    for night in range(1, 3):
        lake.grow(archive, 40 + night)
        last = lake.export(archive, f"{night}.jsonl", "--after-change", last)["change"]
        lake.merge(f"{night}.jsonl")
        lake.export(archive, "whole.jsonl")
        assert lake.live() == exported(lake.folder / "whole.jsonl")
        before = {table: lake.rows(table) for table in ("versions", "by_signer", "signers", "operator")}
        assert "already" in lake.merge(f"{night}.jsonl")
        # As after a kill, before it was noted that the increment is in the lake.
        start = json.loads((lake.folder / f"{night}.jsonl").read_text().split("\n", 1)[0])
        lake.ask(f"""lake.merge('archives', "SELECT '{start['archive']}' AS archive, {start['from']} AS change, "
            "'{start['from_checksum']}' AS checksum, false AS erase"); print('null')""")
        assert "is at change" in lake.merge(f"{night}.jsonl")
        assert before == {table: lake.rows(table) for table in before}
    lake.run("tidy", lake.root)
    assert before == {table: lake.rows(table) for table in before}


def test_what_is_gone_is_marked_and_what_is_forgotten_is_erased(lake):
    released = lake.repository / "Tests/Moving/released/dump-3"
    lake.run("merge", lake.root, released / "whole.jsonl")
    before = lake.live()
    lake.run("merge", lake.root, released / "increment-lines")
    lines = [json.loads(line) for line in (released / "increment-lines").read_text().splitlines()]
    forgotten = sum("hash" in line and line["kind"] in ("value", "history") for line in lines)
    put = {(line["key"], line["id"]) for line in lines if line["kind"] == "value" and "op" not in line}
    rows = lake.ask("print(json.dumps(lake.engine.execute('SELECT count(*), count(*) FILTER (gone) FROM versions').fetchone()))")
    assert rows[0] == len(before) - forgotten + len(put) and forgotten > 3


def test_gaps_and_parts_are_refused(lake):
    archive = lake.archive("a", 10)
    last = lake.export(archive, "0.jsonl")["change"]
    lake.grow(archive, 11)
    last = lake.export(archive, "1.jsonl", "--after-change", last)["change"]
    lake.grow(archive, 12)
    lake.export(archive, "2.jsonl", "--after-change", last)
    assert "merge what lies between" in lake.merge("1.jsonl", status=2)
    lake.merge("0.jsonl")
    assert "begins after change" in lake.merge("2.jsonl", status=2)
    lake.export(archive, "part.jsonl", "--prefix", "a")
    assert "of a part of an archive" in lake.merge("part.jsonl", status=2)
    lines = (lake.folder / "1.jsonl").read_text().splitlines(keepends=True)
    (lake.folder / "cut.jsonl").write_text("".join(lines[:1] + lines[2:]))
    assert "lacks lines" in lake.merge("cut.jsonl", status=2)
    lake.merge("1.jsonl", "2.jsonl")


def test_an_archive_that_was_restored_takes_its_own_place(lake):
    archive = lake.archive("a", 40)
    lake.export(archive, "early.jsonl")
    lake.grow(archive, 41)
    lake.export(archive, "late.jsonl")
    lake.merge("late.jsonl")
    assert "was restored from a backup since" in lake.merge("early.jsonl")
    assert lake.live() == exported(lake.folder / "late.jsonl")
    lake.merge("early.jsonl", flags=["--restored"])
    assert lake.live() == exported(lake.folder / "early.jsonl")
    # From there on increments lead on.
    last = str(json.loads((lake.folder / "early.jsonl").read_text().split("\n", 1)[0])["change"])
    lake.export(archive, "next.jsonl", "--after-change", last)
    lake.merge("next.jsonl")
    assert lake.live() == exported(lake.folder / "late.jsonl")


def answers(lake):
    """The settings for every question, from what is in the lake."""
    key, identity, month = lake.ask("""print(json.dumps(lake.engine.execute('''
        SELECT lower(hex(key)), lower(hex(id)), substr(month, 2) FROM by_signer
        ORDER BY key, version DESC LIMIT 1''').fetchone()))""")
    return {
        "everything_under_a_key": [f"key={key}"], "published_in_a_month": [f"id={identity}", f"month={month}"],
        "in_fewer_than_two_archives": [], "equivocations": [], "growth_per_day": [], "largest_publishers": []}


@pytest.fixture
def union(lake):
    """A lake of three archives that overlap, two of which contradict each other."""
    for name, count in (("a", 60), ("b", 40), ("c", 20)):
        lake.export(lake.archive(name, count), f"{name}.jsonl")
    # The same version by the same signer with other data: the first one's entry, altered in the lines of one archive.
    lines = (lake.folder / "b.jsonl").read_text().splitlines()
    place = next(n for n, line in enumerate(lines) if '"kind":"value"' in line and '"class":"signed"' in line)
    item = json.loads(lines[place])
    lines[place] = lines[place].replace(item["entry"], item["entry"][:6] + "ff" + item["entry"][8:])
    (lake.folder / "b.jsonl").write_text("\n".join(lines) + "\n")
    lake.equivocation = {"key": item["key"], "id": item["id"], "version": str(item["version"])}
    lake.merge("a.jsonl", "b.jsonl", "c.jsonl")
    return lake


def test_every_question_has_an_answer(union):
    lake, found = union, {}
    for question, settings in answers(union).items():
        found[question] = lake.query(question, *settings)
    assert found.keys() == {path.stem for path in (lake.repository / "tools/lake/sql").glob("*.sql")}
    assert [{name: row[name] for name in lake.equivocation} for row in found.pop("equivocations")] == [lake.equivocation]
    assert all(found.values())
    assert sum(int(row["versions"]) for row in found["growth_per_day"]) == len(lake.live())
    single = {(row["key"], row["id"]) for row in found["in_fewer_than_two_archives"]}
    whole = [{(row[2], row[3]) for row in exported(lake.folder / f"{name}.jsonl")} for name in "abc"]
    assert {pair for pair in single if sum(pair in one for one in whole) == 1} and single
    berlin = lake.query("growth_per_day", environment={"TZ": "Europe/Berlin"})
    assert berlin == found["growth_per_day"]
    assert "needs --set key=VALUE" in lake.run("query", lake.root, "everything_under_a_key", status=2)
    assert "give 40 hexadecimal digits" in lake.run(
        "query", lake.root, "everything_under_a_key", "--set", "key=' OR true", status=2)


SPARK = """
import json, pathlib, sys
sys.path.insert(0, sys.argv[1])
from pyspark.sql import SparkSession
import decimal, datetime
wanted = json.load(sys.stdin)
spark = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    .config("spark.sql.session.timeZone", "Europe/Berlin").config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false").getOrCreate())
for name, (root, files) in wanted["tables"].items():
    spark.read.option("basePath", root).parquet(*files).createOrReplaceTempView(name)
def plain(value):
    if value is None: return ""
    if isinstance(value, datetime.datetime): return value.timestamp()
    return str(value)
answers = {}
for question, statements in wanted["questions"].items():
    for statement in statements:
        rows = spark.sql(statement).collect()
    answers[question] = [[plain(value) for value in row] for row in rows]
types = dict(spark.table("versions").dtypes)
print(json.dumps({"answers": answers, "types": types}))
"""


@pytest.mark.timeout(900)
def test_spark_gives_the_same_answers(union, repository):
    python = repository / ".venv/spark/bin/python"
    if not python.exists():
        pytest.skip("tools/setup --spark installs Spark")
    questions = answers(union)
    asked = union.ask(f"""from lake import statements
import datetime
questions = {questions!r}
def plain(value):
    if value is None: return ""
    if isinstance(value, datetime.datetime): return value.timestamp()
    return str(value)
texts = {{name: statements(name, dict(text.split("=") for text in settings)) for name, settings in questions.items()}}
ours = {{}}
for name, text in texts.items():
    for statement in text: answer = lake.engine.execute(statement)
    ours[name] = [[plain(value) for value in row] for row in answer.fetchall()]
names = ("versions", "by_signer", "signers", "operator")
print(json.dumps({{"questions": texts, "ours": ours, "tables": {{
    name: (str(lake.folder / name), lake.files(name)) for name in names}}}}))""")
    done = subprocess.run(
        [python, "-c", SPARK, str(repository)], input=json.dumps(asked), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["answers"] == asked["ours"]
    names = {"VARCHAR": "string", "BLOB": "binary", "BIGINT": "bigint", "BOOLEAN": "boolean"}
    assert found["types"] == {name: names.get(kind, "timestamp") for name, kind in TYPES.items()}
