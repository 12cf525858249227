"""How far the labels of a model may be believed: its answers, through the whole pipeline, beside what people say."""
