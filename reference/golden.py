#!/usr/bin/env python3
"""Makes the golden values of Tests/TorchTests and Tests/TasksTests. Run it with the packages of requirements.txt.

Inputs are not stored: `values.uniform` makes them, and Tests/TorchTestSupport makes the same.
"""

from pathlib import Path

import numpy as np
import scipy.linalg
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn
from torch.nn.utils import spectral_norm

from pbtnas_reference.gan import Discriminator, Generator, Sizes
from pbtnas_reference.training import Training
from pbtnas_reference.values import fill, uniform

ROOT = Path(__file__).resolve().parent.parent
TORCH = ROOT / "Tests/TorchTests/Golden"
TASKS = ROOT / "Tests/TasksTests/Golden"
CASES = 60


def save(path, tensors):
    save_file({name: t.detach().contiguous() for name, t in tensors.items()}, path)


def gradients(output, module, stream):
    """Gradients of sum(output * R), one after the other in the alphabetical order of the names; 0 where unused."""
    module.zero_grad()
    (output * uniform(stream, output.shape)).sum().backward()
    parts = [torch.zeros_like(p) if p.grad is None else p.grad for _, p in sorted(module.named_parameters())]
    return torch.cat([part.flatten() for part in parts])


def smooth_stream(stream, make, x_shape, x_scale=1):
    """The first stream, in steps of 1,000,000, at which no activation lies near its kink at 0.

    Elsewhere the order of a sum's terms would decide about the gradient.
    """
    relu, nearest = F.relu, []

    def watching(x):
        magnitudes = x.detach().abs()
        if magnitudes.max() > 0:
            nearest.append((magnitudes[magnitudes > 0].min() / magnitudes.max()).item())
        return relu(x)

    F.relu = watching
    try:
        while True:
            nearest.clear()
            module = make().double()
            fill(module, stream)
            module(uniform(stream + 900, x_shape).double() * x_scale)
            if min(nearest, default=1) > 2e-6:
                return stream
            stream += 1_000_000
    finally:
        F.relu = relu


def layer_cases():
    """name -> (module, input shape, evaluation mode)"""
    yield "linear", nn.Linear(5, 3), (4, 5), False
    yield "conv", nn.Conv2d(3, 4, 3, padding=1), (2, 3, 6, 6), False
    yield "conv_strided_5x5", nn.Conv2d(3, 4, 5, stride=2, padding=2), (2, 3, 8, 8), False
    yield "conv_dilated", nn.Conv2d(3, 4, 3, padding=2, dilation=2), (2, 3, 6, 6), False
    yield "conv_depthwise", nn.Conv2d(4, 4, 3, padding=1, groups=4), (2, 4, 6, 6), False
    yield "conv_transpose", nn.ConvTranspose2d(3, 4, 3, 2, 1, 1), (2, 3, 4, 4), False
    yield "conv_transpose_depthwise", nn.ConvTranspose2d(4, 4, 3, 2, 1, 1, groups=4, bias=False), (2, 4, 4, 4), False
    yield "norm_training", nn.ModuleDict({"norm": nn.BatchNorm2d(4)}), (3, 4, 5, 5), False
    yield "norm_evaluation", nn.ModuleDict({"norm": nn.BatchNorm2d(4)}), (3, 4, 5, 5), True
    yield "layer_norm", nn.ModuleDict({"norm": nn.LayerNorm(6)}), (3, 6), False


