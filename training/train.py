"""Trains the head, then the last blocks with it, on what samples.py made, and says how it does on the valid scenes.

python training/train.py --cache .cache/detector --out .cache/detector/lookout-1.pt
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

import augment
from net import Blocks, Head, Stem, Whole, pretrained

TOP = 4
"""The picture's score is the mean of so many highest cells, as on the model card."""

Valid = tuple[Tensor, np.ndarray]


@dataclass
class Samples:
    """What samples.py wrote; middle, fine and coarse are read from disk as they are needed."""

    middle: np.ndarray
    fine: np.ndarray
    coarse: np.ndarray
    target: Tensor
    weight: Tensor
    at: np.ndarray

    def read(self, name: str, at: np.ndarray) -> Tensor:
        """Features of some samples."""
        return torch.from_numpy(getattr(self, name)[np.sort(at)].astype(np.float32))


def load(folders: list[Path], leave_out: str | None) -> Samples:
    """All samples but those made from one scene."""
    parts = {
        name: [np.load(folder / f"{name}.npy", mmap_mode="r") for folder in folders]
        for name in ("middle", "fine", "coarse", "target", "weight")
    }
    arrays = {name: part[0] if len(part) == 1 else np.concatenate(part) for name, part in parts.items()}
    scenes = [scene for folder in folders for scene in json.loads((folder / "scenes.json").read_text())]
    at = np.array([i for i, scene in enumerate(scenes) if scene != leave_out])
    target, weight = (torch.from_numpy(arrays[name].astype(np.float32)) for name in ("target", "weight"))
    return Samples(arrays["middle"], arrays["fine"], arrays["coarse"], target, weight, at)


def top_mean(logits: Tensor) -> Tensor:
    """The scores of pictures."""
    return torch.sigmoid(logits).flatten(1).topk(TOP, 1).values.mean(1)


def loss_of(logits: Tensor, target: Tensor, weight: Tensor, focal: float) -> Tensor:
    """Cells one by one, and the picture by its highest cells: a single false cell among 324 is a false alarm."""
    logits = logits[:, 0]
    # No cell is quite sure: boxes are drawn by hand.
    each = functional.binary_cross_entropy_with_logits(logits, target * 0.94 + 0.03, reduction="none")
    if focal > 0:
        sure = torch.where(target > 0.5, torch.sigmoid(logits), torch.sigmoid(-logits))
        each = each * (1 - sure) ** focal * 2
    cells = (each * weight).sum() / weight.sum()
    counted = logits.masked_fill(weight == 0, -12)
    score = top_mean(counted).clamp(1e-4, 1 - 1e-4)
    has = ((target > 0.5) & (weight > 0)).flatten(1).sum(1) >= TOP
    is_free = ((target > 0.5) | (weight == 0) & (target > 0)).flatten(1).sum(1) == 0
    told = has | is_free
    picture = functional.binary_cross_entropy(score[told], has[told].float() * 0.94 + 0.03)
    return cells + 0.5 * picture


def valid_set(stem: Stem, cache: Path, size: int) -> Valid:
    """Middle features and kinds (1 strands, 0 clean) of the valid scenes' pictures, as they are."""
    store = augment.Store(cache)
    at = [i for i, p in enumerate(store.pictures) if p["split"] == "valid" and p["kind"] in ("strands", "clean")]
    images = [augment.letterbox(store.picture(i), size)[0] for i in at]
    pixels = (torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() - 127) / 128
    with torch.no_grad():
        middle = torch.cat([stem(part) for part in pixels.split(16)])
    return middle, np.array([store.pictures[i]["kind"] == "strands" for i in at])


def auroc(scores: np.ndarray, labels: np.ndarray) -> float:
    """How often a picture with strands scores above one without."""
    above = scores[labels][:, None] - scores[~labels][None]
    return float((above > 0).mean() + 0.5 * (above == 0).mean())


