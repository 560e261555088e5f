"""One training cycle of a GAN, five discriminator steps and one generator step:
gan_cycle.py PRECISION THREADS CELLS MEMORY_FORMAT.

The counterpart of Benchmarks/Sources/gan-cycle. The networks and the steps are those that the tests' golden values
come from, with PyTorch's fused AdamW. MEMORY_FORMAT is `channels_last` or `contiguous`, PyTorch's default.
"""

import sys
from pathlib import Path

import torch
from rounds import answer_rounds

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "reference"))
from pbtnas_reference.gan import GENES_PER_CELL, Discriminator, Generator, Sizes  # noqa: E402
from pbtnas_reference.training import Training  # noqa: E402

defaults = ["float32", "1", "3", "channels_last"]
precision, threads, cells, layout = (sys.argv[1:] + defaults[len(sys.argv) - 1 :])[:4]
torch.set_num_threads(int(threads))
torch.manual_seed(1)
genome = [place % GENES_PER_CELL for place in range(GENES_PER_CELL * int(cells))]
sizes = Sizes(int(cells), 4, 3, 120, 32, 32)
memory_format = getattr(torch, f"{layout}_format" if layout == "contiguous" else layout)
networks = [network.to(memory_format=memory_format) for network in (Generator(genome, sizes), Discriminator(sizes))]
training = Training(*networks, bfloat16=precision == "bfloat16", fused=True)
side = 4 << int(cells)
real = torch.randn(40, 3, side, side).contiguous(memory_format=memory_format)


def work():
    for _ in range(5):
        training.discriminator_step(real, torch.randn(40, 120))
    training.generator_step(torch.randn(80, 120))


facts = {
    "program": "PyTorch",
    "libtorch": torch.__version__,
    "precision": precision,
    "threads": threads,
    "cells": cells,
    "layout": layout,
}
answer_rounds(facts, work)
