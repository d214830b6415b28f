"""Judges a model by its ONNX file and its card alone; PyTorch is not needed.

python training/evaluate.py --data DIR                     DIR/good and DIR/bad, any pictures, any depth
python training/evaluate.py --cache .cache/detector        the held-out scenes of the training data, with boxes
python training/evaluate.py --cache .cache/detector --webcams 20     the webcam frames, each so often altered
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from quiet_onnxruntime import onnxruntime

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
SIZES = ((0, 0.03), (0.03, 0.1), (0.1, 0.25), (0.25, 0.5), (0.5, 1.01))
"""Shares of the picture that the failure takes."""


class Detector:
    """The model as `moonraker-lookout` runs it."""

    def __init__(self, model: Path, card: Path) -> None:
        self.card: dict[str, Any] = json.loads(card.read_text())
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(model), settings, ["CPUExecutionProvider"])
        self.neutral = float(self.card["neutral"])
        self.size = int(self.card["input"]["width"])

    def see(self, image: Image.Image) -> tuple[float, np.ndarray, tuple[float, float, float, float]]:
        """The picture's calibrated score, its cells (uncalibrated), and where it lies in the grid, in cells."""
        given, output = self.card["input"], self.card["output"]
        image = image.convert("RGB")
        scale = self.size / max(image.size)
        width, height = (max(1, round(side * scale)) for side in image.size)
        multiple = given.get("multiple") or self.size
        used = tuple(-(-side // multiple) * multiple for side in (width, height))
        left, top = (used[0] - width) // 2, (used[1] - height) // 2
        laid = Image.new("RGB", used, (given["padding"],) * 3)
        laid.paste(image.resize((width, height), Image.Resampling.BILINEAR), (left, top))
        pixels = (np.asarray(laid, np.float32) - np.float32(given["mean"])) * np.float32(given["scale"])
        cells = self._cells(pixels)
        cell = used[0] / cells.shape[1]
        place = (left / cell, top / cell, (left + width) / cell, (top + height) / cell)
        y, x = (np.arange(count) + 0.5 for count in cells.shape)
        rows = (y > place[1]) & (y < place[3])
        columns = (x > place[0]) & (x < place[2])
        on_picture = rows[:, None] & columns[None]
        score = self._score(cells[on_picture])
        if output.get("recheck") is not None and score >= output["recheck"]:
            cells = (cells + self._cells(pixels[::-1, ::-1])[::-1, ::-1]) / 2
            score = self._score(cells[on_picture])
        return score, np.where(on_picture, cells, 0), place

    def _cells(self, pixels: np.ndarray) -> np.ndarray:
        given = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])
        return self._session.run(None, {self._session.get_inputs()[0].name: given})[0][0, 0]

    def _score(self, cells: np.ndarray) -> float:
        score = float(np.sort(cells)[-self.card["output"]["top"] :].mean())
        calibration = self.card["calibration"]
        if calibration is None:
            return score
        score = min(1 - 1e-7, max(1e-7, score))
        logit = np.log(score / (1 - score))
        return float(1 / (1 + np.exp(-(calibration["slope"] * logit + calibration["offset"]))))


@dataclass
class Seen:
    """One picture and what was found. `scene` groups pictures that resemble each other; `share` is of the boxes."""

    name: str
    scene: str
    is_bad: bool
    score: float
    share: float = 0
    overlap: float | None = None


def auroc(scores: np.ndarray, is_bad: np.ndarray) -> float:
    """How often a bad picture scores above a good one."""
    if is_bad.all() or not is_bad.any():
        return float("nan")
    above = scores[is_bad][:, None] - scores[~is_bad][None]
    return float((above > 0).mean() + 0.5 * (above == 0).mean())


def figures(seen: list[Seen], neutral: float) -> dict[str, float]:
    """Of the whole: AUROC; at the neutral point recall, precision, false alarms; recall where precision is 0.97."""
    scores, is_bad = np.array([s.score for s in seen]), np.array([s.is_bad for s in seen])
    called = scores > neutral
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(is_bad[order])
    precise = hits / np.arange(1, len(order) + 1) >= 0.97
    bad = max(1, int(is_bad.sum()))
    return {
        "auroc": auroc(scores, is_bad),
        "recall": float((called & is_bad).sum() / bad),
        "precision": float((called & is_bad).sum() / max(1, called.sum())),
        "false alarms": float((called & ~is_bad).sum() / max(1, (~is_bad).sum())),
        "recall at precision 0.97": float(hits[precise].max(initial=0) / bad),
    }


