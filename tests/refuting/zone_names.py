"""zones-dma-normal-high: refuted by one page in one zone more."""

from harness.false_evidence.made import Made


def zoneinfo(*zones: str, movable: int = 0) -> str:
    return "".join(f"Node 0, zone {zone:>8}\n  pages free     1\n        present  1\n" for zone in zones) + (
        f"Node 0, zone  Movable\n  pages free     0\n        present  {movable}\n")


THREE = ("DMA", "Normal", "HighMem")
GOOD = Made(records={"/proc/zoneinfo": zoneinfo(*THREE), "three zones": zoneinfo(*THREE),
                     "a fourth zone": zoneinfo(*THREE, "DMA32")})

CONFIRMS = {"zones-dma-normal-high": GOOD}
REFUTES = {"zones-dma-normal-high": GOOD.but(records={"/proc/zoneinfo": zoneinfo(*THREE, movable=1)})}
