"""Arrays: columns of Arrow tables, made of their buffers.

pyarrow.array imports pandas to look at what it gets (0.4 s, pyarrow 26).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Whole = NDArray[np.int64]
    Real = NDArray[np.float64]


def number_array(values: Whole | Real, absent: NDArray[np.bool_] | None = None) -> pa.Array:
    """Makes a column of 64-bit numbers; null where `absent`."""
    import numpy as np
    import pyarrow as pa

    kind = pa.float64() if values.dtype.kind == "f" else pa.int64()
    valid = None if absent is None else pa.py_buffer(np.packbits(~absent, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [valid, pa.py_buffer(np.ascontiguousarray(values))])


def text_array(values: Sequence[str]) -> pa.Array:
    """Makes a column of texts."""
    import numpy as np
    import pyarrow as pa

    encoded = [value.encode() for value in values]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    return pa.Array.from_buffers(pa.string(), len(encoded), [None, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))])
