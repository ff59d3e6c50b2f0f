"""What arrives without HTTP: the mail queue's worker."""
