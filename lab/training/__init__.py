"""Training of the bundled demonstration checkpoint; see `lab/training/README.md`."""

from worker.adapters.emotion2vec.funasr_package import register_funasr

register_funasr()  # the modules here import FunASR's Emotion2vec alone; all of FunASR takes 17 s
