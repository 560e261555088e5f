"""A trainer of one's own for pbtnas, in PyTorch: small networks that tell points of two spirals apart.

`pbtnas run examples/trainer/trainer.yml` starts a copy per worker. It needs `pip install torch safetensors numpy`.
docs/trainers.md says what the lines of the protocol and the texts of a checkpoint's header mean.
"""

import errno
import json
import math
import os
import sys
import time
import traceback

import torch
from safetensors import torch as safetensors
from torch import nn

WIDTH, BATCH, STEPS = 32, 128, 200
INNER = {"none": 0, "narrow": 16, "wide": 64}
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "silu": nn.SiLU}
GENES = [
    {"name": "layer1", "options": list(INNER), "owns": ["layer1"]},
    {"name": "layer2", "options": list(INNER), "owns": ["layer2"]},
    {"name": "activation", "options": list(ACTIVATIONS), "owns": []},  # has no weights: only the option moves
]


class Layer(nn.Module):
    def __init__(self, inner, activation):
        super().__init__()
        self.inside = nn.Sequential(nn.Linear(WIDTH, inner), activation, nn.Linear(inner, WIDTH)) if inner else None

    def forward(self, x):
        return x if self.inside is None else x + self.inside(x)


class Network(nn.Module):
    def __init__(self, genome):  # for every gene, in their order, the index of its option
        super().__init__()
        layer1, layer2, activation = (gene["options"][index] for gene, index in zip(GENES, genome))
        self.activation = ACTIVATIONS[activation]()
        self.stem, self.norm = nn.Linear(2, WIDTH), nn.BatchNorm1d(WIDTH)  # running statistics are buffers
        self.layer1, self.layer2 = Layer(INNER[layer1], self.activation), Layer(INNER[layer2], self.activation)
        self.head = nn.Linear(WIDTH, 2)

    def forward(self, x):
        return self.head(self.layer2(self.layer1(self.activation(self.norm(self.stem(x))))))


def points(count, random):  # of two spirals, and which of them each is of
    label, radius = torch.randint(2, (count,), generator=random), 0.1 + 0.9 * torch.rand(count, generator=random)
    angle = 4 * math.pi * radius + math.pi * label
    place = radius * torch.stack([angle.cos(), angle.sin()])
    return place.T + 0.02 * torch.randn(count, 2, generator=random), label


def save(job, network, average, optimizer_state):
    tensors = network.state_dict() | {f"average.{name}": value for name, value in average.items()} | optimizer_state
    buffers = json.dumps([name for name, _ in network.named_buffers()])
    texts = {"format": "pbtnas-checkpoint-1", "genome": json.dumps(job["genome"]), "buffers": buffers}
    data = safetensors.save(tensors)
    length = int.from_bytes(data[:8], "little")
    # With texts, the library's own header is in another order each time; the same job is to give the same bytes.
    header = json.dumps(json.loads(data[8 : 8 + length]) | {"__metadata__": texts}).encode()
    with open(job["output"], "wb") as file:
        file.write(len(header).to_bytes(8, "little") + header + data[8 + length :])


def load(job):  # the network, its averaged weights, and all tensors of the file
    tensors, network = safetensors.load_file(job["checkpoint"]), Network(job["genome"])
    network.load_state_dict({name: tensors[name] for name in network.state_dict()})
    return network, {name: tensors[f"average.{name}"] for name, _ in network.named_parameters()}, tensors


def judge(network, average, seed):  # the averaged network; higher fitness is better
    place, label = points(4000, torch.Generator().manual_seed(seed))
    with torch.no_grad():
        scores = torch.func.functional_call(network.eval(), average, (place,))
    accuracy = (scores.argmax(1) == label).double().mean().item()
    fitness = -nn.functional.cross_entropy(scores, label).item()
    return {"fitness": fitness, "metrics": {"accuracy": accuracy}, "shown_metrics": ["accuracy"]}


def initialise(job, report):
    torch.manual_seed(job["seed"])
    network = Network(job["genome"])
    save(job, network, {name: value.detach().clone() for name, value in network.named_parameters()}, {})
    return {}


def train(job, report):
    network, average, tensors = load(job)
    parameters, start = dict(network.named_parameters()), time.monotonic()
    rate = job.get("hyperparameters", {}).get("learning_rate", 3e-3)
    optimizer = torch.optim.Adam(parameters.values(), rate)
    for name, parameter in parameters.items():  # those without state in the file start anew
        prefix = f"optimizer.{name}."
        state = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        optimizer.state[parameter].update(state)
    random = torch.Generator().manual_seed(job["seed"])
    for step in range(1, STEPS + 1):
        place, label = points(BATCH, random)
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(place), label).backward()
        optimizer.step()
        for name, parameter in parameters.items():
            average[name].lerp_(parameter.detach(), 0.05)
        if step % 50 == 0:
            report(progress=step / STEPS, samples_per_second=step * BATCH / (time.monotonic() - start))
    answer = judge(network, average, job["evaluation_seed"]) | {"seconds": time.monotonic() - start}
    state = {name: optimizer.state[parameter].items() for name, parameter in parameters.items()}
    state = {f"optimizer.{name}.{key}": value for name, items in state.items() for key, value in items}
    save(job, network, average, state)
    return answer


def evaluate(job, report):
    network, average, _ = load(job)
    return judge(network, average, job["seed"])


def main():
    # Standard output is for the protocol alone: whatever else is printed goes to the worker's log.
    wire = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def say(**message):
        wire.write(json.dumps(message) + "\n")

    say(ready=True, protocol=1, search_space={"genes": GENES, "hyperparameters": ["learning_rate"]})
    jobs = {"initialise": initialise, "train": train, "evaluate": evaluate}
    for line in sys.stdin:
        job = json.loads(line)
        try:
            answer = jobs[job["job"]](job, lambda **message: say(id=job["id"], **message))
        except Exception as error:
            traceback.print_exc()
            is_full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
            answer = {"error": repr(error), "disk_full": is_full}
        say(id=job["id"], **answer)


main()
