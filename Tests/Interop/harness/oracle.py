"""What our decoder makes of packets and values, by the program `WireOracle`."""

import json
import subprocess


class Oracle:
    """Asks the program about many packets or values at once."""

    def __init__(self, program):
        self._program = program

    def packets(self, packets):
        """What each datagram reads as: its fields, or `{"refused": reason}`."""
        return self._ask("packet", packets)

    def values(self, values):
        """What each serialized value reads as."""
        return self._ask("value", values)

    def _ask(self, kind, items):
        lines = "".join(f"{kind} {item.hex()}\n" for item in items)
        completed = subprocess.run(
            [self._program], input=lines, capture_output=True, text=True, check=True, timeout=600)
        answers = [json.loads(line) for line in completed.stdout.splitlines()]
        assert len(answers) == len(items), completed.stderr
        return answers
