"""Makes training samples: a picture as a webcam could have seen it, and what each cell of the grid should say."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from beds import bed
from drawn import lines, part, strands

PADDING = 114
"""Grey of the letterbox, as on the model card."""

STRIDE = 16
"""Pixels on a side of one cell."""

COARSEST = 32
"""Pixels on a side of what the net's last blocks see as one: sides of its input are multiples of it."""

SHARES = {"strands": 0.35, "clean": 0.25, "bed": 0.14, "webcam": 0.1, "virtual": 0.04, "unsure": 0.12}
"""Which pictures the samples start from."""

PASTED = {
    "bed": (0.25, 0.25, 0.25, 0.45),
    "webcam": (0.25, 0.2, 0.3, 0.3),
    "clean": (0.15, 0.12, 0.15, 0.2),
    "virtual": (0.15, 0.05, 0.15, 0.1),
    "unsure": (0.05, 0.05, 0.1, 0.1),
    "strands": (0.0, 0.0, 0.08, 0.08),
}
"""
How often something is laid onto them: strands cut out of another picture, drawn ones, a print cut out, a drawn one.
What lies on a bed is as often none as some.
"""

ASPECTS = (16 / 9, 16 / 9, 4 / 3, 4 / 3, 1.0, 3 / 4, 9 / 16)

Image = np.ndarray
Random = np.random.Generator


@dataclass
class Sample:
    """RGB height×width×3 uint8; target and weight rows×columns, 0..1."""

    image: Image
    target: np.ndarray
    weight: np.ndarray


class Store:
    """Reads what prepare.py wrote."""

    def __init__(self, cache: Path, leave_out: str | None = None) -> None:
        index = json.loads((cache / "index.json").read_text())
        self.pictures: list[dict[str, Any]] = index["pictures"]
        self.cutouts: list[dict[str, Any]] = index["cutouts"]
        self._pixels = np.load(cache / "pictures.npy", mmap_mode="r")
        self._pieces = np.load(cache / "cutouts.npy", mmap_mode="r")
        self._at = np.cumsum([0, *[int(np.prod(p["shape"])) for p in self.pictures]])
        self._cut_at = np.cumsum([0, *[int(np.prod(c["shape"])) for c in self.cutouts]])

        self.groups = {name: self._group(name, leave_out) for name in SHARES if name != "bed"}
        """Pictures for training, by group and scene; without scenes whose name begins with `leave_out`."""

    def picture(self, at: int) -> Image:
        """RGB uint8."""
        return np.array(self._pixels[self._at[at] : self._at[at + 1]]).reshape(self.pictures[at]["shape"])

    def piece(self, kind: str, random: Random) -> Image:
        """A cut-out, RGBA uint8."""
        at = int(random.choice([at for at, cutout in enumerate(self.cutouts) if cutout["kind"] == kind]))
        return np.array(self._pieces[self._cut_at[at] : self._cut_at[at + 1]]).reshape(self.cutouts[at]["shape"])

    def _group(self, name: str, leave_out: str | None) -> dict[str, list[int]]:
        scenes: dict[str, list[int]] = {}
        for at, picture in enumerate(self.pictures):
            own = picture["source"] if picture["source"] in ("webcam", "virtual") else picture["kind"]
            is_left = leave_out is not None and picture["scene"].startswith(leave_out)
            if picture["split"] == "train" and own == name and not is_left:
                scenes.setdefault(picture["scene"], []).append(at)
        return scenes


