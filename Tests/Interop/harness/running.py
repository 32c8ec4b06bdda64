"""Names the tests that are under way when a whole run is ended from outside."""

import signal
import time


class Running:
    """
    Knows which tests have begun and not ended, in this process or in those that it has started to run tests.

    SIGTERM, by which `tools/test` ends a run whose time is up, counts as Ctrl-C: the summary and the JUnit file are
    written, and tell what was under way.
    """

    def __init__(self):
        self._begun = {}

    def pytest_sessionstart(self, session):
        """From here on a SIGTERM is heeded."""
        signal.signal(signal.SIGTERM, leave_to_the_others if is_worker(session.config) else interrupt)

    def pytest_runtest_logstart(self, nodeid):
        """A test begins."""
        self._begun[nodeid] = time.monotonic()

    def pytest_runtest_logfinish(self, nodeid):
        """A test has ended, whatever came of it."""
        self._begun.pop(nodeid, None)

    def pytest_terminal_summary(self, terminalreporter):
        """Tells them, the one that has run longest first."""
        for nodeid, begun in sorted(self._begun.items(), key=lambda item: item[1]):
            terminalreporter.write_line(f"CUT OFF after {time.monotonic() - begun:.0f} s: {nodeid}")


def is_worker(config):
    """Whether this process runs tests for another one, which tells about them."""
    return hasattr(config, "workerinput")


def interrupt(*_):
    """What Ctrl-C does."""
    raise KeyboardInterrupt


def leave_to_the_others(*_):
    """Who hears of the signal too ends this process. Not SIG_IGN, which the programs under test would inherit."""
