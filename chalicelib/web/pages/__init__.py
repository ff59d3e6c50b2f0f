"""Pages for people: a form read, one service called, a page or a 303."""
