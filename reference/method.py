"""The method's random draws once more, in plain Python: prints the golden values of Tests/PBTNASTests.

    python3 reference/method.py

Written from the definitions (SplitMix64; a seed is a hash of run seed, member, interval and purpose), not from
the Swift code, so that a change of a draw cannot go unnoticed.
"""

import math

MASK = (1 << 64) - 1
GOLDEN_RATIO = 0x9E3779B97F4A7C15
PURPOSES = {
    "initialGenomes": 1, "initialWeights": 2, "training": 3, "evaluation": 4, "parents": 5, "mixing": 6,
    "freshWeights": 7, "mutation": 8, "noise": 9, "initialHyperparameters": 10, "exploration": 11,
}


def mix_bits(z):
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
    return z ^ (z >> 31)


def seed_of(run_seed, member, interval, purpose):
    value = 0x5042544E41530001
    for part in (run_seed, member & MASK, interval & MASK, PURPOSES[purpose]):
        value = mix_bits((value * GOLDEN_RATIO + part) & MASK)
    return value >> 11


class Generator:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + GOLDEN_RATIO) & MASK
        return mix_bits(self.state)

    def uniform(self):
        return (self.next() >> 11) * 2.0**-53

    def below(self, bound):
        limit = MASK - MASK % bound
        while True:
            bits = self.next()
            if bits < limit:
                return bits % bound

    def normal(self):
        radius = math.sqrt(-2 * math.log(1 - self.uniform()))
        return radius * math.cos(2 * math.pi * self.uniform())

    def shuffle(self, elements):
        for last in range(len(elements) - 1, 0, -1):
            other = self.below(last + 1)
            elements[last], elements[other] = elements[other], elements[last]
        return elements


def initial_population(option_counts, size, run_seed):
    columns = []
    for gene, options in enumerate(option_counts):
        random = Generator(seed_of(run_seed, gene, 0, "initialGenomes"))
        column = [i % options for i in range(size // options * options)]
        column += [random.below(options) for _ in range(size - len(column))]
        columns.append(random.shuffle(column))
    return [list(choices) for choices in zip(*columns)]


def mixing(parents, dropped, genomes, probability, interval, run_seed):
    """(member, base, donor, donated genes) for each dropped member; `parents` best first."""
    offspring = []
    for member in dropped:
        random = Generator(seed_of(run_seed, member, interval, "parents"))
        first = random.below(len(parents))
        second = random.below(len(parents) - 1)
        second += second >= first
        base, donor = parents[min(first, second)], parents[max(first, second)]
        random = Generator(seed_of(run_seed, member, interval, "mixing"))
        donated = [gene for gene in range(len(genomes[0])) if random.uniform() < probability]
        offspring.append((member, base, donor, donated))
    return offspring


def sample(domain, random):
    """A domain is ("linear" or "log", low, high) or a list of values."""
    if isinstance(domain, list):
        return domain[random.below(len(domain))]
    scale, low, high = domain
    if scale == "linear":
        value = low + (high - low) * random.uniform()
    else:
        value = math.exp(math.log(low) + (math.log(high) - math.log(low)) * random.uniform())
    return min(max(value, low), high)


def explore(domain, value, factors, resample, random):
    if random.uniform() < resample:
        return sample(domain, random)
    if isinstance(domain, list):
        place = domain.index(value) + (-1 if random.below(2) == 0 else 1)
        return domain[min(max(place, 0), len(domain) - 1)]
    return min(max(value * factors[random.below(len(factors))], domain[1]), domain[2])


def explorations(domains, member, run_seed, intervals):
    """A member's first hyperparameters, and then those of offspring that fill its slot, each from the one before."""
    random = Generator(seed_of(run_seed, member, 0, "initialHyperparameters"))
    history = [{name: sample(domains[name], random) for name in sorted(domains)}]
    for interval in range(1, intervals + 1):
        random = Generator(seed_of(run_seed, member, interval, "exploration"))
        old = history[-1]
        history.append({n: explore(domains[n], old[n], [0.8, 1.2], 0.25, random) for n in sorted(domains)})
    return history


if __name__ == "__main__":
    def drawn(seed, draw, count):
        random = Generator(seed)
        return [draw(random) for _ in range(count)]

    print("next, seed 1234567:", drawn(1234567, Generator.next, 5))
    print("uniform, seed 42:", drawn(42, Generator.uniform, 4))
    print("below 7, seed 42:", drawn(42, lambda random: random.below(7), 16))
    print("below 2^63 - 1, seed 42:", drawn(42, lambda random: random.below(2**63 - 1), 3))
    print("normal, seed 42:", drawn(42, Generator.normal, 4))
    print("shuffled 0...9, seed 42:", Generator(42).shuffle(list(range(10))))
    for place in [
        (0, 0, 0, "initialGenomes"), (1, 0, 0, "initialWeights"), (1, 5, 3, "training"), (1, 3, 5, "training"),
        (7, 2, 2, "evaluation"), (MASK, 23, 30, "freshWeights"), (7, -1, 2, "noise"),
    ]:
        print("seed", place, seed_of(*place))
    population = initial_population([3, 7, 2, 5, 1], 8, 2023)
    print("initial population:", population)
    for line in mixing([6, 1], [0, 3], population, 0.5, 4, 2023):
        print("offspring (member, base, donor, donated):", line)
    domains = {"rate": ("log", 1e-4, 1e-2), "decay": [0.9, 0.98, 0.99, 0.999], "beta": ("linear", 0.0, 0.5)}
    for values in explorations(domains, 3, 2023, 8):
        print("hyperparameters:", values)
