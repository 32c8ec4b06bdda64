"""The program `bristlecone` as a shell would call it."""

import asyncio
import dataclasses
import json
import os

from .waiting import PATIENCE


@dataclasses.dataclass(frozen=True)
class Completed:
    """How a command ended and what it printed."""

    arguments: tuple
    status: int
    output: str
    errors: str

    def json(self):
        """What it printed, as JSON."""
        try:
            return json.loads(self.output)
        except json.JSONDecodeError as error:
            raise AssertionError(f"no JSON ({error}) from {self}") from error

    def __str__(self):
        return f"`bristlecone {' '.join(self.arguments)}`: status {self.status}\n{self.output}{self.errors}"


def clean_environment():
    """The environment without settings of Bristlecone that somebody may have in their shell."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BRISTLECONE")}


async def run_command(binary, *arguments, seconds=30.0, folder=None, user=None):
    """Runs the program to its end, within `seconds` on a machine with time to spare, and returns what came of it."""
    seconds *= PATIENCE
    process = await asyncio.create_subprocess_exec(
        binary, *arguments, cwd=folder, user=user, env=clean_environment(),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    try:
        output, errors = await asyncio.wait_for(process.communicate(), seconds)
    except asyncio.TimeoutError:
        raise AssertionError(f"`bristlecone {' '.join(arguments)}` did not end within {seconds:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Completed(tuple(arguments), process.returncode, output.decode(), errors.decode())
