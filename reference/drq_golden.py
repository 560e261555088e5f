#!/usr/bin/env python3
"""Makes the golden values of Tests/TasksTests/RL/Agent: networks, updates and their parts.

Inputs are not stored: `values.uniform` makes them, and Tests/TorchTestSupport makes the same.
"""

import numpy as np
import torch

from golden import TASKS, gradients, save, smooth_stream
from pbtnas_reference.drq import (
    Agent,
    Networks,
    RandomShift,
    Sizes,
    linear_schedule,
    options_of_genes,
    original_genome,
    truncated_normal,
)
from pbtnas_reference.values import fill, uniform

RANDOM_GENOMES = 55
SIZES = {
    "state": Sizes(observation=5, actions=2, hidden=8, feature_lengths=(2, 3, 4, 5)),
    "pixels": Sizes(observation=(6, 12), actions=2, hidden=6, encoder_channels=3, feature_lengths=(2, 3, 4, 5)),
}
BATCH = 4
UPDATES = 5


def genomes_of(sizes):
    """DrQ-v2's networks, the same option in every gene for each option, then random ones."""
    options = options_of_genes(sizes)
    genomes = [original_genome(sizes)] + [[min(o, n - 1) for n in options] for o in range(max(options))]
    generator = np.random.default_rng(0)
    return genomes + [[int(generator.integers(n)) for n in options] for _ in range(RANDOM_GENOMES)]


def observation_shape(sizes):
    return (sizes.observation[0], *[sizes.observation[1]] * 2) if sizes.pixels else (sizes.observation,)


class Scaled(torch.nn.Module):
    """Networks on numbers in -1...1, which become 0...255 where they stand for pixels."""

    def __init__(self, genome, sizes):
        super().__init__()
        self.networks, self.pixels = Networks(genome, sizes), sizes.pixels

    def forward(self, x):
        return self.networks((x + 1) * 127.5 if self.pixels else x)


def networks():
    for kind, sizes in SIZES.items():
        tensors = {}
        genomes = genomes_of(sizes)
        tensors["genomes"] = torch.tensor(genomes)
        for case, genome in enumerate(genomes):
            shape = (3, *observation_shape(sizes))
            stream = smooth_stream(1000 * (case + 1), lambda: Scaled(genome, sizes), shape)
            module = Scaled(genome, sizes)
            fill(module.networks, stream)
            x = uniform(stream + 900, shape)
            tensors[f"{case}.stream"] = torch.tensor(stream)
            tensors[f"{case}.output"] = module(x)
            tensors[f"{case}.gradients"] = gradients(module(x), module.networks, stream + 901)
            module.eval()
            tensors[f"{case}.evaluation"] = module(x)
        save(TASKS / f"drq_{kind}.safetensors", tensors)


def observations(sizes, stream):
    x = uniform(stream, (BATCH, *observation_shape(sizes)))
    return ((x + 1) * 128).floor().clamp(0, 255).to(torch.uint8) if sizes.pixels else x


def updated(genome, sizes, stream, penalty=0.0, dtype=torch.float32):
    """An agent after some updates, and what each update found."""
    module = Networks(genome, sizes)
    fill(module, stream)
    agent = Agent(module.to(dtype), sizes.pixels, rate=1e-3, tau=0.1, noise=(1.0, 0.1, 10), penalty=penalty)
    generator = torch.Generator().manual_seed(stream)
    metrics = []
    for update in range(UPDATES):
        draw = stream + 1000 + 10 * update
        batch = (
            observations(sizes, draw),
            uniform(draw + 1, (BATCH, sizes.actions)),
            uniform(draw + 2, (BATCH, 1)) + 1,
            0.99 * (1 + uniform(draw + 3, (BATCH, 1)).sign()) / 2,
            observations(sizes, draw + 4),
        )
        metrics.append(agent.update([part.to(dtype) for part in batch], 2 * update, generator))
    tensors = dict(module.state_dict())
    tensors |= {f"average.critic.{key}": tensor for key, tensor in agent.target.named_parameters()}
    return tensors, metrics


def well_conditioned_stream(stream, genome, sizes, penalty):
    """The first stream, in steps of 1,000,000, at which float64 gives the same weights.

    Elsewhere rounding decides about them: AdamW's first steps have the sign of a gradient, however small that is.
    """
    while True:
        single, _ = updated(genome, sizes, stream, penalty)
        double, _ = updated(genome, sizes, stream, penalty, torch.float64)
        if all((single[k] - double[k]).abs().max() < 5e-6 * double[k].abs().max() for k in single):
            return stream
        stream += 1_000_000


def updates():
    """Every tensor after five updates: of DrQ-v2's networks, of genomes with spectral norm, and of the first with a
    penalty on saturated actions."""
    tensors = {}
    for kind, sizes in SIZES.items():
        genomes = genomes_of(sizes)
        for number, (case, penalty) in enumerate([(0, 0.0), (2, 0.0), (20, 0.0), (21, 0.0), (0, 0.5)]):
            stream = well_conditioned_stream(1_000_000, genomes[case], sizes, penalty)
            name = f"{kind}{number}"
            tensors[f"{name}.genome"] = torch.tensor(genomes[case])
            tensors[f"{name}.stream"] = torch.tensor(stream)
            tensors[f"{name}.penalty"] = torch.tensor(penalty, dtype=torch.float64)
            weights, metrics = updated(genomes[case], sizes, stream, penalty)
            tensors[f"{name}.metrics"] = torch.tensor(metrics, dtype=torch.float64)
            tensors |= {f"{name}.{key}": tensor for key, tensor in weights.items()}
    save(TASKS / "drq_updates.safetensors", tensors)


def parts():
    """The random shift, the truncated normal and the schedule by themselves."""
    tensors = {}
    images = ((uniform(1, (12, 3, 10, 10)) + 1) * 128).floor().clamp(0, 255)
    shift = RandomShift(4)
    drawn = shift.draw(12, torch.Generator().manual_seed(3))
    tensors["shift.drawn"] = drawn.flatten()
    tensors["shift.images"] = shift(images, drawn)
    mean = (uniform(2, (40, 6)) * 1.2).requires_grad_()
    for name, clip in [("normal", None), ("clipped", 0.3)]:
        mean.grad = None
        sample = truncated_normal(mean, 0.7, clip, torch.Generator().manual_seed(4))
        (sample * uniform(3, sample.shape)).sum().backward()
        tensors[f"{name}.sample"], tensors[f"{name}.gradient"] = sample, mean.grad.clone()
    steps = [0, 1, 250_000, 499_999, 500_000, 500_001, 10_000_000]
    tensors["schedule.steps"] = torch.tensor(steps)
    tensors["schedule.values"] = torch.tensor(
        [linear_schedule(1.0, 0.1, 500_000, step) for step in steps], dtype=torch.float64
    )
    save(TASKS / "drq_parts.safetensors", tensors)


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(0)
    for make in (networks, updates, parts):
        make()
    for path in sorted(TASKS.glob("drq_*.safetensors")):
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
