"""Clips of any lengths side by side in one sequence: no padding to compute, and none to leak into the scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

_MULTIPLE = 16
"""Libraries keep a compiled kernel for each shape they have seen: with any number of rows, memory grew by 200 KB a
batch until there were a thousand."""


@dataclass(frozen=True, slots=True)
class Packing:
    """Where each clip's rows are in a sequence that begins each clip with `before` rows of something else.

    `starts` are the clips' first own rows, `lengths` their numbers of rows, `rows` [sum(lengths)] the indices of all
    of them, `total` the length of the sequence, which ends with rows of nothing up to a multiple of 16.
    """

    starts: tuple[int, ...]
    lengths: tuple[int, ...]
    rows: Tensor
    total: int


def pack(lengths: Sequence[int], *, before: int = 0, after: int = 0, device: torch.device | str = "cpu") -> Packing:
    """Clips of `lengths` rows one after the other, `before` rows ahead of each and `after` behind each."""
    starts, end = [], 0
    for length in lengths:
        starts.append(end + before)
        end += before + length + after
    rows = torch.cat([torch.arange(start, start + length) for start, length in zip(starts, lengths, strict=True)])
    return Packing(tuple(starts), tuple(lengths), rows.to(device, non_blocking=True), round_up(end, _MULTIPLE))


def round_up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple
