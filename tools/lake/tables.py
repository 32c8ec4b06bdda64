"""The tables of a lake: their columns, and writing and reading them with Delta Lake and DuckDB."""

from typing import NamedTuple

import deltalake
import duckdb
import pyarrow as pa

# Reading a single row reads its whole group.
ROWS_OF_A_GROUP = 20_000
INSTANT = pa.timestamp("us", tz="UTC")


class Layout(NamedTuple):
    """What a table has, what its files are split by, what names a row, and the order of the rows."""

    columns: pa.Schema
    partition: list
    key: list


def layout(columns, partition, key, required):
    """A table of these columns, the key's and the required ones of which are never null."""
    never = {*key, *partition, *required}
    return Layout(pa.schema([pa.field(name, kind, name not in never) for name, kind in columns]), partition, key)


TABLES = {
    "versions": layout([
        ("archive", pa.string()), ("part", pa.string()), ("key", pa.binary()), ("id", pa.binary()),
        ("class", pa.string()), ("version", pa.int64()), ("entry", pa.binary()), ("first_seen", INSTANT),
        ("last_stored", INSTANT), ("expires_at", INSTANT), ("replaced_at", INSTANT), ("number", pa.int64()),
        ("published_here", pa.bool_()), ("withdrawn", pa.bool_()), ("sender", pa.binary()),
        ("sender_address", pa.string()), ("change", pa.int64()), ("gone", pa.bool_()),
    ], ["archive", "part"], ["key", "id", "version"], ["class", "change", "gone"]),
    "by_signer": layout([
        ("month", pa.string()), ("id", pa.binary()), ("version", pa.int64()), ("key", pa.binary()),
        ("archive", pa.string()),
    ], ["month"], ["id", "version", "key", "archive"], []),
    "signers": layout([("id", pa.binary()), ("public_key", pa.binary())], [], ["id"], ["public_key"]),
    "operator": layout([
        ("archive", pa.string()), ("kind", pa.string()), ("key", pa.binary()), ("id", pa.binary()),
        ("class", pa.string()), ("version", pa.int64()), ("since", INSTANT), ("withdrawn_at", INSTANT),
        ("entry", pa.binary()), ("offered", pa.binary()), ("change", pa.int64()), ("gone", pa.bool_()),
    ], ["archive"], ["kind", "key", "id"], ["version", "change", "gone"]),
    "archives": layout(
        [("archive", pa.string()), ("change", pa.int64()), ("checksum", pa.string())], [], ["archive"],
        ["change", "checksum"]),
}


class Lake:
    """A folder with a Delta table in each of its folders, and a DuckDB that sees them as views."""

    def __init__(self, folder):
        self.folder = folder
        self.engine = duckdb.connect()
        self.engine.execute("SET TimeZone = 'UTC'")
        for name in TABLES:
            self.show(name)

    def table(self, name):
        """The Delta table, which is made if it is missing."""
        place, made = self.folder / name, TABLES[name]
        if not deltalake.DeltaTable.is_deltatable(str(place)):
            return deltalake.DeltaTable.create(
                str(place), schema=made.columns, partition_by=made.partition or None, name=name)
        return deltalake.DeltaTable(str(place))

    def files(self, name):
        """The files that the table consists of now; others in its folder are older."""
        return sorted(self.table(name).file_uris())

    def show(self, name):
        """Makes the view of a table anew, after the table has changed."""
        columns = ", ".join(
            f'NULL::{duckdb_type(field.type)} AS "{field.name}"' for field in TABLES[name].columns)
        nothing = f"SELECT {columns} WHERE false"
        names = ", ".join(f'"{field.name}"' for field in TABLES[name].columns)
        files = ", ".join(quoted(file) for file in self.files(name))
        rows = f"SELECT {names} FROM read_parquet([{files}], hive_partitioning = true, hive_types_autocast = 0)"
        self.engine.execute(f"CREATE OR REPLACE VIEW {name} AS {rows if files else nothing}")

    def replace(self, name, archive, query):
        """Replaces all rows of an archive."""
        self._write(name, query, mode="overwrite", predicate=f"archive = {quoted(archive)}")

    def add(self, name, query):
        """Adds rows whose keys the table does not have."""
        self._write(name, query, mode="append")

    def _write(self, name, query, **how):
        made = TABLES[name]
        order = ", ".join([*made.partition, *made.key])
        reader = self.engine.sql(f"SELECT * FROM ({query}) ORDER BY {order}").to_arrow_reader(ROWS_OF_A_GROUP)
        batches = pa.RecordBatchReader.from_batches(made.columns, (typed(batch, made.columns) for batch in reader))
        deltalake.write_deltalake(
            self.table(name), batches, writer_properties=writing(name), **how)
        self.show(name)

    def merge(self, name, query, archive=None):
        """Adds or updates rows by their keys; those with `erase` are deleted."""
        made = TABLES[name]
        columns = made.columns.append(pa.field("erase", pa.bool_(), False))
        rows = typed(self.engine.sql(query).to_arrow_table(), columns)
        if rows.num_rows == 0:
            return
        names = [field.name for field in made.columns]
        places = [*made.partition, *(column for column in made.key if column not in made.partition)]
        if name == "by_signer":
            places.remove("month")
        same = [f't."{column}" = s."{column}"' for column in places]
        if archive is not None:
            same.append(f"t.archive = {quoted(archive)}")
        values = {f'"{column}"': f's."{column}"' for column in names}
        (self.table(name)
            .merge(rows, " AND ".join(same), source_alias="s", target_alias="t", writer_properties=writing(name))
            .when_matched_delete("s.erase")
            .when_matched_update(values)
            .when_not_matched_insert(values, "NOT s.erase")
            .execute())
        self.show(name)


def writing(name):
    """How files of a table are written: with a Bloom filter of what is asked for first, because neither threads that write together
    nor merges keep the order of rows."""
    asked_for = [name for name in TABLES[name].key if name in ("key", "id")][:1]
    filters = deltalake.BloomFilterProperties(True, fpp=0.01, ndv=ROWS_OF_A_GROUP)
    column = deltalake.ColumnProperties(bloom_filter_properties=filters)
    return deltalake.WriterProperties(
        compression="ZSTD", max_row_group_size=ROWS_OF_A_GROUP,
        column_properties=dict.fromkeys(asked_for, column))


def typed(rows, columns):
    """Rows of DuckDB with exactly the types of the table."""
    return rows.select(columns.names).cast(columns)


def duckdb_type(kind):
    """What DuckDB calls a type."""
    names = {pa.string(): "VARCHAR", pa.binary(): "BLOB", pa.int64(): "BIGINT", pa.bool_(): "BOOLEAN"}
    return names.get(kind, "TIMESTAMPTZ")


def quoted(text):
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
