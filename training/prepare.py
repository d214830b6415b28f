"""Decodes the pictures once, with their boxes, verdicts and split, into one folder that training reads.

    python training/prepare.py --data DIR --cache .cache/detector

DIR holds the three public sets as training/README.md lays them out. Nothing is downloaded.
"""

import argparse
import csv
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

LONGEST = 416
"""Pixels of the longer side in the cache; the model sees 320."""

CUT_OUT = 200
"""Pixels of the longer side of a cut-out."""


@dataclass
class Picture:
    """One picture in the cache. `kind` is strands, clean or unsure; boxes are x1, y1, x2, y2 as fractions."""

    path: str
    source: str
    kind: str
    scene: str
    split: str
    boxes: list[list[float]]


def split_of(scene: str) -> str:
    """Train, valid (a tenth: choices are made on it) or test (a fifth: looked at last), by scene, never by picture."""
    share = int(hashlib.sha256(f"lookout-1 {scene}".encode()).hexdigest()[:8], 16) % 100
    return "test" if share < 20 else "valid" if share < 30 else "train"


def read_boxes(label: Path, wanted: str) -> list[list[float]]:
    """Boxes of one class from a YOLO label file; polygons become their bounds."""
    boxes: list[list[float]] = []
    for line in label.read_text().splitlines() if label.exists() else []:
        name, *numbers = line.split()
        values = [float(number) for number in numbers]
        if name != wanted or len(values) < 4:
            continue
        if len(values) == 4:
            x, y, w, h = values
            bounds = [x - w / 2, y - h / 2, x + w / 2, y + h / 2]
        else:
            bounds = [min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2])]
        boxes.append([min(1.0, max(0.0, value)) for value in bounds])
    return boxes


def labelled(data: Path, review: Path) -> list[Picture]:
    """The pictures of the two Roboflow sets with what was seen in them when they were reviewed."""
    with review.open() as lines:
        seen = {(row["source"], row["picture"]): row for row in csv.DictReader(lines)}
    pictures: list[Picture] = []
    for source, wanted in (("public-domain", "0"), ("cc-by", "1")):
        for path in sorted((data / source).glob("*/images/*.jpg")):
            row = seen.get((source, path.stem.split(".rf.")[-1][:12]))
            if row is None:
                print(f"not in the review, left out: {path}")
                continue
            boxes = read_boxes(path.parent.parent / "labels" / f"{path.stem}.txt", wanted)
            kind = row["kind"] if boxes or row["kind"] != "strands" else "unsure"
            pictures.append(Picture(str(path), source, kind, row["scene"], split_of(row["scene"]), boxes))
    return pictures


def webcams(data: Path) -> list[Picture]:
    """Real webcams of prints that went well; the scene is what the file's name begins with."""
    pictures: list[Picture] = []
    for path in sorted((data / "permissive" / "good").glob("*.jpg")):
        parts = path.stem.split("_")
        scene = "_".join(parts[1:3]) if parts[1] == "HighTemplar" else parts[1]
        pictures.append(Picture(str(path), "webcam", "clean", f"webcam-{scene}", "train", []))
    return pictures


def drawn(folder: Path) -> list[Picture]:
    """Scenes of the virtual webcam, N-good.jpg and N-bad.jpg: where the two differ lie the strands."""
    pictures: list[Picture] = []
    for path in sorted(folder.glob("*.jpg")):
        boxes: list[list[float]] = []
        if path.stem.endswith("-bad"):
            good = cv2.imread(str(path.with_name(path.name.replace("-bad", "-good"))))
            changed = cv2.absdiff(cv2.imread(str(path)), good).max(axis=2)
            found = cv2.boundingRect(cv2.erode((changed > 40).astype(np.uint8), np.ones((2, 2))))
            height, width = changed.shape
            x, y, w, h = found
            boxes = [[x / width, y / height, (x + w) / width, (y + h) / height]]
        kind = "strands" if boxes else "clean"
        pictures.append(Picture(str(path), "virtual", kind, "virtual", "train", boxes))
    return pictures


def decode(path: str) -> np.ndarray:
    """RGB, at most LONGEST pixels on the longer side."""
    image = cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)
    scale = LONGEST / max(image.shape[:2])
    if scale < 1:
        size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return image


def cut_out(image: np.ndarray, box: list[float]) -> np.ndarray | None:
    """RGBA of what a box holds without its background (GrabCut), or None where that finds nothing to keep."""
    height, width = image.shape[:2]
    x1, y1, x2, y2 = (round(v * s) for v, s in zip(box, (width, height, width, height), strict=True))
    margin = 12
    left, top = max(0, x1 - margin), max(0, y1 - margin)
    part = image[top : y2 + margin, left : x2 + margin]
    scale = min(1.0, CUT_OUT / max(part.shape[:2]))
    part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    inner = [round(v * scale) for v in (x1 - left, y1 - top, x2 - x1, y2 - y1)]
    if min(inner[2:]) < 24 or (inner[2] + 2 >= part.shape[1] and inner[3] + 2 >= part.shape[0]):
        return None
    mask = np.zeros(part.shape[:2], np.uint8)
    cv2.setRNGSeed(7)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    try:
        cv2.grabCut(part, mask, inner, *models, 2, cv2.GC_INIT_WITH_RECT)
    except cv2.error:
        return None
    alpha = ((mask == 1) | (mask == 3)).astype(np.float32)
    share = alpha[inner[1] : inner[1] + inner[3], inner[0] : inner[0] + inner[2]].mean()
    if not 0.15 < share < 0.9:
        return None
    return np.dstack([part, (cv2.GaussianBlur(alpha, (3, 3), 0) * 255).astype(np.uint8)])


def main() -> None:
    """Writes pictures.npy, cutouts.npy and index.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path(".cache/detector"))
    parser.add_argument("--review", type=Path, default=Path(__file__).with_name("review.csv"))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    pictures = labelled(options.data, options.review) + webcams(options.data) + drawn(options.cache / "virtual")
    images = [decode(picture.path) for picture in pictures]
    cutouts: list[dict[str, object]] = []
    pieces: list[np.ndarray] = []
    for picture, image in zip(pictures, images, strict=True):
        if picture.split != "train" or picture.source in ("webcam", "virtual") or picture.kind == "unsure":
            continue
        boxes = picture.boxes if picture.kind == "strands" else [[0.2, 0.2, 0.8, 0.8]]
        for box in boxes:
            if (piece := cut_out(image, box)) is not None:
                pieces.append(piece)
                cutouts.append({"kind": picture.kind, "shape": piece.shape})
    options.cache.mkdir(parents=True, exist_ok=True)
    np.save(options.cache / "pictures.npy", np.concatenate([image.ravel() for image in images]))
    np.save(options.cache / "cutouts.npy", np.concatenate([piece.ravel() for piece in pieces]))
    index = [{**asdict(picture), "shape": image.shape} for picture, image in zip(pictures, images, strict=True)]
    (options.cache / "index.json").write_text(json.dumps({"pictures": index, "cutouts": cutouts}))
    for split in ("train", "valid", "test"):
        kinds = [picture.kind for picture in pictures if picture.split == split]
        print(split, {kind: kinds.count(kind) for kind in sorted(set(kinds))})
    print("cut-outs", {kind: sum(c["kind"] == kind for c in cutouts) for kind in ("strands", "clean")})


if __name__ == "__main__":
    main()
