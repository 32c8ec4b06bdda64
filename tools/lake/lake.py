#!/usr/bin/env python3
"""
Turns exports of archives into typed tables that DuckDB, Spark and others query.

    lake.py merge ./lake base.jsonl increment.jsonl    exports of `bristlecone-dump export --format jsonl`, in order
    lake.py query ./lake growth_per_day                a question in tools/lake/sql; --set NAME=VALUE for its ${NAME}
    lake.py files ./lake versions                      the Parquet files of a table, for other engines
    lake.py tidy ./lake                                joins small files, and deletes those that are no longer used

docs/lake.md describes the tables. Run it with the Python of .venv/lake, which tools/setup --lake makes.
"""

import argparse
import csv
import pathlib
import re
import string
import sys

from tables import TABLES, Lake, quoted, writing

SQL = pathlib.Path(__file__).with_name("sql")
LINES = {
    "kind": "VARCHAR", "key": "VARCHAR", "class": "VARCHAR", "id": "VARCHAR", "number": "BIGINT", "version": "BIGINT",
    "public_key": "VARCHAR", "first_seen": "TIMESTAMPTZ", "last_stored": "TIMESTAMPTZ", "expires_at": "TIMESTAMPTZ",
    "replaced_at": "TIMESTAMPTZ", "noted_at": "TIMESTAMPTZ", "since": "TIMESTAMPTZ", "published_at": "TIMESTAMPTZ",
    "withdrawn_at": "TIMESTAMPTZ", "published_here": "BOOLEAN", "withdrawn": "BOOLEAN", "sender": "VARCHAR",
    "sender_address": "VARCHAR", "entry": "VARCHAR", "offered": "VARCHAR", "op": "VARCHAR", "hash": "VARCHAR",
    "prefix": "VARCHAR", "salvaged": "BOOLEAN", "archive": "VARCHAR", "change": "BIGINT", "checksum": "VARCHAR",
    "from": "BIGINT", "from_checksum": "VARCHAR", "leaves": "BIGINT", "left_out": "BIGINT"}
# What a question may be about: a key, an identity, a month, a number.
VALUE = re.compile(r"[0-9a-fA-F]{40}|\d{4}-\d{2}|\d{1,9}")


class Failure(Exception):
    """A sentence for the person who called the tool."""


def main():
    """Runs the command that the arguments name."""
    whole = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    for name, run, more in (
            ("merge", run_merge, [
                ("exports", {"nargs": "+", "type": pathlib.Path}),
                ("--restored", {"action": "store_true", "help": "the archive was restored from a backup: take whole exports of it "
                                "although the lake is at a later change"})]),
            ("query", run_query, [("question", {}), ("--set", {"action": "append", "default": [], "metavar": "NAME=VALUE"})]),
            ("files", run_files, [("table", {"choices": list(TABLES)})]), ("tidy", run_tidy, [])):
        command = commands.add_parser(name)
        command.add_argument("lake", type=pathlib.Path)
        for argument, options in more:
            command.add_argument(argument, **options)
        command.set_defaults(run=run)
    arguments = whole.parse_args()
    try:
        arguments.run(arguments)
    except Failure as failure:
        print(f"lake: {failure}", file=sys.stderr)
        return 2
    return 0


def run_merge(arguments):
    """Merges exports, one after the other."""
    lake = Lake(arguments.lake)
    for export in arguments.exports:
        print(merge(lake, export, arguments.restored))


def run_query(arguments):
    """Prints the answer as CSV."""
    names = sorted(path.stem for path in SQL.glob("*.sql"))
    if arguments.question not in names:
        raise Failure(f"there is no question {arguments.question}; there are {', '.join(names)}.")
    settings = dict(text.partition("=")[::2] for text in arguments.set)
    lake = Lake(arguments.lake)
    for statement in statements(arguments.question, settings):
        answer = lake.engine.execute(statement)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(column[0] for column in answer.description)
    while rows := answer.fetchmany(10_000):
        writer.writerows(rows)


def statements(question, settings):
    """The statements of a question, with its settings in their places."""
    for name, value in settings.items():
        if not VALUE.fullmatch(value):
            raise Failure(f"{name} is {value}; give 40 hexadecimal digits, a month such as 2026-03, or a number.")
    try:
        text = string.Template((SQL / f"{question}.sql").read_text()).substitute(settings)
    except KeyError as error:
        raise Failure(f"{question} needs --set {error.args[0]}=VALUE.") from None
    text = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    return [statement for part in text.split(";") if (statement := part.strip())]


