"""What the benchmark's results say: as a table, as a page, as a plot. The same results give the same bytes."""

import json
import statistics

import machine

KINDS = {
    "ping": "ping", "find_nothing": "find, no value", "find_value": "find, one value",
    "store_unsigned": "store, unsigned", "store_signed": "store, signed"}
# How many signatures a node checks for a request; it makes one, of its answer.
CHECKS = {"ping": 1, "find_nothing": 1, "find_value": 1, "store_unsigned": 1, "store_signed": 2}
OURS, THEIRS, ECHO = "bristlecone", "py-ipv8", "echo"
OPENDHT_KINDS = {
    "put_unsigned": "put, unsigned", "put_signed": "put, signed", "get_unsigned": "get, unsigned",
    "get_signed": "get, signed"}
QUIET_OTHER_SHARE_MAX, QUIET_SLOW_SHARE_MAX, QUIET_SPREAD_MAX = 0.05, 0.01, 0.1


def as_json(results):
    """The results as a file."""
    return json.dumps(results, indent=1) + "\n"


# Figures

def of(results, node, kind, loop="closed"):
    """The measurements of one kind of request, in the order of their repetitions."""
    return [one for one in results["measurements"] if (one["node"], one["kind"], one["loop"]) == (node, kind, loop)]


def median(measurements, name):
    """The median of a figure over repetitions."""
    return statistics.median(one[name] for one in measurements)


def rate(measurements):
    """Answers a second, the median."""
    return statistics.median(one["answered"] / one["seconds"] for one in measurements)


def spread(measurements):
    """How far the node's processor times lie apart, as a part of their median."""
    times = [one["node_microseconds"] for one in measurements]
    return (max(times) - min(times)) / statistics.median(times)


def ratio(results, kind):
    """How much more processor time py-ipv8 takes: the median over the repetitions, each compared within itself."""
    pairs = zip(of(results, THEIRS, kind), of(results, OURS, kind))
    return statistics.median(theirs["node_microseconds"] / ours["node_microseconds"] for theirs, ours in pairs)


def signature(results, name):
    """What a check or a signature takes, the median."""
    return statistics.median(one[f"{name}_microseconds"] for one in results["signatures"])


def signatures_alone(results, kind):
    """What libsodium takes of a request."""
    return CHECKS[kind] * signature(results, "verify") + signature(results, "sign")


def widest_spread(results):
    """The largest spread of all."""
    return max(spread(of(results, node, kind)) for node in (OURS, THEIRS) for kind in KINDS)


def is_quiet(results):
    """Whether the figures are worth something beyond their ratios."""
    noise = results["noise"]
    return (noise["steal_share"] + noise["other_share"] <= QUIET_OTHER_SHARE_MAX
            and noise.get("slow_share", 0.0) <= QUIET_SLOW_SHARE_MAX
            and widest_spread(results) <= QUIET_SPREAD_MAX)


# Tables

