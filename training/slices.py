"""Works the widest tensors out in slices, for the exported net: as much is multiplied, and far less memory is needed."""

import copy

import torch
from efficientnet_lite_pytorch.model import MBConvBlock
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

MOST = 48
"""Channels in a slice: a multiple of 16, by which runtimes lay channels out."""

LARGE = 144
"""Blocks whose middle has so many channels or fewer work on a quarter of the input's pixels, or a sixteenth."""


class Sliced(nn.Module):
    """
    A block whose middle, six times as wide as its ends, is never there as a whole: of each slice of its channels what
    it adds to the outcome is added up. Between two pictures memory is given back, so that each page of it costs a
    fault for each picture.
    """

    def __init__(self, block: MBConvBlock) -> None:
        super().__init__()
        expand = fuse_conv_bn_eval(block._expand_conv, block._bn0)
        depthwise = fuse_conv_bn_eval(block._depthwise_conv, block._bn1)
        project = fuse_conv_bn_eval(block._project_conv, block._bn2)
        wide = depthwise.groups
        count = -(-wide // MOST)
        self.slices = nn.ModuleList()
        for k in range(count):
            at = slice(wide * k // count, wide * (k + 1) // count)
            # What all slices come to is moved by the bias once.
            bias = project.bias if k == 0 else None
            parts = (
                cut(expand, expand.weight[at], expand.bias[at]),
                cut(depthwise, depthwise.weight[at], depthwise.bias[at]),
                cut(project, project.weight[:, at], bias),
            )
            self.slices.append(nn.ModuleList(parts))
        given = block._block_args
        self.adds_input = given.id_skip and given.stride == 1 and given.input_filters == given.output_filters

    def forward(self, x: Tensor) -> Tensor:
        """As the block."""
        out = x if self.adds_input else None
        for expand, depthwise, project in self.slices:
            middle = functional.relu6(depthwise(functional.relu6(expand(x))))
            out = project(middle) if out is None else out + project(middle)
        return out


def cut(conv: nn.Conv2d, weight: Tensor, bias: Tensor | None) -> nn.Conv2d:
    """The same with some of its weights, output×input×height×width; a depthwise one takes in as much as it puts out."""
    some = copy.deepcopy(conv)
    some.weight = nn.Parameter(weight.detach())
    some.bias = None if bias is None else nn.Parameter(bias.detach())
    some.out_channels, some.in_channels = weight.shape[:2]
    if conv.groups > 1:
        some.in_channels = some.groups = some.out_channels
    return some


def slice_wide(net: nn.Module, example: Tensor) -> None:
    """
    Slices the blocks on large grids within this net, which has to be in evaluation mode. Raises ValueError where it
    says anything else than before of `example`.
    """
    with torch.no_grad():
        before = net(example)
        for parent in list(net.modules()):
            for name, child in list(parent.named_children()):
                if isinstance(child, MBConvBlock) and has_wide_middle(child):
                    setattr(parent, name, Sliced(child))
        moved = float((net(example) - before).abs().max())
    if moved > 1e-5:
        raise ValueError(f"sliced, the net says something else: {moved:.6f} apart")


def has_wide_middle(block: MBConvBlock) -> bool:
    """Whether its middle is the largest thing in memory."""
    return block._block_args.expand_ratio > 1 and block._depthwise_conv.groups <= LARGE
