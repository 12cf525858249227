"""Wire models: the JSON that the service takes and answers with. Samples become milliseconds here and nowhere else."""
