"""Updates of a DrQ-v2 agent with DrQ-v2's own networks, batch 256, for Quadruped Run:
drq_update.py OBSERVATION HIDDEN PRECISION THREADS OPTIMIZER.

The counterpart of Benchmarks/Sources/drq-update. The agent is the one that the tests' golden values come from. OPTIMIZER is
`default`, what torch.optim.AdamW does by itself, or `fused`.
"""

import sys
from pathlib import Path

import torch
from rounds import answer_rounds

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "reference"))
from pbtnas_reference.drq import Agent, Networks, Sizes, original_genome  # noqa: E402

BATCH, ACTIONS = 256, 12

defaults = ["state", "1024", "float32", "1", "default"]
observation, hidden, precision, threads, optimizer = (sys.argv[1:] + defaults[len(sys.argv) - 1 :])[:5]
torch.set_num_threads(int(threads))
torch.manual_seed(1)
pixels = observation == "pixels"
sizes = Sizes((9, 84) if pixels else 78, ACTIONS, int(hidden))
networks = Networks(original_genome(sizes), sizes)
if pixels:
    networks.encoder.to(memory_format=torch.channels_last)
agent = Agent(networks, pixels, bfloat16=precision == "bfloat16", fused=optimizer == "fused" or None)


def observations():
    if pixels:
        return torch.randint(0, 256, (BATCH, 9, 84, 84), dtype=torch.uint8)
    return torch.randn(BATCH, 78)


batch = (
    observations(),
    torch.randn(BATCH, ACTIONS).tanh(),
    torch.randn(BATCH, 1).abs(),
    torch.full((BATCH, 1), 0.97),
    observations(),
)
step = 0


def work():
    global step
    for _ in range(1 if pixels else 20):
        agent.update(batch, step)
        step += 2


facts = {
    "program": "PyTorch",
    "libtorch": torch.__version__,
    "observation": observation,
    "hidden": hidden,
    "precision": precision,
    "threads": threads,
    "optimizer": optimizer,
}
answer_rounds(facts, work)
