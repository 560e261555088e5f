"""A benchmark's program as a process that does a round when it is asked; see Sources/Measurement/Rounds.swift."""

import json
import shlex
import subprocess


class Program:
    def __init__(self, command):
        self.command = command
        self.facts = None
        self.seconds = []
        try:
            self.process = subprocess.Popen(
                shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        except OSError as problem:
            raise SystemExit(f"`{command}` does not start: {problem.strerror}") from None

    def wait_until_ready(self):
        """Its facts, what decides its speed, are known from then on."""
        self.facts = self._read("ready")

    def begin_round(self):
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            # It has ended, which is told where its answer is read.
            pass

    def end_round(self):
        """Waits for the round that was begun, and keeps its seconds."""
        self.seconds.append(self._read("seconds"))

    def _read(self, key):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"`{self.command}` ended with {self.process.wait()} and gave no `{key}`")
        return json.loads(line)[key]
