"""Numbers that Swift can make again without a file: SplitMix64 of a tensor's number and an element's index."""

import numpy as np
import torch

MASK = np.uint64(0xFFFFFFFFFFFFFFFF)


def uniform(stream: int, shape) -> torch.Tensor:
    """Float32 numbers in [-1, 1): element i of stream s is the output of SplitMix64's mix for s * 2^32 + i + 1."""
    count = int(np.prod(shape, dtype=np.int64))
    with np.errstate(over="ignore"):
        z = (np.arange(count, dtype=np.uint64) + np.uint64(1) + (np.uint64(stream) << np.uint64(32)))
        z = z * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    values = (z >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1
    return torch.from_numpy(values.astype(np.float32).reshape(tuple(shape)))


def fill(module: torch.nn.Module, stream: int) -> None:
    """Gives every tensor of a module values: tensor k in the alphabetical order of names has stream + k.

    Matrices and kernels u * sqrt(3 / fan in); scales and running variances 1 + u / 5; u and v of spectral norm
    u divided by its length; other vectors u / 5; whole numbers 0.
    """
    with torch.no_grad():
        for k, (name, tensor) in enumerate(sorted(module.state_dict(keep_vars=True).items())):
            if not tensor.is_floating_point():
                tensor.zero_()
                continue
            u = uniform(stream + k, tensor.shape)
            if name.endswith(("weight_u", "weight_v")):
                u = u / u.double().norm().float()
            elif tensor.dim() >= 2:
                u = u * np.float32(np.sqrt(3 / (tensor.numel() / tensor.shape[0])))
            elif name.endswith(("norm.weight", "running_var")):
                u = 1 + u / 5
            else:
                u = u / 5
            tensor.copy_(u)