def layers():
    tensors = {}
    for case, (name, module, shape, evaluation) in enumerate(layer_cases()):
        stream = 1000 * (case + 1)
        fill(module, stream)
        module.train(not evaluation)
        x = uniform(stream + 900, shape).requires_grad_()
        y = module["norm"](x) if isinstance(module, nn.ModuleDict) else module(x)
        tensors[f"{name}.output"] = y
        tensors[f"{name}.gradients"] = gradients(y, module, stream + 901)
        tensors[f"{name}.input_gradient"] = x.grad
        for key, buffer in module.named_buffers():
            tensors[f"{name}.{key}"] = buffer.clone()
    for case, (kind, layer, shape) in enumerate(
        [("conv", nn.Conv2d(3, 4, 3, padding=1), (2, 3, 6, 6)), ("linear", nn.Linear(5, 1, bias=False), (4, 5))]
    ):
        stream = 100_000 + 1000 * case
        module = spectral_norm(layer)
        fill(module, stream)
        for step in range(3):
            x = uniform(stream + 900 + step, shape)
            y = module(x)
            tensors[f"spectral_{kind}.output{step}"] = y
            tensors[f"spectral_{kind}.gradients{step}"] = gradients(y, module, stream + 910 + step)
        module.eval()
        tensors[f"spectral_{kind}.evaluation"] = module(uniform(stream + 903, shape))
        for key, buffer in module.named_buffers():
            tensors[f"spectral_{kind}.{key}"] = buffer.clone()
    x = uniform(200_000, (2, 3, 4, 4))
    tensors["nearest"] = F.interpolate(x, size=(8, 8), mode="nearest")
    tensors["bilinear"] = F.interpolate(x, size=(8, 8), mode="bilinear", align_corners=False)
    tensors["bilinear_x4"] = F.interpolate(x, size=(16, 16), mode="bilinear", align_corners=False)
    tensors["avg_pool"] = F.avg_pool2d(x, 2)
    tensors["max_pool"] = F.max_pool2d(x, 2)
    logits = uniform(200_001, (6, 10)) * 3
    tensors["cross_entropy"] = F.cross_entropy(logits, torch.tensor([0, 3, 9, 1, 3, 7]))
    save(TORCH / "layers.safetensors", tensors)


def initial_values():
    """`orthogonal_` of wide, tall, square matrices and of kernels, all from one generator."""
    generator = torch.Generator().manual_seed(7)
    tensors = {}
    for case, shape in enumerate([(3, 8), (8, 3), (5, 5), (6, 4, 3, 3), (30, 2, 3, 3), (4, 1, 5, 5)]):
        tensors[f"orthogonal{case}"] = nn.init.orthogonal_(torch.empty(shape), 2**0.5, generator=generator)
    save(TORCH / "initial_values.safetensors", tensors)


def optimizers():
    tensors = {}
    settings = {
        "gan": dict(lr=2e-4, betas=(0.0, 0.9), eps=1e-4, weight_decay=0.0),
        "default": dict(lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0),
        "decay": dict(lr=1e-2, betas=(0.9, 0.99), eps=1e-8, weight_decay=1e-2),
    }
    shapes = [(4, 3, 3, 3), (7,), (5, 6)]
    for case, (name, options) in enumerate(settings.items()):
        stream = 300_000 + 1000 * case
        parameters = [nn.Parameter(uniform(stream + i, shape)) for i, shape in enumerate(shapes)]
        optimizer = torch.optim.AdamW(parameters, **options, foreach=False, fused=False)
        averages = [p.detach().clone() for p in parameters]
        for step in range(20):
            for i, p in enumerate(parameters):
                p.grad = uniform(stream + 10 + 3 * step + i, p.shape)
            optimizer.step()
            averages = [0.9 * a + 0.1 * p.detach() for a, p in zip(averages, parameters)]
        for i, p in enumerate(parameters):
            tensors[f"{name}.{i}"] = p
            tensors[f"{name}.average{i}"] = averages[i]
            tensors[f"{name}.exp_avg{i}"] = optimizer.state[p]["exp_avg"]
            tensors[f"{name}.exp_avg_sq{i}"] = optimizer.state[p]["exp_avg_sq"]
    save(TORCH / "optimizers.safetensors", tensors)


GENERATOR_SIZES = Sizes(bottom_width=2, image_channels=2, latent=6, generator_width=3, discriminator_width=4)


def random_genomes(count):
    """The same option everywhere, for each option, then random ones."""
    genomes = [[min(option, 2)] * 2 + [option] * 5 for option in range(7)]
    genomes = [g * 3 for g in genomes]
    generator = np.random.default_rng(0)
    while len(genomes) < count:
        genomes.append(sum(([*generator.integers(0, 3, 2), *generator.integers(0, 7, 5)] for _ in range(3)), []))
    return [[int(c) for c in g] for g in genomes]


def generators():
    tensors = {}
    genomes = random_genomes(CASES)
    tensors["genomes"] = torch.tensor(genomes, dtype=torch.int64)
    for case, genome in enumerate(genomes):
        stream = smooth_stream(
            1000 * (case + 1), lambda: Generator(genome, GENERATOR_SIZES), (3, GENERATOR_SIZES.latent), 2
        )
        tensors[f"{case}.stream"] = torch.tensor(stream)
        module = Generator(genome, GENERATOR_SIZES)
        fill(module, stream)
        z = uniform(stream + 900, (3, GENERATOR_SIZES.latent)) * 2
        tensors[f"{case}.output"] = module(z)
        tensors[f"{case}.gradients"] = gradients(module(z), module, stream + 901)
        module.eval()
        tensors[f"{case}.evaluation"] = module(z)
    save(TASKS / "generator.safetensors", tensors)


