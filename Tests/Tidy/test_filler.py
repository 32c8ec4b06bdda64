"""Documentation that only repeats the declaration below it: an engineer reads it and learns nothing."""

import re
import unittest

from tree import ROOT, RuleTest, tracked

# Words that carry no meaning of their own.
EMPTY = set("""
    a an the this that these those it its itself one two both all any each every other another some
    of for from to in on at by with as into than and or not no if is are was be been has have had can does do
    there here them they their what which whose where when how who
""".split())
# What every initializer does.
MAKING = set("put together make create build construct initialize init new instance".split())

COMMENT = re.compile(r"^( *)/// (.*)$")
ATTRIBUTE = re.compile(r"^ *@\w+(\([^)]*\))?$")
TYPE = re.compile(r"^( *)(?:[\w@()]+ )*(?:struct|class|enum|extension|actor|protocol) ([\w.]+)")
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def stem(word):
    """A word without its ending: `servers`, `serving` and `serve` are one."""
    word = word.lower()
    for ending in ("ing", "ies", "ed", "es", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def stems(text):
    return {stem(word) for word in WORD.findall(text.replace("'s", ""))}


EMPTY_STEMS, MAKING_STEMS = {stem(word) for word in EMPTY}, {stem(word) for word in MAKING}


def declaration_below(lines, at):
    """A declaration's header from `at` on: to the brace or the value, over at most a few lines."""
    while at < len(lines) and ATTRIBUTE.match(lines[at]):
        at += 1
    header = ""
    for line in lines[at : at + 8]:
        header += line.split("//")[0] + " "
        if header.count("(") == header.count(")"):
            break
    return re.split(r"\{| = ", header)[0]


def enclosing_types(lines, at, indent):
    """The names of the types around a line. The formatter sees to it that indentation tells."""
    names = []
    for line in reversed(lines[:at]):
        if (match := TYPE.match(line)) and len(match[1]) < indent:
            names.append(match[2])
            indent = len(match[1])
    return " ".join(names)


def filler(text):
    """The one-line comments of a Swift text whose words are all in the declaration or in the types around it, as pairs
    of line number and comment. A comment with code in it names something else, and is left."""
    lines = text.splitlines()
    found = []
    for at, line in enumerate(lines):
        match = COMMENT.match(line)
        if not match or "`" in match[2] or any(COMMENT.match(near) for near in lines[max(at - 1, 0) : at] + lines[at + 1 : at + 2]):
            continue
        header = declaration_below(lines, at + 1)
        known = EMPTY_STEMS | stems(header) | stems(enclosing_types(lines, at, len(match[1])))
        if re.search(r"\binit\b", header):
            known |= MAKING_STEMS
        if stems(match[2]) <= known:
            found.append((at + 1, match[2]))
    return found


class Filler(RuleTest):
    def test_no_comment_only_repeats_the_declaration(self):
        found = []
        for path in tracked():
            name = str(path.relative_to(ROOT))
            if path.suffix == ".swift":
                found += [f"{name}:{line}: {comment}" for line, comment in filler(path.read_text(encoding="utf-8"))]
        self.assert_none(found, "delete these comments, or say what the names do not")

    def test_a_repetition_is_found(self):
        for text in (
            "/// The public key.\nlet publicKey: PublicKey",
            "struct Report {\n    /// Puts a report together.\n    init(key: Key) {}\n}",
            "struct Report {\n    /// Makes a new report.\n    @inlinable\n    public init() {}\n}",
            "struct Lookup {\n    /// The lookup's targets.\n    var target: Target\n}",
            "/// Stops serving all of them.\nfunc stopServing(\n    _ nodes: [Node]\n) {",
            "/// Its name.\nlet name: String",
        ):
            self.assertEqual(len(filler(text)), 1, text)

    def test_what_says_more_is_left(self):
        for text in (
            "/// The key that signs responses.\nlet publicKey: PublicKey",
            "struct Report {\n    /// Puts a report together from the archive.\n    init(key: Key) {}\n}",
            "/// The public key.\n/// It never changes.\nlet publicKey: PublicKey",
            "/// `MAX_BUCKET_SIZE`\nlet maxBucketSize = 8",
            "// The public key.\nlet publicKey: PublicKey",
            "/// The value.\nlet size = value.count",
        ):
            self.assertEqual(filler(text), [], text)
