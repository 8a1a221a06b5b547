"""ldso-runs-first: a first instruction in the program itself; libraries that the kernel had mapped already."""

from harness.false_evidence.made import Made


def maps(*paths: str) -> str:
    return "".join(f"{page:x}000-{page + 1:x}000 r-xp 00000000 00:02 7    {path}\n" for page, path in enumerate(paths, 1))


PROGRAM, LOADER, LIBRARY = "/programs/probe", "/lib64/ld-linux-x86-64.so.2", "/lib/libc.so.6"
GOOD = Made(
    records={"dynamic": 0x2100, "loader": 0x1100, "static": 0x1078},
    texts={"exec": {"dynamic/maps": maps(PROGRAM, LOADER), "loader/maps": maps(LOADER), "static/maps": maps("/mnt/static")},
           "main": {"dynamic/maps": maps(PROGRAM, LOADER, LIBRARY), "loader/maps": maps(LOADER, PROGRAM, LIBRARY),
                    "static/maps": maps("/mnt/static")}})

CONFIRMS = {"ldso-runs-first": GOOD}
REFUTES = {"ldso-runs-first": GOOD.but(records={"dynamic": 0x1100})}
