"""A trainer for the engine's tests, with the standard library alone: small networks, and faults on demand.

Usage: toy_trainer.py [--fault NAME] [--marker PATH] [--times N] [--only TEXT] [--seconds S] [--evaluation-seconds S] [--shows]
                      [--data PATH]

The fault happens in the first N (default 1) training jobs over all workers whose output's path has TEXT in it: each
takes the next free file name PATH.0, PATH.1, ... A fault `start-...` happens while starting, one `evaluation-...` in every
evaluation. Training takes S seconds,
silent ones; a job of evaluation its own number, in which it says how far it is. With --shows it writes a text file about
a network where an evaluation wants such files. With --data it does not start without that file.
"""

import argparse
import json
import os
import signal
import struct
import subprocess
import sys
import threading
import time

GENES = [
    {"name": "g0", "options": ["none", "small", "wide"], "owns": ["net.g0"]},
    {"name": "g1", "options": ["a", "b"], "owns": ["net.g1"]},
    {"name": "g2", "options": ["relu", "tanh"], "owns": []},
]


def say(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


class Random:
    """SplitMix64, keyed by a seed and a text."""

    def __init__(self, seed, text):
        self.state = seed
        for byte in text.encode():
            self.state = (self.state * 0x100000001B3 ^ byte) & 0xFFFFFFFFFFFFFFFF

    def uniform(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        return ((z ^ (z >> 31)) >> 11) * 2.0**-53


def layers(genome):
    result = {"net.stem": 4}
    if genome[0] > 0:
        result["net.g0"] = 2 * genome[0]
    result["net.g1"] = 3 + genome[1]
    return result


def count(shape):
    result = 1
    for length in shape:
        result *= length
    return result


def fresh(genome, seed):
    """Name -> (dtype, shape, values)."""
    tensors = {}
    for layer, width in layers(genome).items():
        for name, shape in [(f"{layer}.weight", [width, 3]), (f"{layer}.bias", [3])]:
            random = Random(seed, name)
            values = [2 * random.uniform() - 1 for _ in range(count(shape))]
            tensors[name] = ("F32", shape, values)
            tensors["average." + name] = ("F32", shape, list(values))
        tensors[f"{layer}.batches"] = ("I64", [], [0])
    return tensors


FORMATS = {"F32": "f", "I64": "q"}


def write(path, genome, tensors):
    header = {
        "__metadata__": {
            "format": "pbtnas-checkpoint-1",
            "genome": json.dumps(genome),
            "task": "toy",
            "buffers": json.dumps(sorted(name for name in tensors if name.endswith(".batches"))),
        }
    }
    data = b""
    for name, (dtype, shape, values) in tensors.items():
        part = struct.pack(f"<{len(values)}{FORMATS[dtype]}", *values)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header).encode()
    with open(path + ".tmp", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
    os.replace(path + ".tmp", path)


def read(path):
    with open(path, "rb") as file:
        content = file.read()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    data = content[8 + length :]
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            values = struct.unpack(f"<{count(entry['shape'])}{FORMATS[entry['dtype']]}", data[start:end])
            tensors[name] = (entry["dtype"], entry["shape"], list(values))
    return tensors


def train(tensors, seed, step):
    for name in [name for name in tensors if name.startswith("net.")]:
        dtype, shape, values = tensors[name]
        if dtype == "I64":
            tensors[name] = (dtype, shape, [values[0] + 1])
            continue
        random = Random(seed, name)
        state = f"optimizer.{name}.exp_avg"
        moments = tensors[state][2] if state in tensors else [0.0] * len(values)
        moments = [0.9 * m + 0.1 * (random.uniform() - 0.5) for m in moments]
        values = [w - step * m for w, m in zip(values, moments)]
        average = [0.5 * a + 0.5 * w for a, w in zip(tensors["average." + name][2], values)]
        tensors[name] = (dtype, shape, values)
        tensors["average." + name] = (dtype, shape, average)
        tensors[state] = ("F32", shape, moments)
        tensors[f"optimizer.{name}.step"] = ("F32", [], [1.0])


def fitness(tensors, genome):
    values = [w for name, (dtype, _, part) in tensors.items() if name.startswith("net.") and dtype == "F32" for w in part]
    return -sum(abs(w - 0.3) for w in values) / len(values) + 0.01 * sum(genome)


def unreachable_signals():
    """How many signals this process would not get that others end or wake it by."""
    with open("/proc/self/status") as file:
        masks = {name: int(mask, 16) for name, mask in (line.split(":") for line in file if line.startswith("Sig")) if name != "SigQ"}
    signals = [signal.SIGTERM, signal.SIGALRM, signal.SIGUSR1]
    return sum(masks["SigBlk"] >> number - 1 & 1 or masks["SigIgn"] >> number - 1 & 1 for number in signals)


def takes_fault(options):
    for turn in range(options.times):
        try:
            os.close(os.open(f"{options.marker}.{turn}", os.O_CREAT | os.O_EXCL))
            return True
        except FileExistsError:
            continue
    return False


def spoil(tensors, fault):
    """Faults of the checkpoint."""
    dtype, shape, values = tensors["net.stem.weight"]
    if fault == "missing-tensor":
        del tensors["net.stem.weight"]
    elif fault == "extra-tensor":
        tensors["net.more.weight"] = (dtype, shape, values)
    elif fault == "misshapen-tensor":
        tensors["net.stem.weight"] = (dtype, [3, 4], values)
    elif fault == "nan-weights":
        tensors["net.stem.weight"] = (dtype, shape, values[:-1] + [float("nan")])


def die_in_mid_training(fault, options):
    if fault == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif fault == "killed-with-orphan":
        subprocess.Popen(["sleep", "60"], close_fds=False)
        os.kill(os.getpid(), signal.SIGKILL)
    elif fault == "killed-with-stranger":
        # In a group of its own, so that nobody ends it, and with this one's output.
        subprocess.Popen(["sleep", "60"], close_fds=False, start_new_session=True)
        os.kill(os.getpid(), signal.SIGKILL)
    elif fault == "exit-without-data":
        os.remove(options.data)
        os._exit(3)
    elif fault == "hang":
        time.sleep(3600)
    elif fault == "exit":
        print("out of cheese", file=sys.stderr, flush=True)
        os._exit(3)


def do_train(job, options):
    may_fail = options.fault and options.only in job["output"]
    may_fail = may_fail and not options.fault.startswith("evaluation-")
    fault = options.fault if may_fail and takes_fault(options) else None
    tensors = read(job["checkpoint"])
    say({"id": job["id"], "progress": 0.5, "samples_per_second": 1000})
    if options.seconds:
        time.sleep(options.seconds)
    die_in_mid_training(fault, options)
    step = job.get("hyperparameters", {}).get("step", 1.0)
    train(tensors, job["seed"], step)
    spoil(tensors, fault)
    genome = [2, 1, 1] if fault == "wrong-genome" else job["genome"]
    write(job["output"], genome, tensors)
    if fault == "truncated-checkpoint":
        os.truncate(job["output"], 300)
    answer = {
        "id": job["id"],
        "fitness": fitness(tensors, job["genome"]) if fault != "nan-fitness" else "NaN",
        "metrics": {"open_files": len(os.listdir("/proc/self/fd")), "threads": int(os.environ["OMP_NUM_THREADS"]), "step": step, "unreachable_signals": unreachable_signals()},
        "files": [],
        "seconds": options.seconds,
    }
    if fault == "no-fitness":
        del answer["fitness"]
    elif fault == "wrong-id":
        answer["id"] += 1
    elif fault == "junk":
        print("Epoch 1: loss 0.3", flush=True)
    elif fault == "error":
        answer = {"id": job["id"], "error": "the loss is a lemon"}
    elif fault == "warning":
        answer["warnings"] = ["the cheese is a day old", "so is the bread"]
    elif fault == "disk-full":
        answer = {"id": job["id"], "error": "no room left", "disk_full": True}
    say(answer)


def do_evaluate(job, options):
    start = time.monotonic()
    while (elapsed := time.monotonic() - start) < options.evaluation_seconds:
        say({"id": job["id"], "progress": elapsed / options.evaluation_seconds})
        time.sleep(0.1)
    found = fitness(read(job["checkpoint"]), job["genome"])
    answer = {"id": job["id"], "fitness": found, "files": [], "seconds": options.evaluation_seconds}
    if options.fault == "evaluation-warning":
        answer["warnings"] = ["the scales are old"]
    if options.shows and job.get("artifacts"):
        answer["files"] = [job["artifacts"] + ".txt"]
        with open(answer["files"][0], "w") as file:
            file.write(f"fitness {found}")
    say(answer)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fault")
    parser.add_argument("--marker")
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--evaluation-seconds", type=float, default=0.0)
    parser.add_argument("--shows", action="store_true")
    parser.add_argument("--data")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    starting = options.fault if (options.fault or "").startswith("start-") else None
    if starting:
        options.fault = None
    data_is_missing = options.data and not os.path.exists(options.data)
    if starting == "start-exit" or data_is_missing or starting == "start-exit-once" and takes_fault(options):
        sys.exit("there is no data set here")
    if starting == "start-hang":
        time.sleep(3600)
    if starting == "start-junk":
        print("Welcome!", flush=True)
    ready = {
        "ready": True,
        "protocol": 2 if starting == "start-protocol" else 1,
        "search_space": {"genes": GENES, "hyperparameters": ["step"]},
    }
    if options.shows:
        ready["shows_best"] = True
    say(ready)
    if starting == "start-deaf":
        os.kill(os.getpid(), signal.SIGSTOP)
    jobs, arrived = [], threading.Condition()

    def take_jobs():
        for line in sys.stdin:
            with arrived:
                jobs.append(json.loads(line))
                arrived.notify()
        os._exit(0)

    threading.Thread(target=take_jobs, daemon=True).start()
    while True:
        with arrived:
            while not jobs:
                arrived.wait()
            job = jobs.pop(0)
        if job["job"] == "initialise":
            write(job["output"], job["genome"], fresh(job["genome"], job["seed"]))
            say({"id": job["id"]})
        elif job["job"] == "train":
            do_train(job, options)
        else:
            do_evaluate(job, options)


main()
