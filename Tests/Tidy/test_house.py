"""The arrows of the house, and what the core must not do."""

import re

from tree import ROOT, RuleTest, code_of, place, sources

# Which of our targets each may lean on, directly.
ARROWS = {
    "CSodium": (), "CLibcrypto": (), "CLMDB": (), "CLinux": (), "SplitMix": (),
    "Platform": ("CLinux",),
    "IPv8": ("CSodium", "CLibcrypto"),
    "Kademlia": ("IPv8",),
    "Maintenance": ("IPv8",),
    "DHTCore": ("Maintenance", "Kademlia"),
    "Migrations": (),
    "Archive": ("Maintenance", "Migrations", "Platform", "CLMDB", "IPv8"),
    "Console": ("Platform", "IPv8"),
    "PrometheusText": (),
    "Bristlecone": ("Archive", "DHTCore", "Console", "PrometheusText"),
    "HTTPAPI": ("Bristlecone", "Console", "PrometheusText"),
    "BristleconeCLI": ("HTTPAPI",),
    "Simulation": ("DHTCore", "SplitMix"),
}

# Libraries that only some rooms may open.
KEPT_TO = {
    "CSodium": ("IPv8",), "CLibcrypto": ("IPv8",), "CLMDB": ("Archive",), "CLinux": ("Platform",),
    "GRDB": ("Archive", "Migrations"),
    "NIOCore": ("Bristlecone", "HTTPAPI"), "NIOPosix": ("Bristlecone", "HTTPAPI"),
    "Hummingbird": ("HTTPAPI",), "HummingbirdCore": ("HTTPAPI",), "NIOHTTP1": ("HTTPAPI",),
    "ArgumentParser": ("BristleconeCLI",),
}

# The state machines that a node is made of, each in a folder of its own in DHTCore.
MACHINES = ("Gatekeeper", "Overlay", "Requests", "Searches", "Serving", "PeersByKey", "Republisher")

CORE = ("IPv8", "Kademlia", "Maintenance", "DHTCore")
FORBIDDEN_IN_CORE = {
    "Foundation": r"\bimport\s+Foundation\w*",
    "the C library": r"\bimport\s+(Glibc|Musl|Darwin|Android)\b",
    "a clock": r"\b(ContinuousClock|SuspendingClock|UTCClock|DispatchTime|clock_gettime|gettimeofday)\b|(?<![.\w])Date\(",
    "a random source": r"\b(SystemRandomNumberGenerator|arc4random\w*|getrandom|randombytes_\w+|RAND_bytes)\b"
                       r"|\.(randomElement|shuffled|shuffle)\(\)|\.random\((?!(?:[^()]|\([^()]*\))*using:)",
    "the platform": r"\bimport\s+(Platform|System\w*)\b",
    "logging": r"\bimport\s+(Logging|os)\b|(?<![.\w])(print|debugPrint|dump|NSLog)\(",
    "concurrency": r"\b(async|await)\b|\bimport\s+(Dispatch|NIO\w*|_Concurrency)\b|(?<![.\w])(Task|TaskGroup)\b|^\s*(\w+\s+)*actor\s+\w",
}
# Making a key is the one thing that wants randomness from the system; nobody in the core calls it.
ALLOWED_IN_CORE = {("IPv8/Keys/PrivateKey.swift", "randombytes_buf")}

IMPORT = re.compile(r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+"
                    r"(?:(?:struct|class|enum|protocol|typealias|func|let|var)\s+)?(\w+)", re.MULTILINE)


def reachable(target):
    """The target's arrows, followed to their ends."""
    found, waiting = set(), list(ARROWS[target])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += ARROWS[name]
    return found


class House(RuleTest):
    def test_every_folder_of_sources_is_a_target(self):
        manifest = (ROOT / "Package.swift").read_text(encoding="utf-8")
        targets = set(re.findall(r'\.(?:target|executableTarget|systemLibrary)\(\s*name:\s*"(\w+)"', manifest))
        folders = {path.name for path in (ROOT / "Sources").iterdir() if path.is_dir()}
        self.assert_none(sorted(folders - targets), "no target in Package.swift")
        self.assert_none(sorted(folders - ARROWS.keys()), "no room in the house: see ARROWS in this test")

    def test_imports_obey_the_arrows(self):
        wrong = []
        for target in ARROWS:
            allowed = reachable(target) | {target}
            for path, text, match in imports(target):
                name = match[1]
                if name in ARROWS and name not in allowed:
                    wrong.append(f"{place(path, text, match.start(1))}: {target} may not import {name}")
                elif target not in KEPT_TO.get(name, (target,)):
                    wrong.append(f"{place(path, text, match.start(1))}: only {' and '.join(KEPT_TO[name])} may import {name}")
        self.assert_none(wrong, "see ARROWS and KEPT_TO in this test")

    def test_the_core_does_no_io(self):
        wrong = []
        for target in CORE:
            for path in sources(target):
                text = code_of(path)
                relative = str(path.relative_to(ROOT / "Sources"))
                for what, pattern in FORBIDDEN_IN_CORE.items():
                    for match in re.finditer(pattern, text, re.MULTILINE):
                        if (relative, match[0]) not in ALLOWED_IN_CORE:
                            wrong.append(f"{place(path, text, match.start())}: {match[0].strip()} ({what})")
        self.assert_none(wrong, "in the core, time and randomness are arguments, and effects take the place of I/O")

    def test_the_state_of_a_machine_stays_in_its_folder(self):
        core = ROOT / "Sources" / "DHTCore"
        wrong = []
        for machine in MACHINES:
            state = stored_properties(core / machine / f"{machine}.swift", machine)
            self.assertTrue(state, f"{machine} has no stored property: see MACHINES in this test")
            variable = machine[0].lower() + machine[1:]
            outside = re.compile(rf"\b{variable}\??\.({'|'.join(state)})\b(?!\()")
            for path in sources("DHTCore"):
                if core / machine in path.parents:
                    continue
                text = code_of(path)
                wrong += [f"{place(path, text, match.start())}: {match[0]}" for match in outside.finditer(text)]
        self.assert_none(wrong, "ask the machine with a function, or let it decide")


def stored_properties(path, machine):
    """The stored properties that a machine declares: those at its own level that have no body."""
    body = code_of(path).split(f"struct {machine}", 1)[1].split("\n}", 1)[0]
    return re.findall(r"^    (?:private(?:\(set\))? )?(?:let|var) (\w+)(?![^\n]*\{)", body, re.MULTILINE)


def imports(target):
    """Every import of a target: (file, its code, the match)."""
    folder = ROOT / "migrations" if target == "Migrations" else None
    for path in sorted(folder.rglob("*.swift")) if folder else sources(target):
        text = code_of(path)
        for match in IMPORT.finditer(text):
            yield path, text, match
