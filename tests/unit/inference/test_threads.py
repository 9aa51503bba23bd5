from __future__ import annotations

import pytest
import torch

from ditar_studio.inference.threads import one_thread


def test_one_thread_is_for_a_while_only() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with pytest.raises(ZeroDivisionError), one_thread():
            print(1 / (torch.get_num_threads() - 1))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
