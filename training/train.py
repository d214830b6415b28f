"""Trains the net on samples that are made as they are needed, and says how it does on the valid scenes.

python training/train.py --cache .cache/detector --out .cache/detector/with.pt
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

import augment
from choosing import TOP, ready, report, top_mean, valid_sets
from net import Whole

AVERAGED = 0.997
"""What is kept of the averaged weights at each step: the average is what is told about, and written."""

Batch = tuple[Tensor, Tensor, Tensor]


class Samples(Dataset[Batch]):
    """Batches of one shape each. The same seed gives the same ones, whoever makes them."""

    def __init__(self, store: augment.Store, size: int, batch: int, count: int, seed: int) -> None:
        self.store, self.size, self.batch, self.count, self.seed = store, size, batch, count, seed

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, at: int) -> Batch:
        random = np.random.default_rng([self.seed, at])
        aspect = float(random.choice(augment.ASPECTS))
        samples = [augment.make(self.store, self.size, aspect, random) for _ in range(self.batch)]
        image, target, weight = (
            np.stack([getattr(sample, name) for sample in samples]) for name in ("image", "target", "weight")
        )
        return torch.from_numpy(image), torch.from_numpy(target), torch.from_numpy(weight)


def loss_of(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Cells one by one, and the picture by its highest cells: a single false cell among 400 is a false alarm."""
    logits = logits[:, 0]
    # No cell is quite sure: boxes are drawn by hand.
    each = functional.binary_cross_entropy_with_logits(logits, target * 0.94 + 0.03, reduction="none")
    cells = (each * weight).sum() / weight.sum()
    counted = logits.masked_fill(weight == 0, -12)
    score = top_mean(counted).clamp(1e-4, 1 - 1e-4)
    has = ((target > 0.5) & (weight > 0)).flatten(1).sum(1) >= TOP
    is_free = ((target > 0.5) | (weight == 0) & (target > 0)).flatten(1).sum(1) == 0
    told = has | is_free
    picture = functional.binary_cross_entropy(score[told], has[told].float() * 0.94 + 0.03)
    return cells + 0.5 * picture


def quicken(whole: Whole) -> None:
    """Depthwise convolutions stay at 32 bits under autocast: their backward pass in bfloat16 takes twice as long."""
    for module in whole.modules():
        if isinstance(module, nn.Conv2d) and module.groups > 1:
            plain = module.forward

            def forward(x: Tensor, plain: Callable[[Tensor], Tensor] = plain) -> Tensor:
                with torch.autocast("cpu", enabled=False):
                    return plain(x.float())

            module.forward = forward


def rates(steps: int, most: float) -> np.ndarray:
    """Warmed up, then a cosine to a hundredth."""
    all_rates = most * (0.01 + 0.99 * 0.5 * (1 + np.cos(np.linspace(0, np.pi, steps))))
    warm = min(steps, 100)
    all_rates[:warm] *= np.linspace(0.02, 1, warm)
    return all_rates


def main() -> None:
    """Writes a checkpoint: the weights, the head's width and the input's longer side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path(".cache/detector"))
    parser.add_argument("--out", type=Path, default=Path(".cache/detector/with.pt"))
    parser.add_argument("--start", type=Path, help="a checkpoint to go on from, as in fine-tuning")
    parser.add_argument("--steps", type=int, default=900, help="batches")
    parser.add_argument("--head-steps", type=int, default=150, help="so many of those for the head alone, at first")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1e-3, help="of the head")
    parser.add_argument("--share", type=float, default=0.1, help="of that rate, for what came with weights")
    parser.add_argument("--size", type=int, default=320, help="pixels of the longer side")
    parser.add_argument("--width", type=int, default=96, help="channels of the head")
    parser.add_argument("--leave-out", help="scenes whose name begins with this are not used")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    # A process that is forked beside threads of OpenCV waits for them forever.
    cv2.setNumThreads(0)
    store = augment.Store(options.cache, options.leave_out)
    whole = Whole(options.width).to(memory_format=torch.channels_last)
    average = Whole(options.width).to(memory_format=torch.channels_last)
    if options.start:
        whole.load_state_dict(torch.load(options.start, weights_only=True)["whole"])
    average.load_state_dict(whole.state_dict())
    quicken(whole)
    sets = valid_sets(store, options.size)
    known = [p for name, p in whole.named_parameters() if not name.startswith(("head.", "kept."))]
    groups = [{"params": list(whole.head.parameters()), "share": 1.0}, {"params": known, "share": options.share}]
    optimiser = torch.optim.AdamW(groups, lr=options.rate, weight_decay=0.02)
    samples = Samples(store, options.size, options.batch, options.steps, options.seed)
    began, total = time.monotonic(), 0.0
    batches = DataLoader(samples, batch_size=None, num_workers=1, prefetch_factor=4)
    all_rates = rates(options.steps, options.rate)
    for step, ((image, target, weight), rate) in enumerate(zip(batches, all_rates, strict=True), 1):
        whole.train()
        for p in known:
            p.requires_grad_(step > options.head_steps)
        with torch.autocast("cpu", torch.bfloat16):
            logits = whole(ready(image))
        loss = loss_of(logits.float(), target, weight)
        for group in optimiser.param_groups:
            group["lr"] = rate * group["share"]
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(whole.parameters(), 2.0)
        optimiser.step()
        kept = min(AVERAGED, step / (step + 10))
        with torch.no_grad():
            for mean, new in zip(average.state_dict().values(), whole.state_dict().values(), strict=True):
                if mean.is_floating_point():
                    mean.lerp_(new, 1 - kept)
        total += float(loss.detach())
        if step % 100 == 0 or step == options.steps:
            report(average, sets, f"{step}/{options.steps} loss {total / 100:.4f} {time.monotonic() - began:.0f} s")
            total = 0.0
            kept_options = {"width": options.width, "size": options.size}
            torch.save({"whole": average.state_dict(), **kept_options}, options.out)


if __name__ == "__main__":
    main()
