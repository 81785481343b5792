"""Singer targets over dlt: one loading core, one small module per warehouse."""
