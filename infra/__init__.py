"""What runs around the app: its AWS resources, and the stack that stands in for AWS locally."""
