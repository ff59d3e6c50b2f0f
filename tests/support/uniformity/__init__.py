"""The proof that answers tell nothing: states, public steps, what is seen of each, what differs."""