def table(header, rows):
    """A table in Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in [header, ["---"] * len(header), *rows])


def micro(number):
    """A time in microseconds."""
    return f"{number:,.0f} µs"


def latency(number):
    """A time in microseconds, as milliseconds."""
    return f"{number / 1000:.2f} ms"


def percent(share):
    """A share."""
    return f"{100 * share:.1f} %"


def cost_table(results):
    """The table that this is all about."""
    rows = []
    for kind, name in KINDS.items():
        ours, theirs = of(results, OURS, kind), of(results, THEIRS, kind)
        rows.append([
            name + (" (durable; theirs is not)" if kind.startswith("store") else ""),
            micro(median(ours, "node_microseconds")), micro(median(theirs, "node_microseconds")),
            f"{ratio(results, kind):.1f}", micro(signatures_alone(results, kind)),
            f"{rate(ours):,.0f} / {rate(theirs):,.0f} per s", f"{percent(spread(ours))} / {percent(spread(theirs))}"])
    return table(
        ["request", "CPU, ours", "CPU, py-ipv8", "ratio", "signatures alone", "throughput, ours / theirs",
         "spread, ours / theirs"], rows)


def latency_table(results):
    """Latencies from the moment at which a request was due."""
    rows = []
    for kind, name in KINDS.items():
        for node in (OURS, THEIRS, ECHO):
            measurements = of(results, node, kind, "open")
            # In each repetition the rate that is the same for all comes first, then half of what the node can do.
            ways = len(measurements) // results["settings"]["open_repetitions"]
            for group in (measurements[way::ways] for way in range(ways)):
                rows.append([
                    name, node, f"{statistics.median(one['intended_rate'] for one in group):,.0f} per s",
                    *(latency(statistics.median(one["latency"][part] for one in group))
                      for part in ("p50", "p90", "p99", "p999", "max")),
                    f"{sum(one['asked'] - one['answered'] for one in group)}"])
    return table(["request", "node", "asked", "median", "p90", "p99", "p99.9", "longest", "unanswered"], rows)


def generator_table(results):
    """What the generator takes, beside what it loads."""
    rows = []
    for node, kinds in ((OURS, KINDS), (THEIRS, KINDS), (ECHO, {"ping": "ping"})):
        for kind in kinds:
            group = of(results, node, kind)
            rows.append([
                node, KINDS[kind], micro(median(group, "generator_microseconds")),
                micro(median(group, "node_microseconds")), f"{rate(group):,.0f} per s",
                f"{sum(one['held_seconds'] for one in group):.1f} s"])
    return table(["loaded", "request", "CPU, generator", "CPU, loaded", "throughput", "held back by limits"], rows)


def opendht_table(results):
    """What another DHT takes for what it does."""
    rows = [[name, micro(one["cpu_microseconds"]) if one["cpu_microseconds"] else "none answered",
             f"{one['rate']:,.0f} per s", f"{one['answered']} of {one['asked']}"]
            for kind, name in OPENDHT_KINDS.items() for one in [results["opendht"][kind]]]
    return table(["operation", "CPU of the node", "throughput", "succeeded"], rows)


# Text

def complaints(results):
    """Requests that were not answered, or wrongly, in sentences."""
    sums = {}
    for one in results["measurements"]:
        sums.setdefault((one["node"], KINDS[one["kind"]], one["loop"]), []).append(
            (one["asked"] - one["answered"], one["asked"], one["wrong"]))
    lines = []
    for place, counts in sums.items():
        missing, asked, wrong = map(sum, zip(*counts))
        if missing or wrong:
            lines.append(
                f"- {', '.join(place)} loop: {missing:,} of {asked:,} requests unanswered, {wrong:,} answers wrong.")
    return "\n".join(lines) or "Every request was answered, and every answer was right."


def noise_text(results):
    """How quiet the machine was."""
    noise = results["noise"]
    times = [one["verify_microseconds"] for one in results["signatures"]]
    verdict = (
        "The machine was quiet." if is_quiet(results) else
        "**The machine was busy: times and rates are worth little, ratios within this run more.**")
    if results["quick"]:
        verdict += " **This was a quick run, whose figures are worth nothing.**"
    return (
        f"{verdict} Other programs took {percent(noise['other_share'])} of its processor time, and its host "
        f"{percent(noise['steal_share'])}; the load average was {noise['load_before']:.1f} before and "
        f"{noise['load_after']:.1f} after. {slowness_text(noise)}Between repetitions the processor time of one kind of "
        f"request differed by {percent(widest_spread(results))} at most, and that of a signature check by "
        f"{percent((max(times) - min(times)) / statistics.median(times))}.")


def slowness_text(noise):
    """How often the cores were slower than usual; nothing where an earlier run did not look."""
    if "slow_share" not in noise:
        return ""
    return (
        f"Before the load, while all cores did nothing but count, they were slower than {percent(machine.SLOW_BELOW)} of their usual "
        f"speed for {percent(noise['slow_share'])} of the time. What a host takes from them in this way is counted nowhere, but "
        "makes latencies longer. ")


def machine_text(results):
    """What it ran on."""
    host, programs = results["machine"], results["programs"]
    return (
        f"{results['date']}: {programs['bristlecone']} ({programs['build']} build) and py-ipv8 {programs['py_ipv8']} on "
        f"Python {programs['python']}; {host['processor']}, {host['cores']} cores, "
        f"{host['memory_bytes'] / 2 ** 30:.0f} GiB, Linux {host['kernel']}. The data folder is on "
        f"{host['file_system']}, where a sync of a page takes {micro(host['sync_microseconds'])}. "
        f"libsodium: verify {signature(results, 'verify'):.1f} µs, sign {signature(results, 'sign'):.1f} µs.")


def opendht_text(results):
    """The part about OpenDHT."""
    if "absent" in results["opendht"]:
        return f"Not measured: {results['opendht']['absent']}."
    return opendht_table(results) + "\n\n" + OPENDHT_NOTES


def summary(results):
    """What a terminal shows."""
    return "\n\n".join([machine_text(results), cost_table(results), complaints(results), noise_text(results)])


def text(results):
    """The page."""
    return PAGE.format(
        machine=machine_text(results), noise=noise_text(results), costs=cost_table(results),
        complaints=complaints(results), latencies=latency_table(results), generator=generator_table(results),
        opendht=opendht_text(results), **results["settings"])


OPENDHT_NOTES = """\
These are not the same things. An OpenDHT packet is not signed, so its node checks nothing for a ping, a get or an
unsigned put; here every packet is signed both ways. A signed put carries an RSA signature of 512 bytes and the signer's
public key; the publisher makes it, which is what limits the throughput, and the node checks it. A put or get is a
whole lookup by the publisher's own node, with several packets each, and waits for timers of the library, so throughput
says more about the publisher than about the node. Values are in memory, as py-ipv8's are. The node is OpenDHT's library,
started with its limits of requests lifted, which its program `dhtnode` has no option for."""

PAGE = """\
# What requests cost

