"""Whether the linker's confidence can be believed: of what it links with a weight of 0.8, are 80 % right?

    nice .venv/bin/python -m bench.calibration GUIDES… [--data DIR] [--questions FILE…] [--json]

GUIDES and DIR are those of `bench.linking`. Each question of FILE (`bench/questions/linking.jsonl` if
none is named) that has one right item, or none, is linked; the best item's weight is its confidence.
Questions to which the guides hold no answer count as wrong at whatever weight they get. Printed are
the share of right ones by weight, the expected calibration error (the mean distance of both, weighted
by the number of questions) and the Brier score (0 is best; 0.25 is what a constant one half gets).
"""

import argparse
import asyncio
import json
import tempfile
from pathlib import Path

from bench.linking import QUESTIONS, open_desk
from core.settings import Settings

BINS = 10
SETTLED = {"answer", "no_guide"}  # one right item, or none; what is open has no single right one


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("guides", nargs="+", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--questions", nargs="+", type=Path, default=[QUESTIONS / "linking.jsonl"])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        judged = asyncio.run(judge(arguments, arguments.data or Path(temporary)))
    figures = calibration(judged)
    if arguments.json:
        print(json.dumps(figures, ensure_ascii=False, indent=1))
        return
    print(f"{'weight':>12} {'questions':>9} {'mean weight':>11} {'right':>7}")
    for row in figures["bins"]:
        span = f"{row['from']:.1f} to {row['to']:.1f}"
        print(f"{span:>12} {row['questions']:>9} {row['weight']:>11.3f} {row['right']:>7.3f}")
    print(f"expected calibration error {figures['ece']:.3f}, Brier score {figures['brier']:.3f}")


async def judge(arguments, data):
    """For each question: the best item's weight, and whether that item is right."""
    judged = []
    async with open_desk(Settings.load({"data": data}), arguments.guides) as desk:
        for path in arguments.questions:
            for line in path.open(encoding="utf-8"):
                question = json.loads(line)
                if question["kind"] not in SETTLED:
                    continue
                kept = (await desk.ask(question["text"])).trace.get("kept")
                if not kept:
                    continue  # decided by words alone
                best, arithmetic = kept[0]
                right = question["kind"] == "answer" and best in question["items_ok"]
                judged.append((float(arithmetic.rpartition("→")[2]), right))
    return judged


def calibration(judged):
    """The table and its two figures, from pairs of weight and whether it was right."""
    rows, error = [], 0.0
    for number in range(BINS):
        low, high = number / BINS, (number + 1) / BINS
        inside = [(w, r) for w, r in judged if low <= w < high or (number == BINS - 1 and w >= 1)]
        if not inside:
            continue
        weight = sum(w for w, _ in inside) / len(inside)
        right = sum(r for _, r in inside) / len(inside)
        rows.append({"from": low, "to": high, "questions": len(inside), "weight": weight, "right": right})
        error += abs(weight - right) * len(inside) / len(judged)
    brier = sum((w - r) ** 2 for w, r in judged) / len(judged)
    return {"questions": len(judged), "bins": rows, "ece": error, "brier": brier}


if __name__ == "__main__":
    main()
