"""DrQ-v2 with the search space of its networks, as plainly as PyTorch allows.

The agent: Yarats et al. 2021 (arXiv 2107.09645); networks from a genome: Chebykin et al. 2023 (arXiv 2307.15621).
"""

import contextlib
import copy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import spectral_norm

CONVOLUTIONS = ["id", *(f"{kind}_{k}" for kind in ("conv", "residual", "sep_conv") for k in (3, 5, 7))]
LINEARS = ["id", "linear", "residual_05", "residual_2"]
ACTIVATIONS = ["id", "tanh", "relu", "swish"]
LAYERS = 3


@dataclass(frozen=True)
class Sizes:
    """`length` of a vector, or (channels, side) of pictures."""

    observation: int | tuple
    actions: int
    hidden: int = 1024
    encoder_channels: int = 32
    feature_lengths: tuple = (25, 50, 100, 150)

    @property
    def pixels(self):
        return isinstance(self.observation, tuple)

    @property
    def trunk_inputs(self):
        if not self.pixels:
            return self.observation
        return self.encoder_channels * ((self.observation[1] - 3) // 2 + 1) ** 2


def options_of_genes(sizes):
    """The number of options of each gene, in order."""
    layers = [4] * (LAYERS + 1) + [2]
    trunk = [len(sizes.feature_lengths), 4]
    encoder = [len(CONVOLUTIONS)] * LAYERS + layers if sizes.pixels else []
    perceptron = [len(LINEARS)] * LAYERS + layers
    return encoder + trunk + perceptron + trunk + perceptron + perceptron


def original_genome(sizes):
    """DrQ-v2's own networks; `sizes.feature_lengths[1]` is 50."""
    activations = [ACTIVATIONS.index("relu")] * (LAYERS + 1) + [0]
    encoder = [CONVOLUTIONS.index("conv_3")] * LAYERS + activations if sizes.pixels else []
    perceptron = [LINEARS.index("linear"), 0, 0] + activations
    trunk = [1, ACTIVATIONS.index("tanh")]
    return encoder + trunk + perceptron + trunk + perceptron + perceptron


class Reader:
    """Takes a genome's choices one after the other."""

    def __init__(self, genome):
        self.choices = iter(genome)

    def pick(self, options):
        return options[next(self.choices)]

    def layers(self, operations):
        return (
            [self.pick(operations) for _ in range(LAYERS)],
            [self.pick(ACTIVATIONS) for _ in range(LAYERS + 1)],
            self.pick([False, True]),
        )

    def trunk(self, sizes):
        return self.pick(sizes.feature_lengths), self.pick(ACTIVATIONS)


def activate(name, x):
    if name == "id":
        return x
    return {"tanh": torch.tanh, "relu": F.relu, "swish": F.silu}[name](x)


def orthogonal(layer):
    gain = nn.init.calculate_gain("relu") if isinstance(layer, nn.Conv2d) else 1
    nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)
    return layer


def switched(layer):
    return spectral_norm(orthogonal(layer))


def apply(layer, on, x):
    """A layer with spectral norm on or off: its tensors are there in both cases."""
    if on:
        return layer(x)
    if isinstance(layer, nn.Conv2d):
        return layer._conv_forward(x, layer.weight_orig, layer.bias)
    return F.linear(x, layer.weight_orig, layer.bias)


class EncoderLayer(nn.Module):
    def __init__(self, operation, channels, activation, on):
        super().__init__()
        self.activation, self.on = activation, on
        self.kind, _, kernel = operation.rpartition("_")
        kernel = int(kernel) if self.kind else None
        if self.kind == "conv":
            self.conv = switched(nn.Conv2d(channels, channels, kernel, padding="same"))
        elif self.kind == "residual":
            self.conv1 = switched(nn.Conv2d(channels, channels, kernel, padding="same"))
            self.conv2 = switched(nn.Conv2d(channels, channels, kernel, padding="same"))
        elif self.kind == "sep_conv":
            self.depthwise = switched(nn.Conv2d(channels, channels, kernel, padding="same", groups=channels))
            self.pointwise = switched(nn.Conv2d(channels, channels, 1))

    def forward(self, x):
        if self.kind == "conv":
            return activate(self.activation, apply(self.conv, self.on, x))
        if self.kind == "residual":
            h = activate(self.activation, apply(self.conv1, self.on, x))
            return activate(self.activation, x + apply(self.conv2, self.on, h))
        if self.kind == "sep_conv":
            h = apply(self.pointwise, self.on, apply(self.depthwise, self.on, x))
            return activate(self.activation, h)
        return x


