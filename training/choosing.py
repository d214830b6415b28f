"""What choices are made by: pictures of the valid scenes as they are, from twice as far away, in pieces on webcams."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

import augment
from evaluate import auroc
from net import Whole

TOP = 4
"""The picture's score is the mean of so many highest cells, as on the model card."""


@dataclass
class Seen:
    """Pictures to choose by, in groups of one shape. `is_bad`: which hold strands, in the order of the groups."""

    images: list[Tensor]
    is_bad: np.ndarray


def ready(image: Tensor) -> Tensor:
    """Batch×height×width×3 uint8 to what the net takes."""
    return ((image.permute(0, 3, 1, 2).float() - 127) / 128).contiguous(memory_format=torch.channels_last)


def top_mean(logits: Tensor) -> Tensor:
    """The scores of pictures."""
    return torch.sigmoid(logits).flatten(1).topk(TOP, 1).values.mean(1)


def shrunk(image: np.ndarray) -> np.ndarray:
    """Half as large, its own blurred reflection around it: the same scene from twice as far away."""
    small = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    h, w = small.shape[:2]
    around = cv2.copyMakeBorder(small, h // 2, h // 2, w // 2, w // 2, cv2.BORDER_REFLECT_101)
    inside = np.zeros(around.shape[:2], np.float32)
    inside[h // 2 : h // 2 + h, w // 2 : w // 2 + w] = 1
    inside = cv2.GaussianBlur(inside, (0, 0), 3)[..., None]
    return (around * inside + cv2.GaussianBlur(around, (0, 0), 6) * (1 - inside)).astype(np.uint8)


def sure(store: augment.Store) -> list[int]:
    """Pictures of the valid scenes whose verdict is sure."""
    return [i for i, p in enumerate(store.pictures) if p["split"] == "valid" and p["kind"] != "unsure"]


def on_webcams(store: augment.Store) -> list[tuple[np.ndarray, bool]]:
    """
    Pieces of the valid scenes' pictures, with strands or without, laid small and with soft edges onto webcam frames,
    and the frames themselves. Says most where the frames were left out of training.
    """
    frames = [i for i, p in enumerate(store.pictures) if p["source"] == "webcam"]
    scenes = sorted({store.pictures[i]["scene"] for i in frames})
    random = np.random.default_rng(3)
    made: list[tuple[np.ndarray, bool]] = []

    def frame() -> np.ndarray:
        scene = random.choice(scenes)
        image = store.picture(int(random.choice([i for i in frames if store.pictures[i]["scene"] == scene])))
        return image[:, ::-1] if random.random() < 0.5 else image

    for i in sure(store) * 2:
        picture = store.pictures[i]
        is_bad = picture["kind"] == "strands"
        x1, y1, x2, y2 = picture["boxes"][0] if is_bad else (0.2, 0.2, 0.8, 0.8)
        h, w = picture["shape"][:2]
        piece = store.picture(i)[round(y1 * h) : round(y2 * h), round(x1 * w) : round(x2 * w)]
        ground = frame().astype(np.float32)
        high, wide = ground.shape[:2]
        side = round(np.sqrt(np.exp(random.uniform(np.log(0.015), np.log(0.1))) * high * wide))
        piece = cv2.resize(piece, (side, side), interpolation=cv2.INTER_AREA)
        away = np.hypot(*np.meshgrid(np.linspace(-1, 1, side), np.linspace(-1, 1, side)))
        alpha = np.clip((1.1 - away) / 0.4, 0, 1)[..., None]
        left, top = int(random.integers(0, wide - side + 1)), int(random.integers(0, high - side + 1))
        part = ground[top : top + side, left : left + side]
        part[:] = part * (1 - alpha) + piece * alpha
        made.append((augment.expose(ground.astype(np.uint8), random), is_bad))
    made += [(augment.expose(np.ascontiguousarray(frame()), random), False) for _ in range(60)]
    return made


def valid_sets(store: augment.Store, size: int) -> dict[str, Seen]:
    """The valid scenes' pictures as they are, from twice as far away, and on webcams."""
    plain = [(store.picture(i), store.pictures[i]["kind"] == "strands") for i in sure(store)]
    all_of = {
        "full": plain,
        "half": [(shrunk(image), is_bad) for image, is_bad in plain],
        "webcam": on_webcams(store),
    }
    sets: dict[str, Seen] = {}
    for name, pictures in all_of.items():
        shapes: dict[tuple[int, ...], list[tuple[np.ndarray, bool]]] = {}
        for image, is_bad in pictures:
            laid = augment.letterbox(image, size)[0]
            shapes.setdefault(laid.shape, []).append((laid, is_bad))
        images = [torch.from_numpy(np.stack([image for image, _ in group])) for group in shapes.values()]
        sets[name] = Seen(images, np.array([is_bad for group in shapes.values() for _, is_bad in group]))
    return sets


def report(whole: Whole, sets: dict[str, Seen], what: str) -> None:
    """AUROC, and the recall where one clean picture in fifty is called a failure."""
    whole.eval()
    for name, one in sets.items():
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            parts = [top_mean(whole(ready(part)).float()) for group in one.images for part in group.split(16)]
        scores = torch.cat(parts).numpy()
        limit = np.quantile(scores[~one.is_bad], 0.98)
        found = float((scores[one.is_bad] > limit).mean())
        what += f" | {name} AUROC {auroc(scores, one.is_bad):.4f} recall at 2 % false {found:.3f}"
    print(what, flush=True)
