"""Four 3x3 convolutions of 128 channels on 20 images of 32x32, forward and backward: convolutions.py PRECISION THREADS.

The counterpart of Benchmarks/Sources/convolutions.
"""

import sys

import torch
from rounds import answer_rounds

precision, threads = (sys.argv[1:] + ["float32", "1"][len(sys.argv) - 1 :])[:2]
torch.set_num_threads(int(threads))
torch.manual_seed(1)
network = torch.nn.Sequential(*[torch.nn.Conv2d(128, 128, 3, padding=1) for _ in range(4)])
network = network.to(memory_format=torch.channels_last)
weights = list(network.parameters())
images = torch.randn(20, 128, 32, 32).contiguous(memory_format=torch.channels_last)


def work():
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
        loss = network(images).mean()
    torch.autograd.grad(loss, weights)


facts = {"program": "PyTorch", "libtorch": torch.__version__, "precision": precision, "threads": threads}
answer_rounds(facts, work)