def letterbox(image: Image, size: int) -> tuple[Image, tuple[int, int, int, int]]:
    """
    Scaled to `size` on the longer side, the shorter filled to a multiple of COARSEST, half on each side; and where the
    picture lies: left, top, width, height.
    """
    height, width = image.shape[:2]
    scale = size / max(height, width)
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    columns, rows = (-(-side // COARSEST) * COARSEST for side in (w, h))
    left, top = (columns - w) // 2, (rows - h) // 2
    out = np.full((rows, columns, 3), PADDING, np.uint8)
    inter = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    out[top : top + h, left : left + w] = cv2.resize(image, (w, h), interpolation=inter)
    return out, (left, top, w, h)


def sides(size: int, aspect: float) -> tuple[int, int]:
    """Width and height of a picture whose longer side is `size`."""
    return (size, round(size / aspect)) if aspect >= 1 else (round(size * aspect), size)


def make(store: Store, size: int, aspect: float, random: Random) -> Sample:
    """
    One sample of a shape. Scenes of a group are equally likely, so that a long series of one print counts once. What a
    pixel is goes along: 0 nothing, 1 strands, 2 perhaps, 3 strands with a known outline.
    """
    name = random.choice(list(SHARES), p=list(SHARES.values()))
    if name == "bed":
        picture = bed(*sides(size, aspect), random)
        marks = np.zeros(picture.shape[:2], np.uint8)
    else:
        picture, marks = start(store, name, size, aspect, random)
    if random.random() < 0.2:
        picture = lines(picture, random)
    pieces = (
        (lambda: store.piece("strands", random), 3),
        (lambda: strands(random), 3),
        (lambda: store.piece("clean", random), 0),
        (lambda: part(random), 0),
    )
    for chance, (piece, mark) in zip(PASTED[name], pieces, strict=True):
        if random.random() < chance:
            picture, marks = paste(picture, marks, piece(), mark, random)
    if random.random() < 0.1:
        picture, marks = fisheye(picture, marks, random)
    picture = expose(picture, random)
    image, place = letterbox(picture, size)
    target, weight = cells(image, marks, place)
    return Sample(image, target, weight)


def start(store: Store, name: str, size: int, aspect: float, random: Random) -> tuple[Image, Image]:
    """A picture of the group as a camera of this shape may see it, and what its pixels are: see `make`."""
    scenes = store.groups[name]
    if not scenes:
        return start(store, "clean", size, aspect, random)
    scene = random.choice(list(scenes))
    at = int(random.choice(scenes[scene]))
    picture, source = store.picture(at), store.pictures[at]["source"]
    marks = np.zeros(picture.shape[:2], np.uint8)
    for x1, y1, x2, y2 in store.pictures[at]["boxes"] if name in ("strands", "unsure", "virtual") else []:
        h, w = marks.shape
        marks[round(y1 * h) : round(y2 * h), round(x1 * w) : round(x2 * w)] = 2 if name == "unsure" else 1
    return turn(picture, marks, size, aspect, random, 1.6 if source != "webcam" else 1.25, source)


def turn(
    picture: Image, marks: Image, size: int, aspect: float, random: Random, most: float, source: str
) -> tuple[Image, Image]:
    """Crop, zoom, stretch, mirror, tilt and quarter turns, into a shape that a webcam has."""
    width, height = sides(size, aspect)
    h, w = picture.shape[:2]
    # The cc-by set was stretched to squares from shapes that are not known.
    stretch = np.exp(random.uniform(-0.3, 0.5)) if source == "cc-by" else np.exp(random.uniform(-0.12, 0.12))
    angle = np.deg2rad(random.normal(0, 6) + 90 * (random.choice([1, 2, 3]) if random.random() < 0.22 else 0))
    mirror = -1 if random.random() < 0.5 else 1
    turned = abs(np.sin(angle)) > 0.7
    seen = (h, w * stretch) if turned else (w * stretch, h)
    zoom = max(width / seen[0], height / seen[1]) * np.exp(random.uniform(np.log(0.45), np.log(most)))
    linear = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = linear @ np.diag([mirror * zoom * stretch, zoom])
    free = np.maximum(0, np.array([seen[0] * zoom - width, seen[1] * zoom - height])) / 2
    middle = np.array([width, height]) / 2 + random.uniform(-1, 1, 2) * free
    offset = middle - linear @ np.array([w / 2, h / 2])
    matrix = np.hstack([linear, offset[:, None]]).astype(np.float32)
    if zoom * stretch < 0.9:
        picture = cv2.GaussianBlur(picture, (0, 0), 0.35 / zoom)
    border = cv2.BORDER_REFLECT_101
    out = cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=border)
    return out, cv2.warpAffine(marks, matrix, (width, height), flags=cv2.INTER_NEAREST, borderMode=border)


def paste(picture: Image, marks: Image, piece: Image, mark: int, random: Random) -> tuple[Image, Image]:
    """Lays a cut-out on the picture: strands, or a whole print so that an edge alone tells nothing."""
    height, width = picture.shape[:2]
    share = np.exp(random.uniform(np.log(0.01), np.log(0.3)))
    scale = np.sqrt(share * height * width / (piece.shape[0] * piece.shape[1]))
    scale = min(scale, 0.95 * width / piece.shape[1], 0.95 * height / piece.shape[0])
    w, h = max(8, round(piece.shape[1] * scale)), max(8, round(piece.shape[0] * scale))
    piece = cv2.resize(piece, (w, h), interpolation=cv2.INTER_AREA)
    if random.random() < 0.5:
        piece = piece[:, ::-1]
    colour = piece[..., :3].astype(np.float32)
    if random.random() < 0.4:
        colour = colour.mean(axis=2, keepdims=True) * random.uniform(0.3, 1.2, 3)
    left, top = int(random.integers(0, width - w + 1)), int(random.integers(0, height - h + 1))
    ground = picture[top : top + h, left : left + w].astype(np.float32)
    # Half of the way to the light of the place where it lies.
    colour = colour * (0.5 + 0.5 * (ground.mean() + 25) / (colour.mean() + 25))
    alpha = piece[..., 3:].astype(np.float32) / 255
    if random.random() < 0.4:
        alpha = alpha * random.uniform(0.7, 1)
    picture, marks = picture.copy(), marks.copy()
    mixed = ground * (1 - alpha) + colour * alpha
    picture[top : top + h, left : left + w] = np.clip(mixed, 0, 255).astype(np.uint8)
    reach = max(3, round(0.1 * max(w, h))) | 1
    outline = cv2.morphologyEx(
        (alpha[..., 0] > 0.3).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8)
    )
    marks[top : top + h, left : left + w][outline > 0] = mark
    return picture, marks


