#!/usr/bin/env python3
"""Makes the golden values of Tests/ControlSuiteTests by dm_control. Run it with requirements-control-suite.txt.

  control_suite_golden.py [tolerance] [episodes] [starts] [pictures]

Without arguments all files are made:

- Golden/tolerance.safetensors: dm_control's `tolerance`, every sigmoid over the same points.
- Golden/episodes.safetensors: of every task an episode of 1,000 steps with uniform actions: start state, seed of the
  actions, every reward, every tenth observation.
- Golden/starts.safetensors: of every distribution of start states the mean, the standard deviation and five quantiles
  of each component over many resets.
- Golden/pictures.safetensors: of every domain pictures of the same episodes' first states, drawn by EGL without a
  screen; of the quadruped without shadows and without multisampling, too.
"""

import os
import sys
from pathlib import Path

# Before dm_control chooses what to draw with.
os.environ["MUJOCO_GL"] = "egl"

import numpy as np
from dm_control import suite
from dm_control.suite.wrappers import action_scale
from dm_control.utils import rewards
from safetensors.numpy import load_file, save_file

OUTPUT = Path(__file__).resolve().parent.parent / "Tests/ControlSuiteTests/Golden"
TASKS = [
    "ball_in_cup-catch",
    "cartpole-swingup",
    "cheetah-run",
    "finger-spin",
    "finger-turn_easy",
    "finger-turn_hard",
    "hopper-hop",
    "hopper-stand",
    "humanoid-run",
    "humanoid-stand",
    "humanoid-walk",
    "quadruped-run",
    "quadruped-walk",
    "reacher-easy",
    "reacher-hard",
    "walker-run",
    "walker-stand",
    "walker-walk",
]
# Tasks of one domain share their start states, except that a finger that spins has no target.
START_TASKS = ["ball_in_cup-catch", "cartpole-swingup", "cheetah-run", "finger-spin", "finger-turn_hard"]
START_TASKS += ["hopper-hop", "humanoid-run", "quadruped-run", "reacher-easy", "walker-run"]
STARTS = 1000
QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95]
EVERY = 10
PICTURE_TASKS = ["ball_in_cup-catch", "cartpole-swingup", "cheetah-run", "finger-spin", "finger-turn_easy"]
PICTURE_TASKS += ["hopper-hop", "humanoid-run", "quadruped-run", "reacher-easy", "walker-run"]
# The control steps after which a picture is drawn.
PICTURE_STEPS = [0, 60]


class SplitMix64:
    """The generator of Sources/PBTNAS/SeededGenerator.swift, so that actions need not be stored."""

    def __init__(self, seed):
        self.state = seed

    def uniform(self):
        mask = (1 << 64) - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return ((z ^ (z >> 31)) >> 11) * 2.0**-53


def load(name, seed):
    environment = suite.load(*name.split("-"), task_kwargs={"random": seed})
    return action_scale.Wrapper(environment, minimum=-1.0, maximum=1.0)


def goal(name, physics):
    """What a task draws besides the physics' state; a view, so that it can be set."""
    if name.startswith("reacher"):
        return physics.named.model.geom_pos["target"][:2]
    if name.startswith("finger-turn"):
        return physics.named.model.site_pos["target"][::2]
    return np.zeros(0)


def flat(observation):
    return np.concatenate([np.ravel(part) for part in observation.values()]).astype(np.float64)


def restart(environment, name):
    """Starts an episode in the state that there is now, as `ControlEnvironment.reset(to:)` does."""
    physics = environment.physics
    state = physics.get_state().copy()
    target = goal(name, physics).copy()
    with physics.reset_context():
        physics.set_state(state)
        goal(name, physics)[:] = target
    return environment.task.get_observation(physics)


def episode(name, seed):
    environment = load(name, seed)
    environment.reset()
    physics = environment.physics
    observations = [flat(restart(environment, name))]
    values = {
        "positions": physics.data.qpos.copy(),
        "velocities": physics.data.qvel.copy(),
        "activations": physics.data.act.copy(),
        "goal": np.array(goal(name, physics)),
        "seed": np.array([seed], np.int64),
    }
    generator = SplitMix64(seed)
    size = environment.action_spec().shape[0]
    gained = []
    for number in range(1, 1001):
        step = environment.step(np.array([2 * generator.uniform() - 1 for _ in range(size)]))
        assert step.last() == (number == 1000)
        gained.append(step.reward)
        if number % EVERY == 0:
            observations.append(flat(step.observation))
    values["rewards"] = np.array(gained, np.float64)
    values["observations"] = np.stack(observations)
    return values


