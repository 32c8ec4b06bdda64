"""Which tests follow each other in one process where several processes run them (`--numprocesses 4`)."""

from xdist.scheduler import LoadScopeScheduling

# By the places below Tests/ where they are. Those of a group are begun before the others, one by one.
GROUPS = {
    # They keep a processor busy, and one is enough.
    "archive": ("Crash/test_archive.py", "Crash/test_archive_faults.py", "Crash/test_moving_power.py"),
    # They mind how much is done in a certain time.
    "pace": (
        "Crash/test_kill.py", "Interop/test_churn.py", "Interop/test_differential.py", "Interop/test_malformed.py"),
    # They ask about archives that take a while to make, and that are to be new.
    "dump": ("Dump/",),
}


class Distribution(LoadScopeScheduling):
    """Gives a process another group, or another test that is of none, whenever it is about to have nothing left."""

    def _split_scope(self, nodeid):
        return next((group for group, places in GROUPS.items() if nodeid.startswith(places)), nodeid)
