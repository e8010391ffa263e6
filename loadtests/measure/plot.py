"""Draws curves as small PNG files. Runs in the environment of the benches' tools: a JSON object on standard input holds
`file`, `title`, `across`, `up` and `lines`, which are lists of points by name."""

import json
import sys

import matplotlib as mpl
from matplotlib import pyplot

WIDE = 20  # times the first value: then both ends only show on a scale of powers


def main() -> None:
    mpl.use("Agg")
    told = json.load(sys.stdin)
    figure, axes = pyplot.subplots(figsize=(5, 3), dpi=80, layout="constrained")
    for name, points in told["lines"].items():
        axes.plot([x for x, _ in points], [y for _, y in points], marker="o", label=name)
    places = sorted({x for points in told["lines"].values() for x, _ in points})
    if places and places[-1] > WIDE * max(places[0], 1):
        axes.set_xscale("symlog" if places[0] == 0 else "log")
    axes.set_ylim(bottom=0)
    axes.set_title(told["title"], fontsize=10)
    axes.set_xlabel(told["across"])
    axes.set_ylabel(told["up"])
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.savefig(told["file"], metadata={"Software": None})


if __name__ == "__main__":
    main()
