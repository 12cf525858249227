"""The forward pass of Emotion2vec over batches, from FunASR's modules."""

from worker.adapters.emotion2vec.funasr_package import register_funasr

register_funasr()
