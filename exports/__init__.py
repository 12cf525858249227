"""Results in the formats of other programs, a module for each: functions from a recording and its result to bytes."""
