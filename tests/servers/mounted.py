"""What the servers serve: the application named in ``APPLICATION``, bare, below ``/shop``, and below ``/checked``.

There ``wsgiref.validate`` stands between the two and holds both to PEP 3333.
"""

import os
import sys
from importlib import import_module
from wsgiref.validate import validator

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from tutorial.server import serve

bare = import_module(os.environ["APPLICATION"]).app
application = DispatcherMiddleware(bare, {"/shop": bare, "/checked": validator(bare)})

if __name__ == "__main__":
    sys.exit(serve(lambda: application, "mounted"))
