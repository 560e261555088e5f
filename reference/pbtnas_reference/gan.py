"""The search space `Gan`: AdversarialNAS's generator cells and AutoGAN's discriminator, as plainly as PyTorch allows."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import spectral_norm

UPS = ["nearest", "bilinear", "conv_transpose"]
EDGES = ["none", "skip_connect", "conv_1x1", "conv_3x3", "conv_5x5", "dil_conv_3x3", "dil_conv_5x5"]
GENES_PER_CELL = 7


@dataclass(frozen=True)
class Sizes:
    cells: int = 3
    bottom_width: int = 4
    image_channels: int = 3
    latent: int = 120
    generator_width: int = 256
    discriminator_width: int = 128

    @property
    def resolution(self):
        return self.bottom_width << self.cells


def xavier(conv):
    nn.init.xavier_uniform_(conv.weight)
    return conv


class Up(nn.Module):
    def __init__(self, kind, width):
        super().__init__()
        self.kind = kind
        if kind == "conv_transpose":
            # PyTorch's default: AdversarialNAS's rule for Xavier goes by the class name `Conv2d`.
            self.depthwise = nn.ConvTranspose2d(width, width, 3, 2, 1, 1, groups=width, bias=False)
            self.pointwise = xavier(nn.Conv2d(width, width, 1, bias=False))
        else:
            self.conv = xavier(nn.Conv2d(width, width, 1))

    def forward(self, x):
        if self.kind == "conv_transpose":
            return self.pointwise(self.depthwise(F.relu(x)))
        return self.conv(F.relu(resize(x, x.shape[2] * 2, self.kind)))


def resize(x, size, mode):
    return F.interpolate(x, size=(size, size), mode=mode, align_corners=False if mode == "bilinear" else None)


def edge(kind, width):
    if kind in ("none", "skip_connect"):
        return None
    kernel = int(kind[-1])
    dilation = 2 if kind.startswith("dil") else 1
    return xavier(nn.Conv2d(width, width, kernel, 1, dilation * (kernel - 1) // 2, dilation))


class Cell(nn.Module):
    def __init__(self, number, choice, width):
        super().__init__()
        self.mode = "bilinear" if number % 2 == 0 else "nearest"
        self.up0, self.up1 = (Up(UPS[c], width) for c in choice[:2])
        self.kinds = [EDGES[c] for c in choice[2:]]
        for i, kind in enumerate(self.kinds):
            layer = edge(kind, width)
            if layer is not None:
                setattr(self, f"c{i}", layer)
        self.skip_count = number - 1
        for i in range(self.skip_count):
            setattr(self, f"skip{i + 1}", xavier(nn.Conv2d(width, width, 1)))

    def apply_edge(self, i, x):
        if self.kinds[i] == "none":
            return None
        return x if self.kinds[i] == "skip_connect" else getattr(self, f"c{i}")(F.relu(x))

    def forward(self, x, skips):
        a, b = self.up0(x), self.up1(x)
        nodes = [n for n in (self.apply_edge(0, a), self.apply_edge(1, b)) if n is not None]
        middle = sum(nodes) if nodes else a + b
        for i, skip in enumerate(skips):
            middle = middle + getattr(self, f"skip{i + 1}")(resize(skip, middle.shape[2], self.mode))
        ends = [self.apply_edge(2, a), self.apply_edge(3, b), self.apply_edge(4, middle)]
        ends = [n for n in ends if n is not None]
        return (sum(ends) if ends else middle), middle


class Generator(nn.Module):
    def __init__(self, genome, sizes):
        super().__init__()
        self.sizes = sizes
        width = sizes.generator_width
        for i in range(sizes.cells):
            side = sizes.bottom_width << i
            setattr(self, f"projection{i + 1}", nn.Linear(sizes.latent // sizes.cells, width * side * side))
            setattr(self, f"cell{i + 1}", Cell(i + 1, genome[7 * i : 7 * i + 7], width))
        self.norm = nn.BatchNorm2d(width)
        nn.init.normal_(self.norm.weight, 1, 0.02)
        self.out = xavier(nn.Conv2d(width, sizes.image_channels, 3, 1, 1))

    def forward(self, z):
        features, skips = None, []
        for i, part in enumerate(z.chunk(self.sizes.cells, 1)):
            side = self.sizes.bottom_width << i
            projected = getattr(self, f"projection{i + 1}")(part).view(len(z), -1, side, side)
            features = projected if features is None else features + projected
            features, skip = getattr(self, f"cell{i + 1}")(features, skips)
            skips.append(skip)
        return torch.tanh(self.out(F.relu(self.norm(features))))


class Block(nn.Module):
    def __init__(self, inputs, width, first, halves):
        super().__init__()
        self.first, self.halves = first, halves
        self.conv1 = spectral_norm(xavier(nn.Conv2d(inputs, width, 3, 1, 1)))
        self.conv2 = spectral_norm(xavier(nn.Conv2d(width, width, 3, 1, 1)))
        if halves:
            self.shortcut = spectral_norm(xavier(nn.Conv2d(inputs, width, 1)))

    def forward(self, x):
        h = self.conv2(F.relu(self.conv1(x if self.first else F.relu(x))))
        if not self.halves:
            return h + x
        return F.avg_pool2d(h, 2) + F.avg_pool2d(self.shortcut(x), 2)


class Discriminator(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        width = sizes.discriminator_width
        for i in range(4):
            setattr(self, f"block{i + 1}", Block(width if i else sizes.image_channels, width, i == 0, i < 2))
        self.linear = spectral_norm(nn.Linear(width, 1, bias=False))

    def forward(self, x):
        for i in range(4):
            x = getattr(self, f"block{i + 1}")(x)
        return self.linear(F.relu(x).sum((2, 3)))