def bootstrap(seen: list[Seen], neutral: float, rounds: int = 1000) -> dict[str, tuple[float, float]]:
    """95 % intervals, drawing whole scenes."""
    scenes: dict[str, list[Seen]] = {}
    for one in seen:
        scenes.setdefault(one.scene, []).append(one)
    groups = list(scenes.values())
    random = np.random.default_rng(1)
    drawn = [
        figures([one for at in random.integers(0, len(groups), len(groups)) for one in groups[at]], neutral)
        for _ in range(rounds)
    ]
    return {
        name: tuple(np.nanquantile([d[name] for d in drawn], (0.025, 0.975)).round(3).tolist()) for name in drawn[0]
    }


def tell(seen: list[Seen], neutral: float, title: str) -> None:
    """Prints the figures with their intervals."""
    bad = sum(one.is_bad for one in seen)
    print(f"\n{title}: {bad} bad, {len(seen) - bad} good, {len({one.scene for one in seen})} scenes")
    ranges = bootstrap(seen, neutral)
    for name, value in figures(seen, neutral).items():
        print(f"  {name:26} {value:.3f}  95 % {ranges[name][0]:.3f} to {ranges[name][1]:.3f}")


def folder(detector: Detector, data: Path) -> list[Seen]:
    """Pictures under good/ and bad/; each folder within counts as one scene, and so does a picture by itself."""
    seen: list[Seen] = []
    for kind in ("good", "bad"):
        for path in sorted((data / kind).rglob("*")):
            if path.suffix.lower() not in SUFFIXES:
                continue
            with Image.open(path) as image:
                score = detector.see(ImageOps.exif_transpose(image))[0]
            inner = path.parent.relative_to(data / kind)
            scene = f"{kind}/{inner}" if inner.parts else str(path)
            seen.append(Seen(str(path.relative_to(data)), scene, kind == "bad", score))
    return seen


def overlap_of(
    cells: np.ndarray, threshold: float, boxes: list[list[float]], place: tuple[float, float, float, float]
) -> float:
    """Intersection over union, in cells, of what the model marks and what the boxes cover."""
    left, top, right, bottom = place
    rows, columns = (np.arange(count) + 0.5 for count in cells.shape)
    x, y = (columns - left) / (right - left), (rows - top) / (bottom - top)
    wanted = np.zeros(cells.shape, bool)
    for x1, y1, x2, y2 in boxes:
        wanted |= ((x > x1) & (x < x2))[None] & ((y > y1) & (y < y2))[:, None]
    marked = cells > threshold
    return float((wanted & marked).sum() / max(1, (wanted | marked).sum()))


def held_out(detector: Detector, cache: Path, split: str) -> tuple[list[Seen], list[Seen]]:
    """Pictures of scenes that were not trained on: those that the review is sure of, and those that it is not."""
    index = json.loads((cache / "index.json").read_text())["pictures"]
    sure: list[Seen] = []
    unsure: list[Seen] = []
    for picture in index:
        if picture["split"] != split or picture["source"] in ("webcam", "virtual"):
            continue
        with Image.open(picture["path"]) as image:
            score, cells, place = detector.see(image)
        threshold = detector.card["output"]["threshold"]
        overlap = overlap_of(cells, threshold, picture["boxes"], place) if picture["boxes"] else None
        share = union(picture["boxes"])
        name = f"{picture['source']}/{Path(picture['path']).name}"
        one = Seen(name, picture["scene"], picture["kind"] == "strands", score, share, overlap)
        (unsure if picture["kind"] == "unsure" else sure).append(one)
    return sure, unsure


def union(boxes: list[list[float]]) -> float:
    """Share of the picture that boxes cover."""
    covered = np.zeros((100, 100), bool)
    for x1, y1, x2, y2 in boxes:
        covered[round(y1 * 100) : round(y2 * 100), round(x1 * 100) : round(x2 * 100)] = True
    return float(covered.mean())


def tell_sizes(sure: list[Seen], neutral: float) -> None:
    """Prints recall and overlap by the size of the failure."""
    print("\n  share of the picture   pictures  above neutral  median overlap")
    for low, high in SIZES:
        part = [one for one in sure if one.is_bad and low <= one.share < high]
        if part:
            found = np.mean([one.score > neutral for one in part])
            overlap = np.median([one.overlap or 0 for one in part])
            print(f"  {low:8.0%} to {min(1, high):4.0%} {len(part):12} {found:13.2f} {overlap:14.2f}")
    overlaps = [one.overlap or 0 for one in sure if one.is_bad]
    print(f"  all: median overlap {np.median(overlaps):.2f}")


