"""Control steps of a task with random actions, in dm_control: environment_steps.py TASK [MODE] [STEPS].

The counterpart of Benchmarks/Sources/environment-steps, with the same modes. It is run with the packages of
reference/requirements-control-suite.txt.
"""

import os
import sys
from pathlib import Path

os.environ["MUJOCO_GL"] = "egl"
# The protocol is the same as for PyTorch's benchmarks.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pytorch"))

import numpy as np
from dm_control import suite
from rounds import answer_rounds

MODES = ["state", "pixels", "no-shadows", "no-samples", "plain"]


def main():
    arguments = sys.argv[1:]
    if not 1 <= len(arguments) <= 3 or len(arguments) > 1 and arguments[1] not in MODES:
        raise SystemExit(f"usage: environment_steps.py TASK [{'|'.join(MODES)}] [STEPS]")
    name = arguments[0]
    mode = arguments[1] if len(arguments) > 1 else "state"
    steps = int(arguments[2]) if len(arguments) > 2 else 1000 if mode == "state" else 50

    environment = suite.load(*name.split("-"), task_kwargs={"random": 1})
    quality = environment.physics.model.vis.quality
    if mode in ("no-shadows", "plain"):
        quality.shadowsize = 0
    if mode in ("no-samples", "plain"):
        quality.offsamples = 0
    camera = 2 if name.startswith("quadruped") else 0
    limits = environment.action_spec()
    shape = (1000, *limits.shape)
    actions = np.random.RandomState(1).uniform(limits.minimum, limits.maximum, shape)
    environment.reset()

    def work():
        for number in range(steps):
            step = environment.step(actions[number % len(actions)])
            if mode != "state":
                environment.physics.render(height=84, width=84, camera_id=camera)
            if step.last():
                environment.reset()

    answer_rounds({"program": "dm_control", "task": name, "mode": mode, "steps": str(steps)}, work)


main()
