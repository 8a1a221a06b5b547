"""A whole Debian in a guest, in which the local machine is put to the test."""
