"""Makes training samples: a picture as a webcam could have seen it, and what each cell of the grid should say."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

PADDING = 114
"""Grey of the letterbox, as on the model card."""

STRIDE = 16
"""Pixels on a side of one cell."""

SHARES = {"strands": 0.36, "clean": 0.26, "webcam": 0.15, "virtual": 0.09, "unsure": 0.14}
"""Which pictures the samples start from."""

ASPECTS = (16 / 9, 16 / 9, 4 / 3, 4 / 3, 1.0, 3 / 4, 9 / 16)

Image = np.ndarray
Random = np.random.Generator


@dataclass
class Sample:
    """RGB size×size×3 uint8; target and weight rows×columns, 0..1; scene of the picture it was made from."""

    image: Image
    target: np.ndarray
    weight: np.ndarray
    scene: str


class Store:
    """Reads what prepare.py wrote."""

    def __init__(self, cache: Path) -> None:
        index = json.loads((cache / "index.json").read_text())
        self.pictures: list[dict[str, Any]] = index["pictures"]
        self.cutouts: list[dict[str, Any]] = index["cutouts"]
        self._pixels = np.load(cache / "pictures.npy", mmap_mode="r")
        self._pieces = np.load(cache / "cutouts.npy", mmap_mode="r")
        self._at = np.cumsum([0, *[int(np.prod(p["shape"])) for p in self.pictures]])
        self._cut_at = np.cumsum([0, *[int(np.prod(c["shape"])) for c in self.cutouts]])

    def picture(self, at: int) -> Image:
        """RGB uint8."""
        return np.array(self._pixels[self._at[at] : self._at[at + 1]]).reshape(self.pictures[at]["shape"])

    def cutout(self, at: int) -> Image:
        """RGBA uint8."""
        return np.array(self._pieces[self._cut_at[at] : self._cut_at[at + 1]]).reshape(self.cutouts[at]["shape"])

    def group(self, name: str) -> dict[str, list[int]]:
        """Pictures for training of one of SHARES, by scene."""
        scenes: dict[str, list[int]] = {}
        for at, picture in enumerate(self.pictures):
            own = picture["source"] if picture["source"] in ("webcam", "virtual") else picture["kind"]
            if picture["split"] == "train" and own == name:
                scenes.setdefault(picture["scene"], []).append(at)
        return scenes


def letterbox(image: Image, size: int, filler: int = PADDING) -> tuple[Image, tuple[int, int, int, int]]:
    """Scaled to fit, the rest filled, half on each side; and where it lies: left, top, width, height."""
    height, width = image.shape[:2]
    scale = size / max(height, width)
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (size - w) // 2, (size - h) // 2
    out = np.full((size, size, *image.shape[2:]), filler, image.dtype)
    inter = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    out[top : top + h, left : left + w] = cv2.resize(image, (w, h), interpolation=inter)
    return out, (left, top, w, h)


def make(store: Store, groups: dict[str, dict[str, list[int]]], size: int, random: Random) -> Sample:
    """One sample. Scenes of a group are equally likely, so that a long series of one print counts once."""
    name = random.choice(list(SHARES), p=list(SHARES.values()))
    scenes = groups[name]
    scene = str(random.choice(list(scenes)))
    at = int(random.choice(scenes[scene]))
    picture = store.picture(at)
    # What a pixel is: 0 nothing, 1 strands, 2 perhaps, 3 strands with a known outline.
    marks = np.zeros(picture.shape[:2], np.uint8)
    for x1, y1, x2, y2 in store.pictures[at]["boxes"] if name in ("strands", "unsure", "virtual") else []:
        h, w = marks.shape
        marks[round(y1 * h) : round(y2 * h), round(x1 * w) : round(x2 * w)] = 2 if name == "unsure" else 1
    source = store.pictures[at]["source"]
    picture, marks = turn(picture, marks, size, random, 1.6 if source != "webcam" else 1.25, source)
    if random.random() < 0.12:
        picture = draw_lines(picture, random)
    pasted = {"webcam": (0.45, 0.25), "clean": (0.25, 0.1), "virtual": (0.15, 0.15)}.get(name, (0.0, 0.08))
    if random.random() < pasted[0]:
        picture, marks = paste(store, picture, marks, "strands", random)
    if random.random() < pasted[1]:
        picture, marks = paste(store, picture, marks, "clean", random)
    if random.random() < 0.1:
        picture, marks = fisheye(picture, marks, random)
    picture = expose(picture, random)
    image, place = letterbox(picture, size)
    target, weight = cells(image, marks, place, size)
    return Sample(image, target, weight, scene)


def turn(picture: Image, marks: Image, size: int, random: Random, most: float, source: str) -> tuple[Image, Image]:
    """Crop, zoom, stretch, mirror, tilt and quarter turns, into a shape that a webcam has."""
    aspect = float(random.choice(ASPECTS))
    width, height = (size, round(size / aspect)) if aspect >= 1 else (round(size * aspect), size)
    h, w = picture.shape[:2]
    # The cc-by set was stretched to squares from shapes that are not known.
    stretch = np.exp(random.uniform(-0.3, 0.5)) if source == "cc-by" else np.exp(random.uniform(-0.12, 0.12))
    angle = np.deg2rad(random.normal(0, 6) + 90 * (random.choice([1, 2, 3]) if random.random() < 0.22 else 0))
    mirror = -1 if random.random() < 0.5 else 1
    turned = abs(np.sin(angle)) > 0.7
    seen = (h, w * stretch) if turned else (w * stretch, h)
    zoom = max(width / seen[0], height / seen[1]) * np.exp(random.uniform(np.log(0.4), np.log(most)))
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


def paste(store: Store, picture: Image, marks: Image, kind: str, random: Random) -> tuple[Image, Image]:
    """Lays a cut-out on the picture: strands, or a whole print so that an edge alone tells nothing."""
    choices = [at for at, cutout in enumerate(store.cutouts) if cutout["kind"] == kind]
    piece = store.cutout(int(random.choice(choices)))
    height, width = picture.shape[:2]
    share = np.exp(random.uniform(np.log(0.015), np.log(0.3)))
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
    part = marks[top : top + h, left : left + w]
    part[outline > 0] = 3 if kind == "strands" else 0
    return picture, marks


def draw_lines(picture: Image, random: Random) -> Image:
    """What looks like strands and is none: cables, tubes, purge lines, infill, grids."""
    picture = picture.copy()
    height, width = picture.shape[:2]
    for _ in range(int(random.integers(1, 4))):
        colour = tuple(int(v) for v in random.integers(0, 256, 3))
        what = random.random()
        if what < 0.45:
            p = random.uniform(-0.2, 1.2, (4, 2)) * (width, height)
            t = np.linspace(0, 1, 40)[:, None]
            curve = (1 - t) ** 3 * p[0] + 3 * t * (1 - t) ** 2 * p[1] + 3 * t**2 * (1 - t) * p[2] + t**3 * p[3]
            points = [curve.astype(np.int32)]
            cv2.polylines(picture, points, False, colour, int(random.integers(2, 9)), cv2.LINE_AA)
        elif what < 0.65:
            a, b = random.integers(0, (width, height)), random.integers(0, (width, height))
            cv2.line(picture, a.tolist(), b.tolist(), colour, int(random.integers(1, 3)), cv2.LINE_AA)
        else:
            side = int(random.integers(30, 110))
            step = int(random.integers(4, 14))
            patch = np.full((side, side, 3), random.integers(0, 256, 3), np.uint8)
            for at in range(-side, side, step):
                cv2.line(patch, (at, 0), (at + side, side), colour, 1, cv2.LINE_AA)
                if what > 0.82:
                    cv2.line(patch, (at + side, 0), (at, side), colour, 1, cv2.LINE_AA)
            matrix = cv2.getRotationMatrix2D((side / 2, side / 2), random.uniform(0, 180), 1)
            matrix[:, 2] += random.uniform(-0.2, 0.8, 2) * (width, height)
            cv2.warpAffine(patch, matrix, (width, height), picture, cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT)
    return picture


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
    if random.random() < 0.12:
        out = out * random.uniform(0.12, 0.4)
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


def cells(image: Image, marks: Image, place: tuple[int, int, int, int], size: int) -> tuple[np.ndarray, np.ndarray]:
    """
    What each cell should say, and how much that counts. Boxes hold background too: cells of a box in which next to
    nothing is to be seen do not count, nor do cells at its rim.
    """
    left, top, w, h = place
    grid = (size // STRIDE, size // STRIDE)
    full = np.full((size, size), 4, np.uint8)
    full[top : top + h, left : left + w] = cv2.resize(marks, (w, h), interpolation=cv2.INTER_NEAREST)

    def share(mark: int) -> np.ndarray:
        return cv2.resize((full == mark).astype(np.float32), grid, interpolation=cv2.INTER_AREA)

    boxed, outlined, perhaps, beside = share(1), share(3), share(2), share(4)
    target = ((boxed + outlined * 1.4) >= 0.5).astype(np.float32)
    weight = np.ones(grid, np.float32)
    weight[(boxed + outlined > 0.08) & (target == 0)] = 0
    weight[perhaps > 0.1] = 0
    weight[beside > 0.5] = 0
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    edges = np.abs(cv2.Laplacian(cv2.GaussianBlur(grey, (0, 0), 1), cv2.CV_32F))
    energy = cv2.resize(edges, grid, interpolation=cv2.INTER_AREA)
    inside = (boxed >= 0.5) & (beside < 0.5)
    if inside.any():
        weight[inside & (energy < max(0.8, 0.4 * np.median(energy[inside])))] = 0
    return target, weight