def alter(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """A webcam's other looks, made with Pillow alone and thus not by what made the samples."""
    from io import BytesIO

    from PIL import ImageEnhance, ImageFilter

    image = image.convert("RGB")
    image.thumbnail((960, 960))
    if random.random() < 0.3:
        image = image.rotate(int(random.choice([90, 180, 270])), expand=True)
    if random.random() < 0.5:
        image = ImageOps.mirror(image)
    w, h = image.size
    x, y = random.uniform(0, 0.12, 2)
    image = image.crop((int(x * w), int(y * h), int(w * (0.88 + x)), int(h * (0.88 + y))))
    image = ImageEnhance.Brightness(image).enhance(float(random.uniform(0.35, 1.5)))
    image = ImageEnhance.Contrast(image).enhance(float(random.uniform(0.7, 1.4)))
    image = ImageEnhance.Color(image).enhance(float(random.uniform(0.2, 1.6)))
    if random.random() < 0.4:
        image = image.filter(ImageFilter.GaussianBlur(float(random.uniform(0.3, 2))))
    pixels = np.asarray(image, np.float32) * random.uniform(0.85, 1.15, 3)
    pixels = pixels + random.normal(0, random.uniform(0, 14), pixels.shape)
    data = BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(data, "JPEG", quality=int(random.integers(25, 85)))
    return Image.open(data)


def webcams(detector: Detector, cache: Path, times: int, scene: str | None) -> list[Seen]:
    """Every webcam frame as it is, and altered so often."""
    index = json.loads((cache / "index.json").read_text())["pictures"]
    seen: list[Seen] = []
    for picture in index:
        if picture["source"] != "webcam" or scene not in (None, picture["scene"]):
            continue
        random = np.random.default_rng(11)
        with Image.open(picture["path"]) as image:
            image.load()
            looks = [image, *(alter(image, random) for _ in range(times))]
        name = Path(picture["path"]).name
        for at, look in enumerate(looks):
            seen.append(Seen(f"{name} #{at}", picture["scene"], False, detector.see(look)[0]))
    return seen


def tell_webcams(seen: list[Seen], neutral: float) -> None:
    """Prints false alarms by scene, as the frames are and altered."""
    for scene in sorted({one.scene for one in seen}):
        for is_altered in (False, True):
            scores = [one.score for one in seen if one.scene == scene and one.name.endswith(" #0") != is_altered]
            if scores:
                above = sum(score > neutral for score in scores)
                what = "altered" if is_altered else "as they are"
                print(f"  {scene:32} {what:12} {above} of {len(scores)} above, highest {max(scores):.3f}")


def main() -> None:
    """Prints figures; `--json` writes the scores of single pictures."""
    root = Path(__file__).resolve().parent.parent / "models"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=root / "lookout-1.onnx")
    parser.add_argument("--card", type=Path, help="default: the .json beside the model")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--split", default="test", choices=("test", "valid", "train"))
    parser.add_argument("--webcams", type=int, metavar="TIMES")
    parser.add_argument("--scene")
    parser.add_argument("--wrong", action="store_true", help="name the pictures that it gets wrong")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    detector = Detector(options.model, options.card or options.model.with_suffix(".json"))
    seen: list[Seen] = []
    if options.data:
        seen = folder(detector, options.data)
        tell(seen, detector.neutral, str(options.data))
    elif options.cache and options.webcams is not None:
        seen = webcams(detector, options.cache, options.webcams, options.scene)
        tell_webcams(seen, detector.neutral)
    elif options.cache:
        seen, unsure = held_out(detector, options.cache, options.split)
        tell(seen, detector.neutral, f"{options.split}, reviewed")
        tell_sizes(seen, detector.neutral)
        labelled = [Seen(o.name, o.scene, o.is_bad or o.share > 0, o.score) for o in seen + unsure]
        tell(labelled, detector.neutral, f"{options.split}, every box of the data sets taken for a failure")
    else:
        parser.error("--data or --cache is needed")
    if options.wrong:
        for one in sorted(seen, key=lambda one: one.score):
            if (one.score > detector.neutral) != one.is_bad:
                print(f"  {'missed' if one.is_bad else 'false'} {one.score:.3f} {one.share:.2f} {one.name}")
    if options.json:
        options.json.write_text(json.dumps([one.__dict__ for one in seen], indent=1))


if __name__ == "__main__":
    main()
