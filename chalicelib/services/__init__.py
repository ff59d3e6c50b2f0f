"""One frozen dataclass for each flow, without HTTP and pynamodb.

They share only `sign_in/password_check.py` and `sign_in/new_session.py`.
"""
