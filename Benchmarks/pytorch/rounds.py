"""Answers `Benchmarks/compare` as Sources/Measurement/Rounds.swift does."""

import json
import sys
import time


def answer_rounds(facts, work, warm_up=3):
    for _ in range(warm_up):
        work()
    print(json.dumps({"ready": facts}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        work()
        print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)