def generator_initial_values():
    """Mean, deviation and largest magnitude of every parameter's initial values, over 40 generators."""
    genome = [2, 2, 2, 3, 4, 5, 6] * 3
    draws = {}
    for _ in range(40):
        for name, parameter in Generator(genome, Sizes(bottom_width=2, latent=6, generator_width=8)).named_parameters():
            draws.setdefault(name, []).append(parameter.detach().double().flatten())
    tensors = {"genome": torch.tensor(genome)}
    for name, parts in draws.items():
        values = torch.cat(parts)
        tensors[name] = torch.stack([values.mean(), values.std(correction=0), values.abs().max()])
    save(TASKS / "generator_initial_values.safetensors", tensors)


def discriminators():
    tensors = {}
    for case in range(CASES):
        # Widths 2...6, grey or colour, images of 8, 16 or 32.
        sizes = Sizes(image_channels=1 + 2 * (case % 2), discriminator_width=2 + case % 5)
        side = [8, 16, 32][case % 3]
        stream = smooth_stream(
            1000 * (case + 1), lambda: Discriminator(sizes), (2, sizes.image_channels, side, side)
        )
        tensors[f"{case}.stream"] = torch.tensor(stream)
        module = Discriminator(sizes)
        fill(module, stream)
        x = uniform(stream + 900, (2, sizes.image_channels, side, side))
        y = module(x)
        tensors[f"{case}.output"] = y
        tensors[f"{case}.gradients"] = gradients(y, module, stream + 901)
        module.eval()
        tensors[f"{case}.evaluation"] = module(x)
    save(TASKS / "discriminator.safetensors", tensors)


def trainings():
    tensors = {}
    for case, genome in enumerate(random_genomes(CASES)[20:23]):
        stream = 1_000_000 * (case + 1)
        generator, discriminator = Generator(genome, GENERATOR_SIZES), Discriminator(GENERATOR_SIZES)
        fill(generator, stream)
        fill(discriminator, stream + 500)
        training = Training(generator, discriminator, rate=2e-4, decay=0.9)
        draws = iter(range(stream + 1000, stream + 2000))
        side = GENERATOR_SIZES.resolution
        losses = []
        for _ in range(2):
            for _ in range(2):
                real = uniform(next(draws), (4, GENERATOR_SIZES.image_channels, side, side))
                losses.append(training.discriminator_step(real, uniform(next(draws), (4, GENERATOR_SIZES.latent))))
            losses.append(training.generator_step(uniform(next(draws), (8, GENERATOR_SIZES.latent))))
        tensors[f"{case}.losses"] = torch.tensor(losses, dtype=torch.float64)
        for prefix, module in [
            ("generator", generator), ("discriminator", discriminator), ("average.generator", training.average),
        ]:
            source = module.named_parameters() if prefix.startswith("average") else module.state_dict().items()
            for name, tensor in source:
                tensors[f"{case}.{prefix}.{name}"] = tensor
    save(TASKS / "training.safetensors", tensors)


def frechet():
    """The formula of FID with scipy's matrix square root, in float64."""
    generator = np.random.default_rng(1)
    tensors = {}
    for name, count, length in [("small", 200, 8), ("features", 400, 64), ("deficient", 20, 32)]:
        mixing = generator.normal(size=(length, length)) / np.sqrt(length)
        a = generator.normal(size=(count, length)).astype(np.float32).astype(np.float64)
        b = (generator.normal(size=(count, length)) @ mixing + 0.3).astype(np.float32).astype(np.float64)
        c1, c2 = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
        root = scipy.linalg.sqrtm(c1 @ c2).real
        distance = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(c1) + np.trace(c2) - 2 * np.trace(root)
        tensors[f"{name}.a"] = torch.from_numpy(a).float()
        tensors[f"{name}.b"] = torch.from_numpy(b).float()
        tensors[f"{name}.distance"] = torch.tensor(distance, dtype=torch.float64)
    save(TASKS / "frechet.safetensors", tensors)


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(0)
    for folder in (TORCH, TASKS):
        folder.mkdir(parents=True, exist_ok=True)
    for make in (
        layers, initial_values, optimizers, generators, discriminators, trainings, frechet, generator_initial_values,
    ):
        make()
    for path in sorted([*TORCH.glob("*.safetensors"), *TASKS.glob("*.safetensors")]):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
