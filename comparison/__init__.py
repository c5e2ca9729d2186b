"""What ``compare.py`` runs: one request, two applications, everything that happened in between.

record → study → show. Reading order, which is import order:

    wire         request text → WSGI environ; answer → what would go over the socket
    exchange     calls an application as PEP 3333 asks, and keeps everything it did
    steps        how a request is written down in a scenario, and how a visit goes
    scenarios    the requests, as data: the one table behind report, tests and benchmarks
    tracing      every Python call of a request: depth, module, function, file, line
    lab          a few views that a lesson needs and the tutorial has not
    concepts     which stage of a request, and which module of ours, a call belongs to
    differences  where the two applications are known to answer otherwise, and why
    cookie       the session cookie taken apart
    study        one scenario through both: what the views of it show, worked out once
    terminal     the studies as text
"""