def fisheye(picture: Image, marks: Image, random: Random) -> tuple[Image, Image]:
    """Bends straight lines as a wide lens does."""
    height, width = picture.shape[:2]
    focal = 0.6 * max(width, height)
    camera = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    bend = np.array([random.uniform(-0.3, 0.15), 0.02, 0, 0])
    maps = cv2.initUndistortRectifyMap(camera, bend, None, camera, (width, height), cv2.CV_32FC1)
    border = cv2.BORDER_REFLECT_101
    out = cv2.remap(picture, *maps, cv2.INTER_LINEAR, borderMode=border)
    return out, cv2.remap(marks, *maps, cv2.INTER_NEAREST, borderMode=border)


def expose(picture: Image, random: Random) -> Image:
    """Light, white balance, blur, noise and JPEG of a cheap camera."""
    out = picture.astype(np.float32) / 255
    if random.random() < 0.8:
        out = np.clip(out, 0, 1) ** np.exp(random.normal(0, 0.3)) * random.uniform(0.7, 1.25)
    if random.random() < 0.18:
        out = out * random.uniform(0.12, 0.45)
    if random.random() < 0.08:
        out = out * random.uniform(1.5, 2.2)
    if random.random() < 0.4:
        out = out * np.exp(random.normal(0, 0.12, 3)).astype(np.float32)
    what = random.random()
    if what < 0.1:
        out = np.repeat(out.mean(axis=2, keepdims=True), 3, axis=2)
    elif what < 0.4:
        grey = out.mean(axis=2, keepdims=True)
        out = grey + (out - grey) * random.uniform(0.3, 1.5)
    elif what < 0.5:
        out = out[..., random.permutation(3)]
    if random.random() < 0.35:
        out = cv2.GaussianBlur(out, (0, 0), random.uniform(0.3, 1.1))
    if random.random() < 0.1:
        kernel = np.zeros((7, 7), np.float32)
        cv2.line(kernel, *random.integers(0, 7, (2, 2)).tolist(), 1.0)
        out = cv2.filter2D(out, -1, kernel / max(1.0, float(kernel.sum())))
    if random.random() < 0.4:
        level = random.uniform(0.005, 0.05)
        out = out + random.normal(0, level, (*out.shape[:2], 3 if random.random() < 0.5 else 1))
    if random.random() < 0.08:
        # A gantry, an arm or a cable bundle right before the lens.
        h = out.shape[0]
        y = int(random.integers(0, h))
        out[y : y + int(random.integers(h // 20 + 1, h // 4))] = random.uniform(0, 0.5, 3)
    pixels = (np.clip(out, 0, 1) * 255).astype(np.uint8)
    if random.random() < 0.6:
        quality = int(random.integers(25, 90))
        pixels = cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1)
    return pixels


def cells(image: Image, marks: Image, place: tuple[int, int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """
    What each cell should say, and how much that counts. Boxes hold background too: cells of a box in which next to
    nothing is to be seen do not count, nor do cells at its rim.
    """
    left, top, w, h = place
    rows, columns = image.shape[0] // STRIDE, image.shape[1] // STRIDE
    full = np.full(image.shape[:2], 4, np.uint8)
    full[top : top + h, left : left + w] = cv2.resize(marks, (w, h), interpolation=cv2.INTER_NEAREST)

    def share(mark: int) -> np.ndarray:
        return cv2.resize((full == mark).astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)

    boxed, outlined, perhaps, beside = share(1), share(3), share(2), share(4)
    target = ((boxed + outlined * 1.4) >= 0.5).astype(np.float32)
    weight = np.ones((rows, columns), np.float32)
    weight[(boxed + outlined > 0.08) & (target == 0)] = 0
    weight[perhaps > 0.1] = 0
    weight[beside > 0.5] = 0
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    edges = np.abs(cv2.Laplacian(cv2.GaussianBlur(grey, (0, 0), 1), cv2.CV_32F))
    energy = cv2.resize(edges, (columns, rows), interpolation=cv2.INTER_AREA)
    inside = (boxed >= 0.5) & (beside < 0.5)
    if inside.any():
        weight[inside & (energy < max(0.8, 0.4 * np.median(energy[inside])))] = 0
    return target, weight