def make_episodes():
    tensors = {}
    for name in TASKS:
        # Of a sparse reward, an episode that sees both sides.
        for seed in range(1, 200):
            values = episode(name, seed)
            if len(np.unique(values["rewards"])) > 1:
                break
        else:
            raise SystemExit(f"{name}: no episode whose rewards differ")
        print(f"{name}: seed {seed}, return {values['rewards'].sum():.3f}", flush=True)
        tensors |= {f"{name}.{key}": value for key, value in values.items()}
    save_file(tensors, OUTPUT / "episodes.safetensors")


def make_starts():
    tensors = {}
    for name in START_TASKS:
        environment = load(name, 1)
        physics = environment.physics
        draws = []
        for _ in range(STARTS):
            environment.reset()
            draws.append(np.concatenate([physics.data.qpos, physics.data.qvel, goal(name, physics)]))
        draws = np.stack(draws)
        tensors[f"{name}.mean"] = draws.mean(0)
        tensors[f"{name}.deviation"] = draws.std(0, ddof=1)
        # Order statistics, which are exact where a component is constant.
        tensors[f"{name}.quantiles"] = np.quantile(draws, QUANTILES, axis=0, method="inverted_cdf")
        print(f"{name}: {draws.shape[1]} components", flush=True)
    tensors["probabilities"] = np.array(QUANTILES)
    tensors["count"] = np.array([STARTS], np.int64)
    save_file(tensors, OUTPUT / "starts.safetensors")


def pictures(name, prepare=None, **view):
    """Of the episode with the same start state and actions as in episodes.safetensors."""
    golden = load_file(OUTPUT / "episodes.safetensors")
    seed = int(golden[f"{name}.seed"][0])
    environment = load(name, seed)
    physics = environment.physics
    if prepare:
        prepare(physics.model.vis)
    environment.reset()
    restart(environment, name)
    generator = SplitMix64(seed)
    size = environment.action_spec().shape[0]
    view = {"height": 84, "width": 84, "camera_id": 2 if name.startswith("quadruped") else 0} | view
    drawn = []
    for number in range(max(PICTURE_STEPS) + 1):
        if number > 0:
            environment.step(np.array([2 * generator.uniform() - 1 for _ in range(size)]))
        if number in PICTURE_STEPS:
            drawn.append(physics.render(**view))
    return np.stack(drawn)


def without_shadows(visual):
    visual.quality.shadowsize = 0


def without_samples(visual):
    visual.quality.offsamples = 0


def make_pictures():
    tensors = {name: pictures(name) for name in PICTURE_TASKS}
    tensors["quadruped-run.shadowSize"] = pictures("quadruped-run", without_shadows)
    tensors["quadruped-run.samples"] = pictures("quadruped-run", without_samples)
    # Wider than high, so that rows and columns cannot be taken for each other.
    tensors["humanoid-run.side"] = pictures("humanoid-run", height=48, width=80, camera_id="side")
    tensors["steps"] = np.array(PICTURE_STEPS, np.int64)
    save_file(tensors, OUTPUT / "pictures.safetensors")


def make_tolerance():
    points = np.linspace(-3, 4, 141)
    tensors = {"points": points}
    sigmoids = ["gaussian", "linear", "quadratic", "hyperbolic", "long_tail", "reciprocal", "cosine", "tanh_squared"]
    for sigmoid in sigmoids:
        for value in [0.1, 0.5]:
            tensors[f"{sigmoid}.{value}"] = rewards.tolerance(points, (-0.5, 1.25), 0.75, sigmoid, value)
    tensors["none"] = rewards.tolerance(points, (-0.5, 1.25))
    save_file(tensors, OUTPUT / "tolerance.safetensors")


def main():
    parts = {"tolerance": make_tolerance, "episodes": make_episodes, "starts": make_starts}
    parts["pictures"] = make_pictures
    wanted = sys.argv[1:] or parts
    if unknown := [part for part in wanted if part not in parts]:
        raise SystemExit(f"unknown part {unknown[0]}; there are {', '.join(parts)}")
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for part in wanted:
        parts[part]()


main()
