"""Makes the disk that a power cut leaves behind, from the log that `faults.c` writes."""

import os
import struct

SECTOR = 512
HEAD = struct.Struct("=BIQQ")
NOTHING = bytes(SECTOR)


def records(path):
    """The log's whole records: (kind, file, offset, bytes)."""
    with open(path, "rb") as file:
        log = file.read()
    at = 0
    while at + HEAD.size <= len(log):
        kind, number, offset, length = HEAD.unpack_from(log, at)
        at += HEAD.size
        if at + length > len(log):
            return
        yield chr(kind), number, offset, log[at:at + length]
        at += length


class File:
    """
    One file: what the program sees of it, and what is certain to be on the disk.

    A sector that was written since the last sync may be on the disk in any of the states that it had since then, and
    so may the length. What a failed sync left behind is never written again by a later one: the system takes those
    pages for clean.
    """

    def __init__(self):
        self.seen, self.sure = {}, {}
        self.seen_length = self.sure_length = 0
        # The states of a sector since the last sync, each with the number of the write that made it.
        self.states, self.lengths = {}, []
        self.write_count = 0

    @staticmethod
    def load(path):
        """A file that is on the disk as a whole; holes are passed over."""
        file = File()
        file.seen_length = file.sure_length = os.path.getsize(path)
        descriptor = os.open(path, os.O_RDONLY)
        try:
            at = 0
            while at < file.sure_length:
                try:
                    at = os.lseek(descriptor, at, os.SEEK_DATA) // SECTOR * SECTOR
                except OSError:
                    break
                end = os.lseek(descriptor, at, os.SEEK_HOLE)
                data = os.pread(descriptor, end - at, at)
                for place in range(0, len(data), SECTOR):
                    if sector := data[place:place + SECTOR].ljust(SECTOR, b"\0"):
                        file.sure[(at + place) // SECTOR] = sector
                at = end
        finally:
            os.close(descriptor)
        file.seen = dict(file.sure)
        return file

    def write(self, offset, data, through=False):
        self.write_count += 1
        place = 0
        while place < len(data):
            number, within = divmod(offset + place, SECTOR)
            part = data[place:place + SECTOR - within]
            old = self.seen.get(number, NOTHING)
            self.seen[number] = old[:within] + part + old[within + len(part):]
            self._changed(number)
            if through:
                self.sure[number] = self.seen[number]
                del self.states[number]
            place += len(part)
        self._set_length(max(self.seen_length, offset + len(data)))
        if through:
            self.sure_length = self.seen_length

    def truncate(self, length):
        self.write_count += 1
        for number in [number for number in self.seen if number * SECTOR >= length]:
            self.seen[number] = NOTHING
            self._changed(number)
        self._set_length(length)

    def sync(self):
        for number in self.states:
            self.sure[number] = self.seen[number]
        self.sure_length = self.seen_length
        self._forget_states()

    def fail_sync(self, dice):
        self.sure, self.sure_length = self.after_cut(dice)
        self._forget_states()

    def after_cut(self, dice):
        """What may be on the disk: (sectors, length)."""
        choose = dice.choice((self._none, self._all, self._any_state, self._some_writes, self._first_writes))
        sectors = dict(self.sure)
        pick = choose(dice)
        for number, states in self.states.items():
            sectors[number] = pick(number, states)
        length = dice.choice([self.sure_length, *self.lengths]) if choose != self._all else self.seen_length
        return sectors, length

    def _none(self, _):
        return lambda number, states: self.sure.get(number, NOTHING)

    def _all(self, _):
        return lambda number, states: states[-1][1]

    def _any_state(self, dice):
        return lambda number, states: dice.choice([self.sure.get(number, NOTHING)] + [state for _, state in states])

    def _some_writes(self, dice):
        """Whole writes, in another order than they were made in."""
        share, salt = dice.random(), dice.getrandbits(64)
        return self._those(lambda write: hash((salt, write)) % 1000 < 1000 * share)

    def _first_writes(self, dice):
        """The writes up to one of them, which is torn at sectors."""
        writes = sorted({write for states in self.states.values() for write, _ in states}) or [0]
        last = dice.choice(writes)
        return self._those(lambda write: write < last or (write == last and dice.random() < 0.5))

    def _those(self, is_written):
        def pick(number, states):
            written = [state for write, state in states if is_written(write)]
            return written[-1] if written else self.sure.get(number, NOTHING)
        return pick

    def _changed(self, number):
        self.states.setdefault(number, []).append((self.write_count, self.seen[number]))

    def _set_length(self, length):
        if length != self.seen_length:
            self.seen_length = length
            self.lengths.append(length)

    def _forget_states(self):
        self.states, self.lengths = {}, []


class Disk:
    """A folder on a disk, which follows a log and can be cut off from power at any record of it."""

    def __init__(self, folder):
        self.files = {}
        self.names = {}
        # Changes of names since the folder was last synced.
        self.renamings = []
        self._start = {name: File.load(os.path.join(folder, name)) for name in os.listdir(folder)}
        self._sure_names = dict(self._start)
        self.names = dict(self._start)
        self.output = bytearray()

    def play(self, record, dice):
        kind, number, offset, data = record
        if kind == "A":
            self.output += data
        elif kind == "F":
            self.files[number] = self.names[data.decode()]
        elif kind == "C":
            self.files[number] = File()
            self._rename(data.decode(), self.files[number])
        elif kind == "U":
            self._rename(data.decode(), None)
        elif kind == "R":
            old, new = data.decode().split("/")
            file = self.names[old]
            self._rename(new, file, old)
        elif kind == "L":
            old, new = data.decode().split("/")
            self._rename(new, self.names[old])
        elif kind == "N":
            self._sure_names, self.renamings = dict(self.names), []
        elif kind in "WD":
            self.files[number].write(offset, data, through=kind == "D")
        elif kind == "T":
            self.files[number].truncate(offset)
        elif kind == "S":
            self.files[number].sync()
        elif kind == "E":
            pass
        elif kind == "X":
            self.files[number].fail_sync(dice)
        else:
            raise ValueError(f"a record of kind {kind}")

    def cut(self, folder, dice):
        """Writes into an empty folder what is on the disk once the power is back."""
        names = dict(self._sure_names)
        for change in self.renamings[:dice.randint(0, len(self.renamings))]:
            apply(names, *change)
        for name, file in names.items():
            sectors, length = file.after_cut(dice)
            with open(os.path.join(folder, name), "wb") as out:
                for number in sorted(sectors):
                    if number * SECTOR < length and sectors[number] != NOTHING:
                        out.seek(number * SECTOR)
                        out.write(sectors[number])
                out.truncate(length)

    def _rename(self, name, file, old=None):
        change = (name, file, old)
        apply(self.names, *change)
        self.renamings.append(change)


def apply(names, name, file, old):
    """Gives a name to a file, takes another one away from it, or (file None) takes a name away."""
    if old is not None:
        names.pop(old, None)
    if file is None:
        names.pop(name, None)
    else:
        names[name] = file
