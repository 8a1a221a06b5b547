"""The throw-away guest: QEMU, boots, snapshots."""
