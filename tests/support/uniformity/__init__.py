"""The proof that answers reveal nothing: states, public steps, observations, differences."""
