"""Writes the ONNX file and its card: calibrates on the valid scenes, compares float with int8.

python training/export.py --checkpoint .cache/detector/without.pt .cache/detector/with.pt --out models
"""

import argparse
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch

import augment
import evaluate
from choosing import TOP
from net import Scores, Whole
from slices import slice_wide

THRESHOLD = 0.5
"""Cells from here on are shown as regions, before calibration."""

RECHECK = 0.3
"""From this score on a picture is judged again upside down: below the neutral point, and seldom reached."""


def load(checkpoints: list[Path]) -> tuple[Scores, int]:
    """
    The net, and the longer side of its input. Of several checkpoints the mean: one that went on from another, and that
    other, come to a net that is surer of cameras that neither has seen.
    """
    states: list[dict[str, Any]] = [torch.load(path, weights_only=True) for path in checkpoints]
    whole = Whole(states[0]["width"])
    whole.load_state_dict(states[0]["whole"])
    with torch.no_grad():
        for name, value in whole.state_dict().items():
            if value.is_floating_point():
                value.copy_(torch.stack([state["whole"][name] for state in states]).mean(0))
    scores = Scores(whole).eval()
    size = states[0]["size"]
    slice_wide(scores, torch.rand(1, 3, size, size))
    return scores, size


def write(scores: Scores, size: int, path: Path) -> None:
    """Opset 17, any number of pictures at once, of any size whose sides are multiples of COARSEST."""
    names = {"input_names": ["image"], "output_names": ["cells"]}
    axes = {
        "image": {0: "batch", 2: "height", 3: "width"},
        "cells": {0: "batch", 2: "rows", 3: "columns"},
    }
    example = torch.zeros(1, 3, size, size)
    torch.onnx.export(scores, (example,), str(path), opset_version=17, dynamic_axes=axes, dynamo=False, **names)
    model = onnx.load(path)
    model.doc_string = "moonraker-lookout: where a 3D print fails. See models/README.md."
    onnx.checker.check_model(model)
    onnx.save(model, path)


def card_of(path: Path, size: int, calibration: tuple[float, float] | None, neutral: float) -> dict[str, Any]:
    """The card; docs/model-card.md says what each field means."""
    slope, offset = calibration or (1.0, 0.0)
    return {
        "format": 1,
        "name": path.stem,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "input": {
            "name": "image",
            "encoding": "pixels",
            "width": size,
            "height": size,
            "layout": "nchw",
            "colour": "rgb",
            "mean": 127,
            "scale": 0.0078125,
            "resize": "letterbox",
            "padding": augment.PADDING,
            "multiple": augment.COARSEST,
        },
        "output": {
            "names": ["cells"],
            "decoder": "grid",
            "class": 0,
            "activation": "none",
            "threshold": THRESHOLD,
            "top": TOP,
            "recheck": None if calibration is None else RECHECK,
        },
        "calibration": {"slope": round(slope, 4), "offset": round(offset, 4)},
        "neutral": round(neutral, 3),
    }


PRIOR = 0.2
"""Share of failing frames that scores are told for: half of the valid pictures fail, frames of a webcam seldom do."""

SHARPNESS = 2
"""Trained to be 97 % sure at most, the net says little more of a plain failure than of a likely one."""


def told(calibration: tuple[float, float]) -> tuple[float, float]:
    """Slope and offset for PRIOR and SHARPNESS. Which pictures lie above which is the same as before."""
    slope, offset = calibration
    return SHARPNESS * slope, SHARPNESS * (offset + float(np.log(PRIOR / (1 - PRIOR))))


def text(card: dict[str, Any]) -> str:
    """JSON as this project formats it: short lists on one line."""
    return re.sub(r"\[\s+(\S+)\s+\]", r"[\1]", json.dumps(card, indent=2)) + "\n"


def calibrate(scores: np.ndarray, is_bad: np.ndarray) -> tuple[float, float]:
    """Slope and offset of a logistic regression on the score's logit; good and bad weigh the same."""
    clipped = np.clip(scores, 1e-4, 1 - 1e-4)
    x = torch.from_numpy(np.log(clipped / (1 - clipped)))
    y = torch.from_numpy(is_bad.astype(np.float64))
    weight = torch.where(y > 0.5, 0.5 / y.sum(), 0.5 / (1 - y).sum())
    both = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([both], max_iter=200)

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        logits = both[0] * x + both[1]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, y, weight, reduction="sum")
        # A little pull, for the valid scenes may be told apart without an error.
        loss = loss + 0.01 * (both[0] - 1) ** 2 + 0.002 * both[1] ** 2
        loss.backward()
        return loss

    optimiser.step(closure)
    slope, offset = both.detach().tolist()
    return slope, offset


def quantize(path: Path, out: Path, cache: Path, size: int) -> None:
    """Static int8 with one scale for each channel, measured on pictures for training."""
    import quiet_onnxruntime  # noqa: F401, I001 # before the next line, so that it tells nobody
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    store = augment.Store(cache)
    at = [i for i, p in enumerate(store.pictures) if p["split"] == "train"][::12]

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self.left = list(at)

        def get_next(self) -> dict[str, np.ndarray] | None:
            if not self.left:
                return None
            image = augment.letterbox(store.picture(self.left.pop()), size)[0]
            return {"image": ((image.astype(np.float32) - 127) / 128).transpose(2, 0, 1)[None]}

    quantize_static(
        path,
        out,
        Reader(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )


def main() -> None:
    """Writes NAME.onnx and NAME.json; with `--int8` the same for NAME-int8, to compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, nargs="+", required=True)
    parser.add_argument("--cache", type=Path, default=Path(".cache/detector"))
    parser.add_argument("--out", type=Path, default=Path("models"))
    parser.add_argument("--name", default="lookout-1")
    parser.add_argument("--neutral", type=float, default=0.5)
    parser.add_argument("--int8", action="store_true")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    scores, size = load(options.checkpoint)
    path = options.out / f"{options.name}.onnx"
    write(scores, size, path)
    paths = [path]
    if options.int8:
        paths.append(path.with_stem(f"{options.name}-int8"))
        quantize(path, paths[1], options.cache, size)
    for each in paths:
        card = each.with_suffix(".json")
        card.write_text(text(card_of(each, size, None, options.neutral)))
        seen, _ = evaluate.held_out(evaluate.Detector(each, card), options.cache, "valid")
        calibration = told(calibrate(np.array([s.score for s in seen]), np.array([s.is_bad for s in seen])))
        card.write_text(text(card_of(each, size, calibration, options.neutral)))
        print(f"{each}: {each.stat().st_size / 1e6:.2f} MB, calibration {calibration}")


if __name__ == "__main__":
    main()
