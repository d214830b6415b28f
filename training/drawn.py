"""Draws what no data set has enough of: small heaps of strands, parts that are well, and what looks like strands."""

import cv2
import numpy as np

Image = np.ndarray
Random = np.random.Generator

FINER = 3
"""Strands are drawn so many times as large, so that thin ones come out soft."""


def strands(random: Random) -> Image:
    """A heap of loose filament on nothing, RGBA, 60 to 160 pixels on its longer side."""
    side = int(random.integers(60, 161))
    canvas = side * FINER
    pixels = np.zeros((canvas, canvas, 4), np.uint8)
    thick = max(2, round(canvas * np.exp(random.uniform(np.log(0.008), np.log(0.035)))))
    colour = random.uniform(20, 255, 3) if random.random() < 0.6 else np.full(3, random.uniform(10, 255))
    squeeze = np.array([1.0, np.exp(random.uniform(-1.2, 0))])
    tilt = random.uniform(0, np.pi)
    turned = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    for _ in range(int(random.integers(2, 14))):
        path = (curl(random, int(random.integers(40, 220))) * squeeze) @ turned.T
        points = ((path * 0.42 + 0.5) * canvas).astype(np.int32)
        light = random.uniform(0.65, 1.15)
        for width, shade, moved in ((thick + max(2, thick // 2), 0.35, 1), (thick, 0.85, 0), (thick // 3, 1.2, -1)):
            if width < 1:
                continue
            told = (*np.clip(colour * shade * light, 0, 255).tolist(), 255)
            cv2.polylines(pixels, [points + moved * thick // 4], False, told, int(width), cv2.LINE_AA)
    found = cv2.boundingRect((pixels[..., 3] > 0).astype(np.uint8))
    x, y, w, h = found
    part = pixels[y : y + h, x : x + w]
    return cv2.resize(part, (max(8, w // FINER), max(8, h // FINER)), interpolation=cv2.INTER_AREA)


def part(random: Random) -> Image:
    """A print that is well, from above or aside, RGBA: an even shape, with layers, infill, a rim or nothing on it."""
    side = int(random.integers(60, 161))
    canvas = side * FINER
    alpha = outline(canvas, random)
    if random.random() < 0.3:
        alpha = cv2.erode(alpha, np.ones((3, 3), np.uint8), iterations=max(1, canvas // 80))
    colour = random.uniform(20, 255, 3) if random.random() < 0.6 else np.full(3, random.uniform(10, 255))
    down = np.linspace(random.uniform(0.6, 1.2), random.uniform(0.6, 1.2), canvas)
    shade = np.repeat(down[:, None], canvas, 1)
    what = random.random()
    if what < 0.5:
        step = canvas * random.uniform(0.015, 0.08)
        waves = np.sin(np.arange(canvas) * 2 * np.pi / step) * random.uniform(0.03, 0.3)
        shade = shade + waves[:, None] + (waves[None] if what < 0.2 else 0)
        matrix = cv2.getRotationMatrix2D((canvas / 2, canvas / 2), random.uniform(0, 180), 1.5)
        shade = cv2.warpAffine(shade, matrix, (canvas, canvas), borderMode=cv2.BORDER_REFLECT_101)
    elif what < 0.8:
        spots = random.normal(0, random.uniform(0.05, 0.4), (int(random.integers(3, 20)),) * 2).astype(np.float32)
        shade = shade + cv2.resize(spots, (canvas, canvas), interpolation=cv2.INTER_CUBIC)
    if random.random() < 0.4:
        inner = cv2.erode(alpha, np.ones((3, 3), np.uint8), iterations=max(2, canvas // int(random.integers(20, 60))))
        shade = np.where(inner > 0, shade, shade * random.uniform(0.4, 1.5))
    pixels = np.dstack([np.clip(colour * shade[..., None], 0, 255).astype(np.uint8), alpha])
    if random.random() < 0.5:
        pixels = cv2.GaussianBlur(pixels, (0, 0), random.uniform(0.5, 6))
    if random.random() < 0.3:
        pixels[..., 3] = (pixels[..., 3] * random.uniform(0.4, 1)).astype(np.uint8)
    return cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA)


def outline(canvas: int, random: Random) -> Image:
    """The silhouette of a part: corners, waves, or a body with limbs; 0 or 255."""
    alpha = np.zeros((canvas, canvas), np.uint8)
    what = random.random()
    if what < 0.35:
        for _ in range(int(random.integers(2, 8))):
            middle = (random.uniform(0.25, 0.75, 2) * canvas).astype(int).tolist()
            axes = (random.uniform(0.06, 0.24, 2) * canvas).astype(int).tolist()
            cv2.ellipse(alpha, middle, axes, random.uniform(0, 180), 0, 360, 255, -1, cv2.LINE_AA)
        return alpha
    corners = int(random.integers(3, 9))
    is_sharp = what < 0.7
    angles = np.sort(random.uniform(0, 2 * np.pi, corners)) if is_sharp else np.linspace(0, 2 * np.pi, 40)
    far = random.uniform(0.6, 1, corners) if is_sharp else 0.8 + 0.2 * np.sin(corners * angles)
    shape = np.stack([np.cos(angles), np.sin(angles) * np.exp(random.uniform(-1, 0))], 1) * far[:, None]
    cv2.fillPoly(alpha, [((shape * 0.48 + 0.5) * canvas).astype(np.int32)], 255, cv2.LINE_AA)
    return alpha


def curl(random: Random, steps: int) -> np.ndarray:
    """A line that wanders within a distance of 1 from 0, bending now more and now less."""
    bend = np.zeros(steps)
    most = random.uniform(0.15, 0.7)
    for at in range(1, steps):
        bend[at] = 0.92 * bend[at - 1] + random.normal(0, 0.3 * most)
    heading = random.uniform(0, 2 * np.pi) + np.cumsum(bend)
    path = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], 1), 0) * random.uniform(0.04, 0.09)
    path = path - path.mean(0) + random.normal(0, 0.2, 2)
    return path / max(1.0, float(np.linalg.norm(path, axis=1).max()))


def lines(picture: Image, random: Random) -> Image:
    """Cables, tubes, purge lines, infill, grids, and the windings of a spool."""
    picture = picture.copy()
    for _ in range(int(random.integers(1, 4))):
        colour = tuple(int(v) for v in random.integers(0, 256, 3))
        what = random.random()
        if what < 0.4:
            cable(picture, colour, random)
        elif what < 0.55:
            height, width = picture.shape[:2]
            a, b = random.integers(0, (width, height)), random.integers(0, (width, height))
            cv2.line(picture, a.tolist(), b.tolist(), colour, int(random.integers(1, 3)), cv2.LINE_AA)
        elif what < 0.7:
            spool(picture, colour, random)
        else:
            infill(picture, colour, what > 0.85, random)
    return picture


def cable(picture: Image, colour: tuple[int, ...], random: Random) -> None:
    """One bundle in a wide bend; its parts run beside each other."""
    height, width = picture.shape[:2]
    p = random.uniform(-0.2, 1.2, (4, 2)) * (width, height)
    t = np.linspace(0, 1, 40)[:, None]
    curve = (1 - t) ** 3 * p[0] + 3 * t * (1 - t) ** 2 * p[1] + 3 * t**2 * (1 - t) * p[2] + t**3 * p[3]
    thick = int(random.integers(2, 9))
    for beside in range(int(random.choice([1, 1, 1, 2, 4]))):
        shade = tuple(int(v * random.uniform(0.5, 1)) for v in colour) if beside else colour
        points = [(curve + beside * (thick + 1)).astype(np.int32)]
        cv2.polylines(picture, points, False, shade, thick, cv2.LINE_AA)


def spool(picture: Image, colour: tuple[int, ...], random: Random) -> None:
    """Arcs around one middle, close together."""
    height, width = picture.shape[:2]
    middle = (random.uniform(-0.2, 1.2, 2) * (width, height)).astype(int).tolist()
    inner, step = int(random.integers(10, 60)), int(random.integers(2, 6))
    start = random.uniform(0, 360)
    flat = random.uniform(0.4, 1)
    for at in range(int(random.integers(4, 20))):
        shade = tuple(int(v * random.uniform(0.6, 1)) for v in colour)
        axes = (inner + at * step, round((inner + at * step) * flat))
        cv2.ellipse(picture, middle, axes, 0, start, start + 200, shade, max(1, step - 1), cv2.LINE_AA)


def infill(picture: Image, colour: tuple[int, ...], is_crossed: bool, random: Random) -> None:
    """A patch of straight lines, or of crossing ones."""
    height, width = picture.shape[:2]
    side, step = int(random.integers(30, 110)), int(random.integers(4, 14))
    patch = np.full((side, side, 3), random.integers(0, 256, 3), np.uint8)
    for at in range(-side, side, step):
        cv2.line(patch, (at, 0), (at + side, side), colour, 1, cv2.LINE_AA)
        if is_crossed:
            cv2.line(patch, (at + side, 0), (at, side), colour, 1, cv2.LINE_AA)
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), random.uniform(0, 180), 1)
    matrix[:, 2] += random.uniform(-0.2, 0.8, 2) * (width, height)
    cv2.warpAffine(patch, matrix, (width, height), picture, cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT)
