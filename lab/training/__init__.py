"""Training of the bundled demonstration checkpoint; see `lab/training/README.md`."""
