"""Where the kernel under test runs."""
