"""The JSON documents that leave Emoline. Here, and only here, samples become milliseconds."""
