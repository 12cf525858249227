"""Adaptation of a model to the labels of its users: a new head on its frozen network, and its calibration."""
