"""Run the benchmarks: ``python -m benchmarks [--only paint rows] [--against molabel] [--quick] [--chaos]``."""

from __future__ import annotations

import argparse
import signal
import sys
import time
import traceback

from . import contestants, imagers, machine, measures, report
from .bench import Bench


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split(":")[0])
    takers = list(dict.fromkeys([*contestants.BY_NAME, *imagers.BY_NAME]))
    names = [name for one in measures.ALL for name in (one.name, *one.aliases)]
    parser.add_argument("--only", nargs="+", metavar="MEASURE", choices=names, default=[], help=", ".join(names))
    parser.add_argument(
        "--against", nargs="+", metavar="NAME", choices=takers, default=[],
        help="these contestants only: " + ", ".join(takers),
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="a few of everything; the tables are left as they are")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often everything is done (3; with --quick 1)")
    parser.add_argument("--chaos", action="store_true", help="also the run of 1,000 labels with accidents (long)")
    parser.add_argument(
        "--quiet", type=float, default=0.7, metavar="LOAD", help="wait until the load is below this (%(default)s)"
    )
    parser.add_argument(
        "--patience", type=float, default=300, metavar="SECONDS", help="and for how long at most (%(default)s)"
    )
    parser.add_argument("--report", action="store_true", help="measure nothing, write the tables anew")
    return parser.parse_args()


def main() -> int:
    asked = _arguments()
    if asked.report:
        report.write()
        return 0
    wanted = [one for one in (measures.find(name) for name in asked.only) if one]
    if not wanted:
        wanted = [one for one in measures.ALL if asked.chaos or not one.extra]
    elif asked.chaos:
        wanted += [one for one in measures.ALL if one.extra]
    # Server, kernels and browser end with us, however we are ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    bench = Bench(quick=asked.quick, against=asked.against, rounds=asked.rounds)
    failed = []
    try:
        for measure in dict.fromkeys(wanted):
            if not asked.quick:
                found = machine.wait_until_quiet(asked.quiet, patience=asked.patience)
                bench.say(f"{measure.name}: load {found}")
            result = bench.result(measure.name)
            begun = time.monotonic()
            try:
                measure.run(bench, result)
            except Exception:
                failed.append(measure.name)
                traceback.print_exc()
                continue
            result.seconds = round(time.monotonic() - begun, 1)
            result.write()
            print(f"\n## {measure.title}\n\n{measure.report(result)}\n", flush=True)
            for budget in measure.budgets(result):
                print(f"{'met   ' if budget.met else 'MISSED'} {budget.what}: {budget.seen} ({budget.promised})")
    finally:
        bench.close()
    if not asked.quick and not asked.against:
        report.write()
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