def report(late: Blocks, head: Head, valid: Valid, what: str) -> None:
    """AUROC, and the recall where one clean picture in fifty is called a failure."""
    late.eval()
    head.eval()
    with torch.no_grad():
        parts = [top_mean(head(*late(part))) for part in valid[0].split(16)]
    scores = torch.cat(parts).numpy()
    limit = np.quantile(scores[~valid[1]], 0.98)
    found = float((scores[valid[1]] > limit).mean())
    print(f"{what}: valid AUROC {auroc(scores, valid[1]):.4f} recall at 2 % false {found:.3f}", flush=True)


def main() -> None:
    """Writes a checkpoint: the state of stem, late and head, and the head's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path(".cache/detector"))
    parser.add_argument("--samples", type=Path, nargs="+", default=[Path(".cache/detector/samples")])
    parser.add_argument("--out", type=Path, default=Path(".cache/detector/lookout-1.pt"))
    parser.add_argument("--start", type=Path, help="a checkpoint to go on from, as in fine-tuning")
    parser.add_argument("--head-epochs", type=int, default=8)
    parser.add_argument("--late-epochs", type=float, default=3)
    parser.add_argument("--width", type=int, default=96, help="channels of the head; 0: linear")
    parser.add_argument("--fine-only", action="store_true", help="a head that reads stride 16 alone")
    parser.add_argument("--focal", type=float, default=0, help="exponent of the focal loss; 0: none")
    parser.add_argument("--leave-out", help="a scene whose samples are not used")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(2)
    torch.manual_seed(options.seed)
    random = np.random.default_rng(options.seed)
    samples = load(options.samples, options.leave_out)
    stem, late = pretrained()
    head = Head(options.width, uses_coarse=not options.fine_only)
    if options.start:
        state = torch.load(options.start, weights_only=True)
        late.load_state_dict(state["late"])
        head.load_state_dict(state["head"])
    size = samples.target.shape[-1] * augment.STRIDE
    valid = valid_set(stem, options.cache, size)
    report(late, head, valid, "start")

    def epoch(names: tuple[str, ...], batch: int, optimiser: torch.optim.Optimizer, rates: np.ndarray) -> float:
        total = 0.0
        order = random.permutation(samples.at)
        for step, rate in enumerate(rates):
            at = order[step * batch % len(order) :][:batch]
            if len(at) < 2:
                continue
            at = np.sort(at)
            inputs = [samples.read(name, at) for name in names]
            logits = head(*late(*inputs)) if names == ("middle",) else head(*inputs)
            loss = loss_of(logits, samples.target[at], samples.weight[at], options.focal)
            for group in optimiser.param_groups:
                group["lr"] = rate * group["share"]
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += float(loss.detach())
        return total / len(rates)

    def run(names: tuple[str, ...], batch: int, epochs: float, most: float, groups: list[dict[str, object]]) -> None:
        optimiser = torch.optim.AdamW(groups, lr=most, weight_decay=0.01)
        steps = int(len(samples.at) / batch * epochs)
        rates = most * 0.5 * (1 + np.cos(np.linspace(0, np.pi, steps)))
        warm = min(steps, 20)
        rates[:warm] *= np.linspace(0.1, 1, warm)
        each = max(1, len(samples.at) // batch)
        for start in range(0, steps, each):
            began = time.monotonic()
            head.train()
            mean = epoch(names, batch, optimiser, rates[start : start + each])
            seconds = time.monotonic() - began
            report(late, head, valid, f"{names[0]} {start // each + 1} loss {mean:.4f} {seconds:.0f} s")

    # Batch statistics of ImageNet stay: batches here are small, and cameras differ.
    if options.head_epochs > 0 and not options.start:
        run(("fine", "coarse"), 32, options.head_epochs, 3e-3, [{"params": head.parameters(), "share": 1.0}])
    if options.late_epochs > 0:
        groups = [
            {"params": late.parameters(), "share": 1.0},
            {"params": head.parameters(), "share": 2.0},
        ]
        run(("middle",), 16, options.late_epochs, 3e-4, groups)
    whole = Whole(stem, late, head)
    parts = {"stem": whole.stem.state_dict(), "late": late.state_dict(), "head": head.state_dict()}
    head_options = {"width": options.width, "uses_coarse": not options.fine_only}
    torch.save({**parts, "options": head_options, "size": size}, options.out)


if __name__ == "__main__":
    main()
