"""Kernels of the user's own: under a label, bare, with the options that they lack; and which kernels boot here."""

from __future__ import annotations

import gzip
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import Unavailable, UsageError
from harness.machine.guest import boot_check
from harness.machine.kernels import boots, find, ikconfig, labels, modules, requirements
from harness.machine.kernels.boots import Boot
from harness.machine.kernels.kernel import kernel_at

CONFIG = b"CONFIG_64BIT=y\n# CONFIG_MEMCG is not set\n"


@pytest.fixture
def bare(kernel: find.Kernel, empty_cache: Path, tmp_path: Path) -> Path:
    """A bzImage with nothing beside it, and an empty cache."""
    image = tmp_path / "bare" / "bzImage"
    image.parent.mkdir()
    image.write_bytes(kernel.image.read_bytes())
    return image


def test_a_label_stands_beside_the_others(bare: Path, kernel: find.Kernel) -> None:
    added = labels.add("mine", bare)
    assert added.label == "mine"
    assert find.by_name("mine", offline=True) == added
    assert (added.release, added.digest, added.modules) == (kernel.release, kernel.digest, None)
    assert labels.labelled() == [added]
    assert labels.add("mine", bare, kernel.modules).modules == kernel.modules
    bare.unlink()
    assert labels.labelled() == []
    with pytest.raises(UsageError, match="bzImage"):
        find.by_name("mine")
    labels.forget("mine")
    with pytest.raises(UsageError, match="labels are: none"):
        labels.forget("mine")


@pytest.mark.parametrize("label", ["6.12", "", "a/b", "a,b", "a@b", "sha256:12", "../x", "-x"])
def test_no_label_is_another_name(label: str, bare: Path) -> None:
    with pytest.raises(UsageError, match="a label begins with a letter"):
        labels.add(label, bare)


def test_what_boots_is_remembered(kernel: find.Kernel, empty_cache: Path) -> None:
    assert boots.said(kernel) == "not tried"
    boots.remember(kernel, Boot("tcg", reason="it lacks CONFIG_MEMCG"))
    assert boots.said(kernel) == "does not boot here: it lacks CONFIG_MEMCG"
    assert not boots.proved(kernel)
    boots.remember(kernel, Boot("tcg", 2.4))
    assert boots.said(kernel) == "boots here (TCG, 2.4 s)"
    boots.remember(kernel, Boot("tcg", reason="the host was busy"))
    assert boots.proved(kernel)
    bare = replace(kernel, modules=None)
    assert boots.said(bare) == "not tried"
    boots.remember(bare, Boot("kvm"))
    assert boots.said(bare) == "boots here (KVM)"


def image_with(payload: bytes) -> bytes:
    """The header fields that tell where a bzImage's payload lies (boot.rst: payload_offset, payload_length)."""
    image = bytearray(2048) + payload
    image[0x1F1] = 1
    struct.pack_into("<II", image, 0x248, 1024, len(payload))
    return bytes(image)


def test_configuration_in_the_image(tmp_path: Path, empty_cache: Path) -> None:
    vmlinux = b"\x7fELF" + b"code" * 9 + b"IKCFG_ST" + gzip.compress(CONFIG) + b"IKCFG_ED" + b"more"
    assert ikconfig.text_of(image_with(gzip.compress(vmlinux) + b"tail")) == CONFIG
    assert ikconfig.text_of(image_with(vmlinux)) == CONFIG
    assert ikconfig.text_of(image_with(gzip.compress(b"no mark"))) is None
    assert ikconfig.text_of(b"short") is None
    image = tmp_path / "image"
    image.write_bytes(image_with(vmlinux))
    found = ikconfig.embedded(image, "sha256:12")
    assert found
    assert found.read_bytes() == CONFIG


def test_debians_kernels_lack_nothing(kernel: find.Kernel) -> None:
    for one in [kernel, *find.fetched()]:
        assert not requirements.by_configuration(one), one.release


def test_options_that_a_configuration_lacks(kernel: find.Kernel, tmp_path: Path) -> None:
    config = tmp_path / "config"
    assert kernel.config
    config.write_text(
        kernel.config.read_text().replace("CONFIG_MEMCG=y", "# CONFIG_MEMCG is not set").replace("CONFIG_DEVTMPFS=y", "")
    )
    lacking = requirements.by_configuration(replace(kernel, config=config))
    assert (lacking.options, lacking.modules) == (("CONFIG_DEVTMPFS", "CONFIG_MEMCG"), ())
    assert (str(lacking), lacking.remedy) == ("CONFIG_DEVTMPFS, CONFIG_MEMCG", "build it with these options")


def test_a_bare_image_by_its_configuration(kernel: find.Kernel, tmp_path: Path) -> None:
    """Built in, a module that did not come along, missing: each is said, and no sign on the console contradicts it."""
    config = tmp_path / "config"
    there = "".join(f"{option}=y\n" for option in (*requirements.built_in(kernel), *modules.REQUIRED.values()))
    bare = replace(kernel, modules=None, config=config)
    config.write_text(there)
    assert not requirements.lacking(bare, "agent: no port named agent")
    config.write_text(there.replace("CONFIG_EXT4_FS=y", "CONFIG_EXT4_FS=m").replace("CONFIG_VIRTIO_BLK=y\n", ""))
    lacking = requirements.lacking(bare, "agent: no port named agent")
    assert lacking == requirements.Lacking(("CONFIG_VIRTIO_BLK",), ("CONFIG_EXT4_FS",))
    sentence = "by its configuration it lacks CONFIG_VIRTIO_BLK and the modules of CONFIG_EXT4_FS, which did not come along"
    assert lacking.sentence == sentence
    assert lacking.remedy == "build it with these options and name the directory of its modules with --modules"
    lacking = requirements.lacking(replace(bare, config=None), "agent: no port named agent")
    assert lacking.options == ("CONFIG_ACPI", "CONFIG_VIRTIO_MMIO", "CONFIG_VIRTIO_CONSOLE")
    assert lacking.sentence.startswith("by its console it seems to lack CONFIG_ACPI")
    assert lacking.remedy == "build it with these options, or name the directory of its modules with --modules"


@pytest.mark.parametrize(
    ("said", "options"),
    [
        ("", ["CONFIG_SERIAL_8250_CONSOLE"]),
        ("agent: devtmpfs on /dev: No such device\nagent: no port named agent", ["CONFIG_DEVTMPFS"]),
        ("agent: no port named agent: …", ["CONFIG_ACPI", "CONFIG_VIRTIO_MMIO", "CONFIG_VIRTIO_CONSOLE"]),
        (
            "Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)",
            ["CONFIG_BLK_DEV_INITRD", "CONFIG_BINFMT_ELF", "CONFIG_64BIT"],
        ),
        ("Kernel panic - not syncing: something else", []),
    ],
)
def test_options_that_a_console_misses(kernel: find.Kernel, said: str, options: list[str]) -> None:
    assert requirements.by_console(kernel, said) == tuple(options)


@pytest.mark.guest
def test_a_bare_kernel_of_modules_names_its_options(bare: Path) -> None:
    """On a guest: Debian's kernel without its modules has no port to talk through."""
    kernel = kernel_at(bare)
    with pytest.raises(Unavailable, match=r"CONFIG_VIRTIO_MMIO.*--modules") as raised:
        boot_check.ensure(kernel)
    assert "\n" not in str(raised.value)
    assert "CONFIG_VIRTIO_MMIO" in boots.said(kernel)
