"""Rules and values: no I/O, no environment, time as an argument."""
