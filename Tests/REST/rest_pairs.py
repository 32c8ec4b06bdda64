"""The recorded requests to py-ipv8's REST interface, and how an answer compares with the recorded one."""

import json
import pathlib
import re

RECORDING = json.loads((pathlib.Path(__file__).parent / "pairs.json").read_text(encoding="utf-8"))
PAIRS = RECORDING["pairs"]

# What our answers have beyond the reference's.
EXTRA_MEMBERS = {"acknowledged"}

NAMED_BY_DATA = re.compile(r"[0-9a-f]{40}|[A-Za-z0-9+/]{27}=|\d+:\w+")


def pairs_of(setup):
    """The pairs of a setup, in the order in which they are to be replayed."""
    return [pair for pair in PAIRS if pair["setup"] == setup]


def request_of(pair, renamed):
    """The arguments of `Client.ask`; `renamed` has what stands in the place of recorded identities and keys."""
    request = pair["request"]
    path, headers = request["path"], dict(request.get("headers", {}))
    for recorded, ours in renamed.items():
        path = path.replace(recorded, ours)
        headers = {name: value.replace(recorded, ours) for name, value in headers.items()}
    body = request.get("body")
    if isinstance(body, dict):
        body = body["prefix"] + body["repeat"] * body["times"] + body["suffix"]
    return (request["method"], path, headers, body)


def difference(pair, answer):
    """In what an answer differs from the recorded one, as a sentence; None where it does not."""
    recorded = pair["response"]
    if answer.status != recorded["status"]:
        return f"the status is {answer.status} instead of {recorded['status']}: {answer}"
    if answer.content_type != recorded["headers"]["Content-Type"]:
        return f"the content type is {answer.content_type!r}: {answer}"
    if pair["compare"] == "status" or pair["request"]["method"] == "HEAD":
        return None
    body = answer.json()
    if json.dumps(body) != answer.text:
        return f"the body is not spelled as Python spells it: {answer}"
    if pair["compare"] == "exact":
        return None if without_extras(body) == recorded["body"] else f"the body is {answer.text}"
    return shape_difference(recorded["body"], body, "body")


def without_extras(body):
    """A body without the members that ours has beyond the reference's."""
    if isinstance(body, dict):
        return {name: value for name, value in body.items() if name not in EXTRA_MEMBERS}
    return body


def shape_difference(recorded, ours, place):
    """In what the shapes of two bodies differ; None where they do not. Further members are no difference."""
    if kind_of(recorded) != kind_of(ours):
        return f"{place} is {kind_of(ours)} instead of {kind_of(recorded)}"
    if isinstance(recorded, list) and recorded:
        return any_of(recorded, ours, place)
    if isinstance(recorded, dict):
        if recorded and all(NAMED_BY_DATA.fullmatch(name) for name in recorded):
            return any_of(list(recorded.values()), list(ours.values()), place)
        missing = [name for name in recorded if name not in ours]
        if missing:
            return f"{place} lacks {', '.join(missing)}"
        if "error" in ours and "error" not in recorded:
            return f"{place} has a member error"
        differences = (shape_difference(value, ours[name], f"{place}.{name}") for name, value in recorded.items())
        return next(filter(None, differences), None)
    return None


def any_of(recorded, ours, place):
    """Each of our elements has to have the shape of one of the recorded ones."""
    for number, value in enumerate(ours):
        differences = [shape_difference(element, value, f"{place}[{number}]") for element in recorded]
        if all(differences):
            return differences[0]
    return None


def kind_of(value):
    """The JSON type of a value."""
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, (int, float)):
        return "a number"
    return {str: "a string", list: "a list", dict: "an object", type(None): "null"}[type(value)]
