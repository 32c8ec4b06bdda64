#!/usr/bin/env python3
"""Draws what `simulate compare` has measured: one picture for each question, from the files of all runs.

    python3 -m venv .venv-plot && .venv-plot/bin/pip install matplotlib
    .venv-plot/bin/python tools/simulate/plot.py docs/simulation/compare docs/simulation

The first folder holds the results (`--json`), the pictures go to the second one.
"""

import json
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

# The same picture from the same figures, byte by byte.
plt.rcParams.update({
    "svg.hashsalt": "bristlecone", "svg.fonttype": "none", "font.size": 10, "axes.grid": True, "grid.alpha": 0.25,
    "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False, "figure.constrained_layout.use": True,
})
NAMES = {"bristlecone": "Bristlecone", "mixed": "one in ten Bristlecone", "reference": "py-ipv8, modelled"}
SHORT_NAMES = {"bristlecone": "ours", "mixed": "one in\nten ours", "reference": "py-ipv8"}
COLOURS = {"bristlecone": "#1b6e53", "mixed": "#c98a1b", "reference": "#8a3b3b"}


def main():
    """Reads the results and draws."""
    if len(sys.argv) != 3:
        sys.exit("Give the folder of the results and the one for the pictures.")
    results, pictures = map(pathlib.Path, sys.argv[1:])
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(results.glob("*.json"))]
    if not runs:
        sys.exit(f"There are no results in {results}: write some with `simulate compare --json`.")
    for churn in ("none", "measured"):
        draw_series([run for run in runs if run["churn"] == churn], churn, pictures)
    draw_messages(runs, pictures)


def draw_series(runs, churn, pictures):
    """What becomes of values that nobody looks for, and of lookups, over time; of the largest overlays."""
    sizes = [run["nodes"] for run in runs if run["hours"] >= 1]
    if not sizes:
        return
    runs = [run for run in runs if run["nodes"] == max(sizes) and run["hours"] >= 1]
    figure, (replicas, lost, found) = plt.subplots(1, 3, figsize=(11, 3.4))
    for run in runs:
        style = {"label": NAMES[run["kind"]], "color": COLOURS[run["kind"]], "linewidth": 2}
        minutes = [point["minute"] for point in run["series"]]
        replicas.plot(minutes, [point["quiet"]["mean"] for point in run["series"]], **style)
        lost.plot(minutes, [100 * point["quiet"]["lost"] for point in run["series"]], **style)
        searched = [point for point in run["series"] if point["lookups"]["count"]]
        found.plot([point["minute"] for point in searched], [100 * point["lookups"]["success"] for point in searched],
                   **style)
    replicas.set(title="Nodes that have a value nobody looks for", xlabel="minutes", ylim=(0, None))
    lost.set(title="Such values that no node has (%)", xlabel="minutes", ylim=(-3, 103))
    found.set(title="Lookups of other values that find it (%)", xlabel="minutes", ylim=(-3, 103))
    replicas.legend(loc="best")
    coming = "all stay" if churn == "none" else "nodes come and go"
    figure.suptitle(f"{max(sizes):,} nodes, {coming}: values are published once, at minute 0", fontsize=11)
    figure.savefig(pictures / f"values-{churn}.svg", metadata={"Date": None})
    plt.close(figure)


def draw_messages(runs, pictures):
    """What a node sends in an hour, by what for and by how large the overlay is."""
    figure, axes = plt.subplots(1, 2, figsize=(11, 3.4), sharey=True)
    for axis, churn in zip(axes, ("none", "measured")):
        shown = sorted((run for run in runs if run["churn"] == churn), key=lambda run: (run["nodes"], run["kind"]))
        kinds = sorted({kind for run in shown for kind in run["messagesByKind"]})
        for place, run in enumerate(shown):
            bottom = 0
            for number, kind in enumerate(kinds):
                height = run["messagesByKind"].get(kind, 0)
                axis.bar(place, height, bottom=bottom, color=f"C{number}", label=kind if place == 0 else None)
                bottom += height
        axis.set_xticks(range(len(shown)), [f"{run['nodes']:,}\n{SHORT_NAMES[run['kind']]}" for run in shown], fontsize=8)
        axis.set_title("all stay" if churn == "none" else "nodes come and go")
    axes[0].set_ylabel("messages a node and hour")
    axes[0].legend(loc="upper left", fontsize=8)
    figure.savefig(pictures / "messages.svg", metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    main()
