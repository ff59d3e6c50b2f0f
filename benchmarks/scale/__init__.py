"""How the tables behave at a size that no test can make: on paper and in a simulation."""
