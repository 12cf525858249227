"""Evaluation of a model: its answers, through the whole pipeline, compared with the labels that people gave."""
