"""Findings: facts that people act on, computed from the scored segments of a recording. Pure functions.

Each module takes the segments of each channel by itself, as `ChannelSegments`. Nothing here reads, stores or words.
"""
