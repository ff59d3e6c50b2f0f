"""DynamoDB: the only package that imports pynamodb; takes and gives domain objects."""
