"""What each operation asks of AWS, counted, and what that costs."""