def run_files(arguments):
    """Prints the files of a table."""
    print("\n".join(Lake(arguments.lake).files(arguments.table)))


def run_tidy(arguments):
    """Compacts all tables, and deletes what they were before, with what was forgotten since."""
    lake = Lake(arguments.lake)
    for name in TABLES:
        table = lake.table(name)
        table.optimize.compact(writer_properties=writing(name))
        table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)


# Merging


def merge(lake, export, is_restored):
    """Brings the lake to where an export ends. What it says of the archive is noted last, so a repetition is harmless."""
    engine = lake.engine
    columns = ", ".join(f'"{name}": {quoted(kind)}' for name, kind in LINES.items())
    engine.execute(f"""CREATE OR REPLACE TEMP TABLE lines AS SELECT * FROM read_json(
        {quoted(str(export))}, format = 'newline_delimited', columns = {{{columns}}})""")
    archive, change, checksum, start, start_checksum = header_of(engine, export)
    known = engine.execute("SELECT change, checksum FROM archives WHERE archive = ?", [archive]).fetchone()
    if known and known[0] >= change and not (is_restored and start is None):
        if known[0] == change and known[1] != checksum:
            raise Failure(f"{export} has another change {change} than the lake; merge a whole export with --restored.")
        return f"{export}: the lake has change {known[0]} of archive {archive} already" + (
            "." if known[0] == change else
            "; if the archive was restored from a backup since, merge a whole export with --restored.")
    if start is not None and known != (start, start_checksum):
        place = f"at change {known[0]}" if known else "without that archive"
        raise Failure(f"{export} begins after change {start}, and the lake is {place}; merge what lies between, or a whole export.")
    engine.execute(f"""CREATE OR REPLACE TEMP TABLE fresh AS SELECT {quoted(archive)} AS archive, 'x' || key[1] AS part,
        unhex(key) AS key, unhex(id) AS id, class, coalesce(version, 0) AS version, unhex(entry) AS entry, first_seen,
        last_stored, expires_at, replaced_at, number, published_here, coalesce(withdrawn, false) AS withdrawn,
        unhex(sender) AS sender, sender_address, {change} AS change, false AS gone
        FROM lines WHERE kind IN ('value', 'history') AND op IS NULL""")
    engine.execute(f"""CREATE OR REPLACE TEMP TABLE decided AS SELECT {quoted(archive)} AS archive, kind,
        coalesce(unhex(key), ''::BLOB) AS key, coalesce(unhex(id), ''::BLOB) AS id, class, coalesce(version, 0) AS version,
        coalesce(since, noted_at, published_at) AS since, withdrawn_at, unhex(entry) AS entry, unhex(offered) AS offered,
        {change} AS change, op IS NOT NULL AS gone
        FROM lines WHERE kind NOT IN ('header', 'end', 'value', 'history') AND hash IS NULL""")
    (merge_whole if start is None else merge_increment)(lake, archive, change)
    lake.merge("archives", f"SELECT {quoted(archive)} AS archive, {change} AS change, {quoted(checksum)} AS checksum, false AS erase")
    return f"{export}: the lake is at change {change} of archive {archive}."


def header_of(engine, export):
    """The archive, its change, and where an increment begins; only of an export that is whole."""
    header = engine.execute("""SELECT archive, change, checksum, "from", from_checksum, since, prefix, salvaged
        FROM lines WHERE kind = 'header'""").fetchone()
    if header is None or header[0] is None:
        raise Failure(f"{export} does not name its archive; export with --format jsonl from a program with dump format 3.")
    if any(part is not None for part in header[5:]):
        raise Failure(f"{export} is of a part of an archive; export without --since and --prefix.")
    end = engine.execute("SELECT leaves, left_out, (SELECT count(*) FROM lines) FROM lines WHERE kind = 'end'").fetchone()
    if end is None or end[0] != end[2]:
        raise Failure(f"{export} is cut off or lacks lines; export again.")
    if end[1]:
        raise Failure(f"{export} lacks damaged records; run `bristlecone-dump verify`, and export again.")
    return header[:5]


OF_A_SIGNER = """SELECT 'm' || strftime(first_seen AT TIME ZONE 'UTC', '%Y-%m') AS month, id, version, key, archive{more}
    FROM {rows} WHERE class <> 'unsigned'"""


