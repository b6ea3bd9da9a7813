"""What tests say: personas, rows, single tests and matrices to probes."""