class Encoder(nn.Module):
    def __init__(self, reader, sizes):
        super().__init__()
        operations, activations, self.on = reader.layers(CONVOLUTIONS)
        self.activation = activations[0]
        channels = sizes.encoder_channels
        self.first = switched(nn.Conv2d(sizes.observation[0], channels, 3, stride=2))
        for i in range(LAYERS):
            setattr(self, f"layer{i + 1}", EncoderLayer(operations[i], channels, activations[i + 1], self.on))

    def forward(self, images):
        x = activate(self.activation, apply(self.first, self.on, images / 255.0 - 0.5))
        return self.layer3(self.layer2(self.layer1(x))).flatten(1)


class Trunk(nn.Module):
    def __init__(self, length, activation, inputs):
        super().__init__()
        self.activation = activation
        self.linear = orthogonal(nn.Linear(inputs, length))
        self.norm = nn.LayerNorm(length)

    def forward(self, x):
        return activate(self.activation, self.norm(self.linear(x)))


class HiddenLayer(nn.Module):
    def __init__(self, operation, width, activation, on):
        super().__init__()
        self.operation, self.activation, self.on = operation, activation, on
        if operation == "linear":
            self.linear = switched(nn.Linear(width, width))
        elif operation.startswith("residual"):
            inner = width // 2 if operation == "residual_05" else width * 2
            self.norm = nn.LayerNorm(width)
            self.linear1 = switched(nn.Linear(width, inner))
            self.linear2 = switched(nn.Linear(inner, width))

    def forward(self, x):
        if self.operation == "linear":
            return activate(self.activation, apply(self.linear, self.on, x))
        if self.operation.startswith("residual"):
            h = activate(self.activation, apply(self.linear1, self.on, self.norm(x)))
            return x + apply(self.linear2, self.on, h)
        return x


class Perceptron(nn.Module):
    def __init__(self, choice, inputs, width, outputs):
        super().__init__()
        operations, activations, self.on = choice
        self.activation = activations[0]
        self.first = switched(nn.Linear(inputs, width))
        for i in range(LAYERS):
            setattr(self, f"layer{i + 1}", HiddenLayer(operations[i], width, activations[i + 1], self.on))
        self.head = orthogonal(nn.Linear(width, outputs))

    def forward(self, x):
        x = activate(self.activation, apply(self.first, self.on, x))
        x = self.layer3(self.layer2(self.layer1(x)))
        with torch.autocast("cpu", enabled=False):
            return self.head(x.to(self.head.weight.dtype))


class Actor(nn.Module):
    def __init__(self, reader, sizes):
        super().__init__()
        length, activation = reader.trunk(sizes)
        self.trunk = Trunk(length, activation, sizes.trunk_inputs)
        self.policy = Perceptron(reader.layers(LINEARS), length, sizes.hidden, sizes.actions)

    def preactivations(self, encoded):
        return self.policy(self.trunk(encoded))

    def forward(self, encoded):
        return torch.tanh(self.preactivations(encoded))


class Critic(nn.Module):
    def __init__(self, reader, sizes):
        super().__init__()
        length, activation = reader.trunk(sizes)
        self.trunk = Trunk(length, activation, sizes.trunk_inputs)
        self.q1 = Perceptron(reader.layers(LINEARS), length + sizes.actions, sizes.hidden, 1)
        self.q2 = Perceptron(reader.layers(LINEARS), length + sizes.actions, sizes.hidden, 1)

    def forward(self, encoded, actions):
        x = torch.cat([self.trunk(encoded), actions], -1)
        return self.q1(x), self.q2(x)


class Networks(nn.Module):
    """All networks; called, they give the mean actions and both Q networks' opinion of them."""

    def __init__(self, genome, sizes):
        super().__init__()
        reader = Reader(genome)
        self.encoder = Encoder(reader, sizes) if sizes.pixels else nn.Identity()
        self.actor = Actor(reader, sizes)
        self.critic = Critic(reader, sizes)

    def forward(self, observations):
        encoded = self.encoder(observations)
        actions = self.actor(encoded)
        return torch.cat([actions, *self.critic(encoded, actions)], 1)


class RandomShift:
    def __init__(self, pad=4):
        self.pad = pad

    def draw(self, count, generator=None):
        """x, then y of each image's shift."""
        return torch.randint(0, 2 * self.pad + 1, (count, 1, 1, 2), generator=generator)

    def __call__(self, images, shift):
        n, _, side, _ = images.shape
        padded = F.pad(images, (self.pad,) * 4, "replicate")
        step = 2.0 / (side + 2 * self.pad)
        line = torch.linspace(-1 + step / 2, 1 - step / 2, side + 2 * self.pad, dtype=images.dtype)[:side]
        grid = torch.stack(torch.meshgrid(line, line, indexing="xy"), 2).expand(n, side, side, 2)
        return F.grid_sample(padded, grid + shift * step, padding_mode="zeros", align_corners=False)


