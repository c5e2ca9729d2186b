"""``python -m flask_version``: serve this application with the standard library's server."""

import sys

from tutorial.server import serve

from . import create_app

if __name__ == "__main__":
    sys.exit(serve(create_app, "flask_version"))
