"""Reports of a result (PDF, HTML) and its heat map (PNG)."""
