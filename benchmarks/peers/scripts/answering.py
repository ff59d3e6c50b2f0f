"""A peer's side of the measuring: reads `<subject> <calls>`, prints the CPU that they took."""

import sys
import time


def answer(subjects):
    """Serve until the input ends; each subject is a function that makes one call."""
    for line in sys.stdin:
        name, calls = line.split()
        subject = subjects[name]
        began = time.process_time()
        for _ in range(int(calls)):
            subject()
        sys.stdout.write(f"{(time.process_time() - began) * 1000}\n")
        sys.stdout.flush()


def wsgi(application, path, headers):
    """Make a call of a WSGI application, and give its status."""
    import io

    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
    }
    said = []
    body = application(
        {**environ, "wsgi.input": io.BytesIO()}, lambda status, _, __=None: said.append(status)
    )
    b"".join(body)
    if hasattr(body, "close"):
        body.close()
    return int(said[0].split()[0])


def expect(status, call):
    """Give a subject, after one call has shown that it answers as it should."""
    got = call()
    if got != status:
        message = f"answered {got}, not {status}"
        raise SystemExit(message)
    return call
