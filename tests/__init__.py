"""The tests, and the environment in which they and the processes that they start run."""

import os

# Tests compare scores of several processes and batches digit by digit, which only fp32 gives; `auto` has its own tests.
os.environ.setdefault("EMOLINE_PRECISION", "fp32")
# Several test processes share the cores already. A second thread costs a third more CPU, read by libraries once.
os.environ.setdefault("OMP_NUM_THREADS", "1")