def truncated_normal(mean, deviation, clip=None, generator=None):
    noise = torch.empty(mean.shape).normal_(generator=generator).to(mean.dtype) * deviation
    if clip is not None:
        noise = noise.clamp(-clip, clip)
    x = mean + noise
    clamped = x.clamp(-1 + 1e-6, 1 - 1e-6)
    return x - x.detach() + clamped.detach()


def linear_schedule(start, end, steps, step):
    mix = min(max(step / steps, 0.0), 1.0)
    return (1 - mix) * start + mix * end


@contextlib.contextmanager
def evaluating(*modules):
    """Spectral norm takes no power iteration inside."""
    for module in modules:
        module.eval()
    try:
        yield
    finally:
        for module in modules:
            module.train()


class Agent:
    """DrQ-v2's update.

    Spectral norm takes a power iteration at a network's own update alone; the target critic has averaged parameters,
    each with an iteration of its own from the critic's u. `penalty` is the weight of the actions' squared
    pre-activations in the actor's loss, which DrQ-v2 does not have (Andrychowicz et al. 2017, arXiv 1707.01495).
    """

    def __init__(
        self,
        networks,
        pixels,
        rate=1e-4,
        tau=0.01,
        noise=(1.0, 0.1, 500_000),
        clip=0.3,
        pad=4,
        penalty=0.0,
        bfloat16=False,
        fused=None,
    ):
        self.encoder, self.actor, self.critic = networks.encoder, networks.actor, networks.critic
        self.target = copy.deepcopy(self.critic)
        options = dict(lr=rate, weight_decay=0.0, fused=fused)
        self.encoder_optimizer = torch.optim.AdamW(self.encoder.parameters(), **options) if pixels else None
        self.actor_optimizer = torch.optim.AdamW(self.actor.parameters(), **options)
        self.critic_optimizer = torch.optim.AdamW(self.critic.parameters(), **options)
        self.tau, self.noise, self.clip, self.penalty, self.bfloat16 = tau, noise, clip, penalty, bfloat16
        self.shift = RandomShift(pad) if pixels else None
        self.spectral = any(getattr(module, "on", False) for module in networks.modules())

    def frozen(self, *modules):
        return evaluating(*modules) if self.spectral else contextlib.nullcontext()

    def precision(self):
        return torch.autocast("cpu", torch.bfloat16) if self.bfloat16 else contextlib.nullcontext()

    def update(self, batch, step, generator=None):
        observations, actions, rewards, discounts, next_observations = batch
        deviation = linear_schedule(*self.noise, step)
        if self.shift:
            observations = self.augmented(observations, rewards.dtype, generator)
            next_observations = self.augmented(next_observations, rewards.dtype, generator)
        with self.precision():
            encoded = self.encoder(observations)
            with torch.no_grad(), self.frozen(self.encoder):
                next_encoded = self.encoder(next_observations)
        critic_loss, target = self.update_critic(
            encoded, actions, rewards, discounts, next_encoded, deviation, generator
        )
        actor_loss = self.update_actor(encoded.detach(), deviation, generator)
        with torch.no_grad():
            for average, live in zip(self.target.parameters(), self.critic.parameters()):
                average.copy_(self.tau * live + (1 - self.tau) * average)
        return critic_loss, actor_loss, target

    def augmented(self, images, dtype, generator):
        return self.shift(images.to(dtype), self.shift.draw(len(images), generator))

    def update_critic(self, encoded, actions, rewards, discounts, next_encoded, deviation, generator):
        with self.precision():
            with torch.no_grad():
                if self.spectral:
                    for average, live in zip(self.target.buffers(), self.critic.buffers()):
                        average.copy_(live)
                with self.frozen(self.actor):
                    mean = self.actor(next_encoded)
                q1, q2 = self.target(next_encoded, truncated_normal(mean, deviation, self.clip, generator))
                target = rewards + discounts * torch.min(q1, q2)
            q1, q2 = self.critic(encoded, actions)
            loss = F.mse_loss(q1, target) + F.mse_loss(q2, target)
        if self.encoder_optimizer:
            self.encoder_optimizer.zero_grad(set_to_none=True)
        self.critic_optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.critic_optimizer.step()
        if self.encoder_optimizer:
            self.encoder_optimizer.step()
        return loss.item(), target.mean().item()

    def update_actor(self, encoded, deviation, generator):
        with self.precision():
            preactivations = self.actor.preactivations(encoded)
            actions = truncated_normal(torch.tanh(preactivations), deviation, self.clip, generator)
            with self.frozen(self.critic):
                q1, q2 = self.critic(encoded, actions)
            loss = -torch.min(q1, q2).mean() + self.penalty * preactivations.square().mean()
        self.actor_optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.actor_optimizer.step()
        return loss.item()
