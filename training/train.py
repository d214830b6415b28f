"""Trains the head, then the last blocks with it, on what samples.py made, and says how it does on the valid scenes.

python training/train.py --cache .cache/detector --out .cache/detector/lookout-1.pt
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

import augment
from net import NAMES, Blocks, Head, Stem, Whole, pretrained

TOP = 4
"""The picture's score is the mean of so many highest cells, as on the model card."""

Features = tuple[Tensor, ...]
KEPT = ("middle", "texture", "fine", "coarse", "target", "weight")


@dataclass
class Samples:
    """What samples.py wrote; features are read from disk as they are needed. `at`: those that are used."""

    features: dict[str, list[np.ndarray]]
    target: Tensor
    weight: Tensor
    at: np.ndarray
    starts: np.ndarray

    def read(self, name: str, at: np.ndarray) -> Tensor:
        """Features of some samples, in their order."""
        which = np.searchsorted(self.starts, at, side="right") - 1
        rows = [self.features[name][file][i - self.starts[file]] for file, i in zip(which, at, strict=True)]
        return torch.from_numpy(np.stack(rows).astype(np.float32))


def load(folders: list[Path], leave_out: str | None) -> Samples:
    """All samples but those made from one scene."""
    files = {name: [np.load(folder / f"{name}.npy", mmap_mode="r") for folder in folders] for name in KEPT}
    scenes = [scene for folder in folders for scene in json.loads((folder / "scenes.json").read_text())]
    at = np.array([i for i, scene in enumerate(scenes) if scene != leave_out])
    target, weight = (
        torch.from_numpy(np.concatenate(files.pop(name)).astype(np.float32)) for name in ("target", "weight")
    )
    starts = np.cumsum([0, *[len(part) for part in files["fine"]]])[:-1]
    return Samples(files, target, weight, at, starts)


@dataclass
class Valid:
    """Features of the valid scenes' pictures; fine and coarse are those of `late` as it is. Which hold strands."""

    texture: Tensor
    middle: Tensor
    fine: Tensor
    coarse: Tensor
    is_bad: np.ndarray

    def look(self, late: Blocks) -> None:
        """Takes fine and coarse again, when the late blocks have changed."""
        with torch.no_grad():
            parts = [late(part) for part in self.middle.split(16)]
        self.fine, self.coarse = (torch.cat(part) for part in zip(*parts, strict=True))


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


