"""Other products' key checks and sign-ins, each in its usual form and in its own packages.

The interpreter of a separate environment, which `installing` creates, runs the scripts here. They
print the time of a number of calls on a line.
"""
