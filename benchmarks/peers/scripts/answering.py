"""The peer's side of the measurement: reads `<subject> <calls>`, prints their CPU time."""

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
    """Call a WSGI application and return the status."""
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
    statuses = []
    body = application(
        {**environ, "wsgi.input": io.BytesIO()}, lambda status, _, __=None: statuses.append(status)
    )
    b"".join(body)
    if hasattr(body, "close"):
        body.close()
    return int(statuses[0].split()[0])


def expect(status, call):
    """Return the call as a subject after checking its answer once."""
    got = call()
    if got != status:
        message = f"answered {got}, not {status}"
        raise SystemExit(message)
    return call
