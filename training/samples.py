"""Makes the samples once and keeps what the frozen part of the net says of them, so that training takes minutes.

python training/samples.py --cache .cache/detector --count 4000 --size 320
"""

import argparse
import json
import tempfile
import time
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn

import augment
from net import CHANNELS, NAMES, Blocks, Stem, pretrained
from quiet_onnxruntime import onnxruntime

BATCH = 8


class Front(nn.Module):
    """All features that are kept, for onnxruntime, which is several times as fast as PyTorch here."""

    def __init__(self, stem: Stem, late: Blocks) -> None:
        super().__init__()
        self.stem, self.late = stem, late

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """The last frozen block, then what the head reads."""
        texture, middle = self.stem(x)
        return (middle, texture, *self.late(middle))


def export_front(path: Path, size: int) -> None:
    """Writes the pretrained net."""
    example = torch.zeros(BATCH, 3, size, size)
    torch.onnx.export(Front(*pretrained()).eval(), (example,), str(path), opset_version=17, dynamo=False)


def shapes(count: int, size: int) -> dict[str, tuple[int, ...]]:
    """Of the files that are written."""
    fine, coarse = size // 16, size // 32
    return {
        "middle": (count, 80, fine, fine),
        "texture": (count, CHANNELS[0], fine, fine),
        "fine": (count, CHANNELS[1], fine, fine),
        "coarse": (count, CHANNELS[2], coarse, coarse),
        "target": (count, fine, fine),
        "weight": (count, fine, fine),
    }


def work(cache: Path, out: Path, model: Path, size: int, seed: int, at: range) -> list[str]:
    """Fills a part of the files; answers with the scenes."""
    cv2.setNumThreads(1)
    store = augment.Store(cache)
    groups = {name: store.group(name) for name in augment.SHARES}
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), settings, ["CPUExecutionProvider"])
    files = {name: np.load(out / f"{name}.npy", mmap_mode="r+") for name in shapes(1, size)}
    scenes: list[str] = []
    for start in range(at.start, at.stop, BATCH):
        batch = [augment.make(store, groups, size, np.random.default_rng([seed, start + i])) for i in range(BATCH)]
        pixels = np.stack([sample.image for sample in batch]).astype(np.float32)
        answers = session.run(None, {session.get_inputs()[0].name: (pixels.transpose(0, 3, 1, 2) - 127) / 128})
        part = slice(start, start + BATCH)
        for name, answer in zip(("middle", *NAMES), answers, strict=True):
            files[name][part] = np.clip(answer, -60000, 60000)
        files["target"][part] = np.stack([sample.target for sample in batch])
        files["weight"][part] = np.stack([sample.weight for sample in batch])
        scenes += [sample.scene for sample in batch]
    return scenes


def main() -> None:
    """Writes the files and scenes.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path(".cache/detector"))
    parser.add_argument("--out", type=Path, default=Path(".cache/detector/samples"))
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--size", type=int, default=320)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    began = time.monotonic()
    step = BATCH * options.processes
    count = options.count // step * step
    options.out.mkdir(parents=True, exist_ok=True)
    for name, shape in shapes(count, options.size).items():
        np.lib.format.open_memmap(options.out / f"{name}.npy", "w+", np.float16, shape)
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "front.onnx"
        export_front(model, options.size)
        parts = np.linspace(0, count, options.processes + 1).astype(int).tolist()
        tasks = [
            (options.cache, options.out, model, options.size, options.seed, range(a, b)) for a, b in pairwise(parts)
        ]
        with get_context("spawn").Pool(options.processes) as pool:
            scenes = [scene for part in pool.starmap(work, tasks) for scene in part]
    (options.out / "scenes.json").write_text(json.dumps(scenes))
    print(f"{count} samples in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
