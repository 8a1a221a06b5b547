"""maps-file-or-anon-only: a process without a mapping of a third kind, and with one."""

from harness.false_evidence.made import Made

USUAL = "rd wr mr mw me ac"


def smaps(flags: str) -> str:
    rows = {"1000-2000 r-xp 00000000 fe:00 7 /programs/probe": "rd ex mr mw me", "2000-3000 rw-p 00000000 00:00 0 ": USUAL,
            "3000-4000 r--p 00000000 00:00 0 [vvar]": flags}
    return "".join(f"{head}\nSize: 4 kB\nVmFlags: {row} \n" for head, row in rows.items())


def made(vvar: str) -> Made:
    return Made(records={"private": 0x2000, "device": 0x3000, "probe": smaps(vvar), "other": smaps("rd sh mr pf io")})


CONFIRMS = {"maps-file-or-anon-only": made(USUAL)}
REFUTES = {"maps-file-or-anon-only": made("rd mr pf io de dd")}
