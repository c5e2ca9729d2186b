"""``python -m wsgi_from_scratch``: serve this application with the standard library's server.

Spec:     PEP 3333 ("The Server/Gateway Side")
Flask:    flask.cli.run_command
Differs:  ``wsgiref`` instead of Werkzeug's development server
Left out: the reloader, the debugger, HTTPS
"""

import sys

from tutorial.server import serve

from . import create_app

if __name__ == "__main__":
    sys.exit(serve(create_app, "wsgi_from_scratch"))
