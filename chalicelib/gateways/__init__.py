"""The rest of the world: the mail queue, SES and what mails say."""