def shrunk(image: np.ndarray) -> np.ndarray:
    """Half as large, its own blurred reflection around it: the same scene from twice as far away."""
    small = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    h, w = small.shape[:2]
    around = cv2.copyMakeBorder(small, h // 2, h // 2, w // 2, w // 2, cv2.BORDER_REFLECT_101)
    inside = np.zeros(around.shape[:2], np.float32)
    inside[h // 2 : h // 2 + h, w // 2 : w // 2 + w] = 1
    inside = cv2.GaussianBlur(inside, (0, 0), 3)[..., None]
    return (around * inside + cv2.GaussianBlur(around, (0, 0), 6) * (1 - inside)).astype(np.uint8)


def valid_set(stem: Stem, late: Blocks, cache: Path, size: int, is_half: bool) -> Valid:
    """The valid scenes' pictures, as they are or from twice as far away."""
    store = augment.Store(cache)
    at = [i for i, p in enumerate(store.pictures) if p["split"] == "valid" and p["kind"] != "unsure"]
    images = [store.picture(i) for i in at]
    images = [augment.letterbox(shrunk(image) if is_half else image, size)[0] for image in images]
    pixels = (torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() - 127) / 128
    with torch.no_grad():
        parts = [stem(part) for part in pixels.split(16)]
    texture, middle = (torch.cat(part) for part in zip(*parts, strict=True))
    valid = Valid(texture, middle, middle, middle, np.array([store.pictures[i]["kind"] == "strands" for i in at]))
    valid.look(late)
    return valid


def both_sets(stem: Stem, late: Blocks, cache: Path, size: int) -> dict[str, Valid]:
    """Full and half, kept beside the pictures: the pretrained blocks say the same of them in every run."""
    path = cache / f"valid-{size}.pt"
    if path.exists() and path.stat().st_mtime > (cache / "index.json").stat().st_mtime:
        kept = torch.load(path, weights_only=True)
        return {name: Valid(**{**parts, "is_bad": parts["is_bad"].numpy()}) for name, parts in kept.items()}
    sets = {name: valid_set(stem, late, cache, size, name == "half") for name in ("full", "half")}
    torch.save({n: {**v.__dict__, "is_bad": torch.from_numpy(v.is_bad)} for n, v in sets.items()}, path)
    return sets


def auroc(scores: np.ndarray, labels: np.ndarray) -> float:
    """How often a picture with strands scores above one without."""
    above = scores[labels][:, None] - scores[~labels][None]
    return float((above > 0).mean() + 0.5 * (above == 0).mean())


def report(head: Head, valid: dict[str, Valid], what: str) -> None:
    """AUROC, and the recall where one clean picture in fifty is called a failure."""
    head.eval()
    for name, one in valid.items():
        with torch.no_grad():
            scores = top_mean(head(one.texture, one.fine, one.coarse)).numpy()
        limit = np.quantile(scores[~one.is_bad], 0.98)
        found = float((scores[one.is_bad] > limit).mean())
        what += f" | {name} AUROC {auroc(scores, one.is_bad):.4f} recall at 2 % false {found:.3f}"
    print(what, flush=True)


def main() -> None:
    """Writes a checkpoint: the state of stem, late and head, and the head's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path(".cache/detector"))
    parser.add_argument("--samples", type=Path, nargs="+", default=[Path(".cache/detector/samples")])
    parser.add_argument("--out", type=Path, default=Path(".cache/detector/lookout-1.pt"))
    parser.add_argument("--start", type=Path, help="a checkpoint to go on from, as in fine-tuning")
    parser.add_argument("--head-epochs", type=int, default=4)
    parser.add_argument("--late-epochs", type=float, default=0)
    parser.add_argument("--width", type=int, default=96, help="channels of the head; 0: linear")
    parser.add_argument("--reads", nargs="+", default=list(NAMES), choices=NAMES, help="what the head reads")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--focal", type=float, default=0, help="exponent of the focal loss; 0: none")
    parser.add_argument("--leave-out", help="a scene whose samples are not used")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    random = np.random.default_rng(options.seed)
    samples = load(options.samples, options.leave_out)
    stem, late = pretrained()
    head = Head(options.width, tuple(options.reads))
    size = samples.target.shape[-1] * augment.STRIDE
    valid = both_sets(stem, late, options.cache, size)
    if options.start:
        state = torch.load(options.start, weights_only=True)
        late.load_state_dict(state["late"])
        head.load_state_dict(state["head"])
        for one in valid.values():
            one.look(late)
        report(head, valid, "start")

    def epoch(names: tuple[str, ...], batch: int, optimiser: torch.optim.Optimizer, rates: np.ndarray) -> float:
        total = 0.0
        order = random.permutation(samples.at)
        for step, rate in enumerate(rates):
            at = order[step * batch % len(order) :][:batch]
            if len(at) < 2:
                continue
            at = np.sort(at)
            inputs = [samples.read(name, at) for name in names]
            logits = head(inputs[0], *late(inputs[1])) if "middle" in names else head(*inputs)
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
            late.eval()
            mean = epoch(names, batch, optimiser, rates[start : start + each])
            seconds = time.monotonic() - began
            if "middle" in names:
                for one in valid.values():
                    one.look(late)
            report(head, valid, f"{names[1]} {start // each + 1} loss {mean:.4f} {seconds:.0f} s")

    # Batch statistics of ImageNet stay: batches here are small, and cameras differ.
    if options.head_epochs > 0 and not options.start:
        run(NAMES, 32, options.head_epochs, 3e-3, [{"params": head.parameters(), "share": 1.0}])
    if options.late_epochs > 0:
        groups = [
            {"params": late.parameters(), "share": 1.0},
            {"params": head.parameters(), "share": 2.0},
        ]
        run(("texture", "middle"), 16, options.late_epochs, 3e-4, groups)
    whole = Whole(stem, late, head)
    parts = {"stem": whole.stem.state_dict(), "late": late.state_dict(), "head": head.state_dict()}
    head_options = {"width": options.width, "reads": list(head.reads)}
    torch.save({**parts, "options": head_options, "size": size}, options.out)


if __name__ == "__main__":
    main()
