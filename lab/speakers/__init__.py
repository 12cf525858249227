"""Conversations strung from labelled clips, and how well their speakers are told apart."""
