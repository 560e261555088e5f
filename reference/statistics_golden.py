#!/usr/bin/env python3
"""Makes the golden values of Tests/StatisticsTests by scipy's exact tests. Run it with the packages of requirements.txt."""

import json
from pathlib import Path

import numpy as np
from scipy import stats

OUTPUT = Path(__file__).resolve().parent.parent / "Tests/StatisticsTests/Golden/rank_tests.json"


def samples(random, size, has_ties):
    values = random.normal(size=size)
    return np.round(values * 2) / 2 if has_ties else values


def main():
    random = np.random.default_rng(1)
    exact = stats.PermutationMethod(n_resamples=np.inf)
    cases = []
    for number in range(60):
        has_ties = number % 2 == 1
        # With ties scipy goes through all permutations, so these stay small.
        first = samples(random, int(random.integers(2, 8 if has_ties else 15)), has_ties) + random.uniform(0, 1.5)
        second = samples(random, int(random.integers(2, 8 if has_ties else 15)), has_ties)
        if has_ties:
            first = np.round(first * 2) / 2
        method = exact if has_ties else "exact"
        u = stats.mannwhitneyu(first, second, alternative="greater", method=method)
        case = {"first": first.tolist(), "second": second.tolist(), "u": [float(u.statistic), float(u.pvalue)]}
        pairs = min(len(first), len(second))
        differences = first[:pairs] - second[:pairs]
        differences = differences[differences != 0]
        # scipy has no permutations of one value.
        if len(differences) >= 2:
            w = stats.wilcoxon(differences, alternative="greater", method=method)
            case["w"] = [float(w.statistic), float(w.pvalue)]
        cases.append(case)
    OUTPUT.write_text(json.dumps(cases, indent=1) + "\n")


main()