This page is written by `tools/bench --docs`; do not edit it. `tools/bench` measures a Bristlecone node and a py-ipv8 node in
turns, on one machine, under the same load. [Figures](requests.json).

{machine}

{noise}

{costs}

![Processor time of each request](requests.svg)

{complaints}

CPU is the processor time of the node's process for each answered request, with the work that it puts off: the clock runs on
until the node is idle again. The ratio is py-ipv8's time in parts of ours, each pair measured seconds apart; all figures are
medians of {repetitions} repetitions, and the spread is the difference of the largest and the smallest in parts of the median.
"Signatures alone" is what libsodium takes to check the request and sign the answer, measured in the same run: no node
that uses it can be cheaper. A signed store has a second signature to check, that of its value. Our node acknowledges a store
when it is on the disk; py-ipv8 keeps values in memory.

## How it is measured

The load comes from {identities:,} peers with a key each, every one within the limits that both nodes set a peer (ten requests in
five seconds). Requests are signed before the clock starts. Both nodes have the same 8 contacts, which answer. The load comes
from one address: py-ipv8 takes senders into its routing table unseen, and from many addresses they would fill it and make its finds
and stores dearer still.
Each measurement takes about {seconds:g} seconds, one node after the other, in changing order.

The **closed loop** keeps {window} requests under way. It shows the throughput, on the cores that node and generator share.

The **open loop** sends at moments that are drawn beforehand, as independent peers would, whether or not earlier
requests have been answered. Latency counts from the moment that a request was due, not from when it was sent.

## Latency in the open loop

{latencies}

The first rate is the same for all; the second one is half of the node's own throughput in the closed loop. The echo shows
what the generator and the system add.

## What the generator costs

The generator (`tools/benchmark/BenchLoad`) is one thread. The echo is a process that sends each request back with one byte
changed: what it reaches is the most that the generator and the system can do.

{generator}

## OpenDHT, for scale

{opendht}
"""


# Plot

BAR, GAP, LEFT, WIDTH, TOP = 16, 14, 130, 640, 46
COLOURS = {OURS: "#1b6e53", THEIRS: "#8a3b3b"}
NAMES = {OURS: "Bristlecone", THEIRS: "py-ipv8"}


def plot(results):
    """Bars of processor time, with the part that the signatures take."""
    largest = max(median(of(results, node, kind), "node_microseconds") for node in COLOURS for kind in KINDS)
    scale = (WIDTH - LEFT - 70) / largest
    parts, y = legend(), TOP
    for kind, name in KINDS.items():
        parts.append(label(LEFT - 8, y + BAR + 4, name, "end"))
        signatures = signatures_alone(results, kind) * scale
        for node, colour in COLOURS.items():
            time = median(of(results, node, kind), "node_microseconds")
            parts.append(bar(LEFT, y, time * scale, colour, 0.55))
            parts.append(bar(LEFT, y, min(signatures, time * scale), colour, 1))
            parts.append(label(LEFT + time * scale + 6, y + BAR - 4, micro(time)))
            y += BAR
        y += GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="{WIDTH}" height="{y}" fill="#ffffff"/>\n' + "\n".join(parts) + "\n</svg>\n")


def legend():
    """The title, and what the colours mean."""
    parts = [label(LEFT, 16, "Processor time of a request; dark: what libsodium takes for the signatures in it")]
    for position, (node, colour) in enumerate(COLOURS.items()):
        x = LEFT + 110 * position
        parts += [bar(x, 24, 12, colour, 1, 12), label(x + 18, 34, NAMES[node])]
    return parts


def bar(x, y, width, colour, opacity, height=BAR - 2):
    """A filled rectangle."""
    return f'<rect x="{x}" y="{y}" width="{width:.1f}" height="{height}" fill="{colour}" fill-opacity="{opacity}"/>'


def label(x, y, words, anchor="start"):
    """A line of text."""
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}">{words}</text>'
