"""Training of the bundled demonstration checkpoint; see `training/README.md`."""
