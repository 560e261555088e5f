#!/usr/bin/env python3
"""Makes Tests/TasksTests/Golden/replay.json: n-step returns and stacks of episodes, as DrQ-v2 defines them.

Plain numpy. An episode has observations 0...T and, for each transition t from observation t to t + 1, a
reward and a discount.
"""

import json
from pathlib import Path

import numpy as np

TARGET = Path(__file__).resolve().parent.parent / "Tests/TasksTests/Golden/replay.json"


def transition(rewards, discounts, t, n, gamma):
    """The n-step transition from step t on, in float32."""
    total, product = np.float32(0), np.float32(1)
    for k in range(t, t + n):
        total = np.float32(total + product * rewards[k])
        product = np.float32(product * np.float32(discounts[k] * np.float32(gamma)))
    return {"start": t, "reward": float(total), "discount": float(product)}


def seen(t, stack=3):
    """Which observations are seen at step t: the first stands for those before it."""
    return [max(0, t - back) for back in reversed(range(stack))]


def case(random, length, n, gamma, ends_in_failure):
    rewards = random.uniform(-1, 2, length).astype(np.float32)
    # A time limit leaves the discount at 1; a failure makes the last one 0.
    discounts = np.ones(length, np.float32)
    if ends_in_failure:
        discounts[-1] = 0
    starts = range(length - n + 1)
    return {
        "steps": n,
        "gamma": gamma,
        "rewards": rewards.tolist(),
        "discounts": discounts.tolist(),
        "transitions": [
            transition(rewards, discounts, t, n, gamma) | {"seen": seen(t), "next": seen(t + n)}
            for t in starts
        ],
    }


def main():
    random = np.random.default_rng(7)
    cases = [
        case(random, length, n, gamma, ends_in_failure)
        for length, n, gamma in [(12, 3, 0.99), (9, 1, 0.99), (7, 5, 0.9), (3, 3, 0.99), (2, 3, 0.99)]
        for ends_in_failure in [False, True]
    ]
    TARGET.write_text(json.dumps(cases, indent=1) + "\n")


main()
