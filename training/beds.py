"""Draws printers' beds of every colour and light: webcams are scarce, and what lies on a bed is to be learned."""

import string

import cv2
import numpy as np

from drawn import cable

Image = np.ndarray
Random = np.random.Generator


def bed(width: int, height: int, random: Random) -> Image:
    """A bed before a backdrop, with rods, a head, a highlight, scratches and letters; RGB."""
    picture = cloud(width, height, random.uniform(0, 200, 3), random.uniform(10, 70), random)
    for _ in range(int(random.integers(0, 6))):
        bar(picture, random)
    lay_plate(picture, random)
    for _ in range(int(random.integers(0, 3))):
        bar(picture, random)
    if random.random() < 0.6:
        head(picture, random)
    if random.random() < 0.4:
        cable(picture, tuple(int(v) for v in random.integers(0, 120, 3)), random)
    return np.clip(picture.astype(np.float32) * glow(width, height, random), 0, 255).astype(np.uint8)


def cloud(width: int, height: int, colour: np.ndarray, depth: float, random: Random) -> Image:
    """A colour that is nowhere quite the same, coarse and fine; half of them nearly grey."""
    vivid = 1.0 if random.random() < 0.5 else 0.2
    colour = vivid * colour + (1 - vivid) * colour.mean()
    out = np.zeros((height, width, 3), np.float32) + colour.astype(np.float32)
    for cells, share in ((3, 1.0), (9, 0.5), (40, 0.2), (150, 0.15 if random.random() < 0.5 else 0)):
        waves = random.normal(0, depth * share, (cells, cells, 1)).astype(np.float32)
        out += cv2.resize(waves, (width, height), interpolation=cv2.INTER_CUBIC)[..., None]
    return np.clip(out, 0, 255).astype(np.uint8)


def bar(picture: Image, random: Random) -> None:
    """A rod or a profile, light along its middle, at any angle but mostly upright or level."""
    height, width = picture.shape[:2]
    angle = float(random.choice([0.0, np.pi / 2]) + random.normal(0, 0.12 if random.random() < 0.8 else 1))
    middle = random.uniform(0, 1, 2) * (width, height)
    along = np.array([np.cos(angle), np.sin(angle)]) * (width + height)
    thick = int(random.integers(2, max(4, height // 9)))
    colour = random.uniform(0, 230, 3)
    a, b = (middle - along).astype(int).tolist(), (middle + along).astype(int).tolist()
    for share, shade in ((1.0, 0.6), (0.7, 0.85), (0.3, 1.1)):
        cv2.line(picture, a, b, np.clip(colour * shade, 0, 255).tolist(), max(1, round(thick * share)), cv2.LINE_AA)


def lay_plate(picture: Image, random: Random) -> None:
    """The plate, seen from somewhere before and above it."""
    height, width = picture.shape[:2]
    side = 400
    plate = cloud(side, side, random.uniform(0, 255, 3), random.uniform(2, 25), random)
    ink = random.uniform(0, 255, 3).tolist()
    if random.random() < 0.5:
        step = int(random.integers(20, 90))
        for at in range(step, side, step):
            cv2.line(plate, (at, 0), (at, side), ink, 1, cv2.LINE_AA)
            cv2.line(plate, (0, at), (side, at), ink, 1, cv2.LINE_AA)
    for _ in range(int(random.integers(0, 4))):
        text = "".join(random.choice(list(string.ascii_letters + string.digits), int(random.integers(2, 12))))
        at = random.integers(0, side, 2).tolist()
        font = int(random.integers(0, 8))
        cv2.putText(plate, text, at, font, random.uniform(0.4, 2.5), ink, int(random.integers(1, 4)), cv2.LINE_AA)
    for _ in range(int(random.integers(0, 8))):
        a, b = random.integers(0, side, (2, 2)).tolist()
        cv2.line(plate, a, b, ink, 1, cv2.LINE_AA)
    far, near = sorted(random.uniform(0.15, 0.75, 2))
    far, near = far * width, near * width + 0.35 * width
    top, bottom = random.uniform(0.1, 0.55) * height, random.uniform(0.75, 1.3) * height
    x = width * random.uniform(0.35, 0.65, 2)
    corners = [(x[0] - far / 2, top), (x[0] + far / 2, top), (x[1] + near / 2, bottom), (x[1] - near / 2, bottom)]
    origin = np.array([(0, 0), (side, 0), (side, side), (0, side)], np.float32)
    matrix = cv2.getPerspectiveTransform(origin, np.array(corners, np.float32))
    plain = cv2.INTER_LINEAR
    cv2.warpPerspective(plate, matrix, (width, height), picture, plain, cv2.BORDER_TRANSPARENT)


def head(picture: Image, random: Random) -> None:
    """A box with holes or a grille, and a nozzle."""
    height, width = picture.shape[:2]
    w, h = random.uniform(0.12, 0.4) * width, random.uniform(0.15, 0.5) * height
    x, y = random.uniform(0, width), random.uniform(-0.1, 0.5) * height
    colour = random.uniform(0, 255, 3) if random.random() < 0.4 else np.full(3, random.uniform(5, 90))
    left, right, top, bottom = (int(v) for v in (x - w / 2, x + w / 2, y - h / 2, y + h / 2))
    cv2.rectangle(picture, (left, top), (right, bottom), colour.tolist(), -1)
    cv2.rectangle(picture, (left, top), (right, bottom), (colour * 0.6).tolist(), 2)
    dark = (colour * random.uniform(0.2, 1.5)).clip(0, 255).tolist()
    step = int(random.integers(6, 20))
    for at in range(left + step, right - step, step):
        if random.random() < 0.5:
            cv2.circle(picture, (at, int(y)), step // 3, dark, -1, cv2.LINE_AA)
        else:
            cv2.line(picture, (at, int(y - h / 4)), (at, int(y + h / 4)), dark, max(1, step // 4))
    tip = np.array([(x - w / 8, bottom), (x + w / 8, bottom), (x, bottom + w / 6)]).astype(np.int32)
    cv2.fillPoly(picture, [tip], (colour * 0.7).tolist(), cv2.LINE_AA)


def glow(width: int, height: int, random: Random) -> np.ndarray:
    """Light that falls off, and perhaps a lamp's reflection."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    at = random.uniform(0, 1, 2) * (width, height)
    far = np.hypot(x - at[0], y - at[1]) / max(width, height)
    light = 1 - random.uniform(0, 0.7) * far
    if random.random() < 0.4:
        at = random.uniform(0, 1, 2) * (width, height)
        spread = random.uniform(0.02, 0.15) * width
        light = light + random.uniform(0.3, 2) * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * spread**2))
    return light[..., None]
