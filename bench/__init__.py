"""How fast the pipeline is, beside others, in one run on one machine."""
