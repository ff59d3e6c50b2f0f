"""DynamoDB: the only package that imports pynamodb. It takes and returns domain objects."""
