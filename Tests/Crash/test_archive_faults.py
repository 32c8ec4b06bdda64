"""Power cuts, failing disks and damage under the archive alone: a quick part of what the scripts beside this do."""

import collections
import os
import random
import subprocess
import sys

import damage_archive
import fault_archive
import kill_archive
import pytest
from faults import power
from harness.folder import fingerprint
from smalldisk import SmallDisk

SEEDS = 6
SEEDS_FULL = 300
CASES = 60
CASES_FULL = 1000


@pytest.fixture(scope="session")
def sound(writer, tmp_path_factory):
    """An archive that is whole."""
    return damage_archive.Sound(writer, str(tmp_path_factory.mktemp("sound") / "archive"))


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 16 MiB: room for the index and its log as well."""
    disk = SmallDisk(str(tmp_path / "disk"), 16 << 20)
    yield disk
    disk.unmount()


def endure(program, folder, round_number, group=8, groups=30, environment=None):
    """Stores; the acknowledged lines and what went to standard error. It ends by itself and cleanly."""
    done = subprocess.run(
        [program, "endure", folder, str(round_number), str(group), str(groups)], capture_output=True, text=True,
        env=os.environ | (environment or {}), check=False, timeout=200)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr


# Kills

def kill(writer, rounds):
    done = subprocess.run(
        [sys.executable, kill_archive.__file__, "--rounds", str(rounds), "--program", writer], capture_output=True,
        text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)


def test_what_was_acknowledged_outlives_kills_at_random_moments(writer):
    kill(writer, 20)


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_two_hundred_kills(writer):
    kill(writer, 200)


# Power cuts and failing disks

@pytest.mark.parametrize("number", range(1, SEEDS + 1))
def test_what_was_acknowledged_outlives_power_cuts_and_failing_disks(number, writer, library):
    assert fault_archive.run_seed(number, writer, library)["cuts"] > 0


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_many_power_cuts_and_failing_disks(writer, library):
    tally = collections.Counter()
    for number in range(1000, 1000 + SEEDS_FULL):
        tally += fault_archive.run_seed(number, writer, library)
    print(dict(tally))
    # Each kind has to have happened for the test to mean something.
    for kind in ("power", "full for a while", "full for ever", "write fails: archive.mdb", "sync fails: archive.mdb",
                 "recoveries", "no index", "a damaged index", "a foreign index", "an older index", "an index ahead"):
        assert tally[kind] > 0, kind


def log_of_a_run(writer, library, folder):
    disk, log = str(folder / "disk"), str(folder / "log")
    os.makedirs(disk)
    endure(writer, disk, 1, environment={"FAULTS_FOLDER": disk, "FAULTS_LOG": log, "LD_PRELOAD": library})
    return list(power.records(log))


def faults_after_cut(writer, records, folder, dice):
    """Cuts the power behind these records; what is missing then."""
    before, after = folder / "before", folder / "after"
    before.mkdir(exist_ok=True)
    after.mkdir()
    disk = power.Disk(str(before))
    for record in records:
        disk.play(record, dice)
    disk.cut(str(after), dice)
    held = {}
    kill_archive.take(held, [line.decode() for line in bytes(disk.output).split(b"\n")[:-1]])
    return kill_archive.verify(writer, str(after), held, "rebuild")[1]


def test_a_disk_that_forgets_syncs_is_found_out(writer, library, tmp_path):
    """The tests see the loss that they look for: here, no sync has any effect."""
    records = [record for record in log_of_a_run(writer, library, tmp_path) if record[0] not in "SD"]
    found = []
    for number in range(4):
        (tmp_path / str(number)).mkdir()
        found.append(bool(faults_after_cut(writer, records, tmp_path / str(number), random.Random(number))))
    assert any(found)


def test_no_cut_while_an_archive_is_begun_leaves_one_that_does_not_open(writer, library, tmp_path):
    records = log_of_a_run(writer, library, tmp_path)
    begun = next(at for at, record in enumerate(records) if record[0] == "A")
    for moment in range(0, min(begun, 24)):
        folder = tmp_path / str(moment)
        folder.mkdir()
        assert not faults_after_cut(writer, records[:moment], folder, random.Random(moment))


def test_the_archive_s_name_is_on_the_disk_before_anything_is_acknowledged(writer, library, tmp_path):
    records = log_of_a_run(writer, library, tmp_path)
    kinds = [record[0] for record in records]
    named = next(at for at, record in enumerate(records) if record[0] == "R" and record[3].endswith(b"/archive.mdb"))
    assert "N" in kinds[named:kinds.index("A")]
    index = next((at for at, record in enumerate(records) if record[0] == "C" and record[3] == b"index.sqlite"))
    assert "N" in kinds[named:index], "it does not lean on what SQLite syncs"


# Damage

def test_damage_is_reported_and_ends_no_process(writer, sound):
    check_damage(writer, sound, range(1, CASES + 1))


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_a_thousand_cases_of_damage(writer, sound):
    tally = check_damage(writer, sound, range(10_000, 10_000 + CASES_FULL))
    assert set(tally) == set(damage_archive.RIGHT), tally


def check_damage(writer, sound, numbers):
    tally, wrong = collections.Counter(), []
    for number in numbers:
        done, came, why = damage_archive.run_case(number, writer, sound, unchecked=False)
        tally[came] += 1
        if came not in damage_archive.RIGHT:
            wrong.append(f"{done}: {came} ({why})\n    Tests/Crash/damage_archive.py --first {number} --cases 1")
    print(dict(tally))
    assert not wrong, "\n".join(wrong)
    return tally


# A disk that is full, or read-only, for real

def check_held(writer, folder, lines, index="rebuild"):
    held = {}
    kill_archive.take(held, lines)
    assert held
    assert kill_archive.verify(writer, folder, held, index)[1] == []


def test_a_full_disk_refuses_loses_nothing_and_recovers(writer, small_disk):
    folder = os.path.join(small_disk.folder, "archive")
    os.makedirs(folder)
    lines, _ = endure(writer, folder, 1)
    small_disk.fill()
    while_full, said = endure(writer, folder, 2)
    assert len(while_full) < len(lines) / 2
    for sentence in said.splitlines():
        fault_archive.check_sentence(sentence)
    check_held(writer, folder, lines + while_full, index="unusable")
    small_disk.make_room()
    later, _ = endure(writer, folder, 3)
    assert len(later) > len(lines) / 2
    check_held(writer, folder, lines + while_full + later)


def test_an_archive_opens_on_a_full_disk_without_its_passing_files(writer, small_disk):
    """LMDB would map a lock file with holes and be ended by SIGBUS; the archive says that the disk is full instead."""
    folder = os.path.join(small_disk.folder, "archive")
    os.makedirs(folder)
    lines, _ = endure(writer, folder, 1)
    for name in ("archive.mdb-lock", "index.sqlite-shm", "index.sqlite-wal"):
        if os.path.exists(path := os.path.join(folder, name)):
            os.remove(path)
    small_disk.fill()
    done = subprocess.run(
        [writer, "verify", folder], input="", capture_output=True, text=True, check=False, timeout=200)
    assert (done.returncode, done.stderr.strip()) == (
        2, f"The disk that holds {folder}/archive.mdb is full: make room, stores are taken again as soon as there is "
        "some.")
    small_disk.make_room()
    check_held(writer, folder, lines)


def test_a_read_only_disk_is_refused_in_one_sentence_and_left_alone(writer, small_disk):
    folder = os.path.join(small_disk.folder, "archive")
    os.makedirs(folder)
    lines, _ = endure(writer, folder, 1)
    before = fingerprint(folder)
    small_disk.make_read_only()
    done = subprocess.run(
        [writer, "verify", folder], input="", capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "Read-only file system" in done.stderr
    fault_archive.check_sentence(done.stderr.strip())
    assert fingerprint(folder) == before
    small_disk.make_writable()
    check_held(writer, folder, lines)
