"""Other products' checks of an API key, each in its usual form and in packages of its own.

The scripts here are run by the interpreter of a scratch environment, which `installing` makes; they
say on a line what a number of calls took.
"""