def merge_whole(lake, archive, change):
    """The rows of a whole export take the place of the lake's; what it does not have is gone."""
    of_it = f"o.archive = {quoted(archive)}"
    lake.engine.execute(f"""CREATE OR REPLACE TEMP TABLE wanted AS SELECT * FROM fresh UNION ALL
        SELECT o.* REPLACE (true AS gone, CASE WHEN gone THEN change ELSE {change} END AS change)
        FROM versions o ANTI JOIN fresh USING (key, id, version) WHERE {of_it}
        AND o.key NOT IN (SELECT key FROM decided WHERE kind = 'block')
        AND o.id NOT IN (SELECT id FROM decided WHERE kind = 'block')""")
    lake.replace("versions", archive, "SELECT * FROM wanted")
    lake.replace("by_signer", archive, OF_A_SIGNER.format(more="", rows="wanted"))
    lake.replace("operator", archive, f"""SELECT * FROM decided UNION ALL
        SELECT o.* REPLACE (true AS gone, CASE WHEN gone THEN change ELSE {change} END AS change)
        FROM operator o ANTI JOIN decided USING (kind, key, id) WHERE {of_it}""")
    add_signers(lake)


def merge_increment(lake, archive, change):
    """Adds and updates the rows of an increment, marks what is gone, and erases what was forgotten."""
    engine, of_it = lake.engine, f"o.archive = {quoted(archive)}"
    engine.execute(f"""CREATE OR REPLACE TEMP TABLE old AS SELECT o.* FROM versions o
        ANTI JOIN fresh USING (key, id, version) WHERE {of_it}""")
    class_byte = "CASE class WHEN 'owner' THEN '\\x01' WHEN 'signed' THEN '\\x02' ELSE '\\x03' END::BLOB"
    engine.execute(f"""CREATE OR REPLACE TEMP TABLE forgotten AS
        SELECT DISTINCT key, id FROM old WHERE sha256(CASE WHEN number IS NULL THEN '\\x04'::BLOB || key || {class_byte} || id
            ELSE '\\x03'::BLOB || key || id || unhex(printf('%016x', number)) END)
            IN (SELECT hash FROM lines WHERE kind IN ('value', 'history') AND hash IS NOT NULL)
        UNION SELECT DISTINCT old.key, old.id FROM old, decided d WHERE kind = 'block' AND NOT d.gone
            AND (d.key = old.key OR d.id = old.id)""")
    engine.execute(f"""CREATE OR REPLACE TEMP TABLE wanted AS SELECT *, false AS erase FROM fresh
        UNION ALL SELECT old.*, true FROM old SEMI JOIN forgotten USING (key, id)
        UNION ALL SELECT old.* REPLACE (true AS gone, {change} AS change), false FROM old ANTI JOIN forgotten USING (key, id)
        WHERE NOT gone AND (number IS NULL AND (key, id) IN (SELECT (unhex(key), unhex(id)) FROM lines WHERE kind = 'value' AND hash IS NULL)
            OR (key, id, number) IN (
                SELECT (unhex(key), unhex(id), number) FROM lines WHERE kind = 'history' AND op = 'gone' AND hash IS NULL))""")
    lake.merge("versions", "SELECT * FROM wanted", archive)
    lake.merge("by_signer", OF_A_SIGNER.format(more=", erase", rows="wanted"), archive)
    subject = "CASE WHEN key = ''::BLOB THEN '\\x02'::BLOB || id ELSE '\\x01'::BLOB || key END"
    lake.merge("operator", f"""SELECT *, false AS erase FROM decided WHERE NOT gone
        UNION ALL SELECT o.* REPLACE (true AS gone, {change} AS change), false FROM operator o SEMI JOIN
            (SELECT * FROM decided WHERE gone) d USING (kind, key, id) WHERE {of_it} AND NOT o.gone
        UNION ALL SELECT o.*, true FROM operator o ANTI JOIN decided USING (kind, key, id) WHERE {of_it} AND sha256(
            CASE kind WHEN 'pin' THEN '\\x01'::BLOB || {subject} WHEN 'floor' THEN '\\x02'::BLOB || key || id
            WHEN 'evidence' THEN '\\x05'::BLOB || key || id WHEN 'publication' THEN '\\x06'::BLOB || key || {class_byte} || id
            ELSE '\\x07'::BLOB || {subject} END) IN (SELECT hash FROM lines WHERE hash IS NOT NULL)""", archive)
    add_signers(lake)


def add_signers(lake):
    """Adds the public keys that the lake does not know."""
    lake.add("signers", """SELECT DISTINCT unhex(id) AS id, unhex(public_key) AS public_key FROM lines
        WHERE public_key IS NOT NULL AND unhex(id) NOT IN (SELECT id FROM signers)""")


if __name__ == "__main__":
    sys.exit(main())
