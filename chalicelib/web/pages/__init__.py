"""The pages: read a form, call one service, answer with a page or a 303."""
