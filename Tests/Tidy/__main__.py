"""Runs the house rules with nothing but Python's own library: `python3 Tests/Tidy`."""

import pathlib
import sys
import unittest

folder = pathlib.Path(__file__).resolve().parent
suite = unittest.defaultTestLoader.discover(str(folder))
result = unittest.TextTestRunner(stream=sys.stdout).run(suite)
failed = len(result.failures) + len(result.errors)
print(f"{result.testsRun - failed} passed, {failed} failed")
sys.exit(failed != 0)
