"""Adversarial training by the hinge loss, as a PyTorch user writes it."""

import contextlib
import copy

import torch
import torch.nn.functional as F


class Training:
    def __init__(self, generator, discriminator, rate=2e-4, decay=0.999, bfloat16=False, fused=None):
        self.generator, self.discriminator = generator, discriminator
        self.average = copy.deepcopy(generator)
        self.decay = decay
        options = dict(lr=rate, betas=(0.0, 0.9), eps=1e-4, weight_decay=0.0, fused=fused)
        self.generator_optimizer = torch.optim.AdamW(generator.parameters(), **options)
        self.discriminator_optimizer = torch.optim.AdamW(discriminator.parameters(), **options)
        self.bfloat16 = bfloat16

    def precision(self):
        return torch.autocast("cpu", torch.bfloat16) if self.bfloat16 else contextlib.nullcontext()

    def discriminator_step(self, real, latents):
        with self.precision():
            with torch.no_grad():
                fake = self.generator(latents)
            loss = F.relu(1 - self.discriminator(real)).mean() + F.relu(1 + self.discriminator(fake)).mean()
        self.discriminator_optimizer.zero_grad()
        loss.backward()
        self.discriminator_optimizer.step()
        return loss.item()

    def generator_step(self, latents):
        with self.precision():
            loss = -self.discriminator(self.generator(latents)).mean()
        self.generator_optimizer.zero_grad()
        loss.backward()
        self.generator_optimizer.step()
        with torch.no_grad():
            for average, live in zip(self.average.parameters(), self.generator.parameters()):
                average.lerp_(live, 1 - self.decay)
        return loss.item()
