"""Rules for every file."""

import re

from tree import ROOT, RuleTest, place, sources, text_of, tracked

SOURCE_LINES_MAX = 400
LATER = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X(?!X)", "HA" + "CK"]) + r")\b")
# A home, a scratch or a work folder of some machine, but not what mkdtemp is to fill in.
MACHINE_PATH = re.compile(r"(?<![\w.\-/$}])/(home|root|Users|tmp|work|mnt|workspace)/(?![\w.\-]*XXXXXX)[\w.\-]")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
GENERATED = ("Package.resolved",)


class Files(RuleTest):
    def test_no_source_file_is_too_long_to_be_one_idea(self):
        too_long = [
            f"{path.relative_to(ROOT)}: {lines} lines" for path in sources()
            if (lines := len(path.read_text(encoding="utf-8").splitlines())) > SOURCE_LINES_MAX]
        self.assert_none(too_long, f"split these by concern; at most {SOURCE_LINES_MAX} lines")

    def test_nothing_is_left_for_later(self):
        self.assert_none(found(LATER), "do it, or write an issue")

    def test_no_file_names_a_place_on_somebodys_machine(self):
        self.assert_none(found(MACHINE_PATH), "use a path relative to the project")

    def test_local_links_lead_somewhere(self):
        broken = []
        for path in tracked():
            if path.suffix != ".md":
                continue
            text = path.read_text(encoding="utf-8")
            for match in LINK.finditer(text):
                target = match[1].split("#")[0]
                if target and "://" not in target and not target.startswith("mailto:"):
                    if not (path.parent / target).exists():
                        broken.append(f"{place(path, text, match.start())}: {match[1]}")
        self.assert_none(broken, "these links lead nowhere")

    def test_scripts_are_executable_and_strict(self):
        lax = []
        for path in tracked():
            text = text_of(path) or ""
            if text.startswith("#!"):
                if not path.stat().st_mode & 0o111:
                    lax.append(f"{path.relative_to(ROOT)} is not executable")
                if "bash" in text.splitlines()[0] and "\nset -euo pipefail\n" not in text:
                    lax.append(f"{path.relative_to(ROOT)} lacks: set -euo pipefail")
        self.assert_none(lax, "mend these scripts")


def found(pattern):
    """Where a pattern occurs in the project's texts."""
    places = []
    for path in tracked():
        if path.name in GENERATED or (text := text_of(path)) is None:
            continue
        places += [f"{place(path, text, match.start())}: {match[0]}" for match in pattern.finditer(text)]
    return places
