"""What ``compare.py`` runs: one request, two applications, everything that happened in between.

record → study → show. Reading order, which is import order:

    wire         request text → WSGI environ; answer → what would go over the socket
    exchange     calls an application as PEP 3333 asks, and keeps everything it did
    steps        how a request is written down in a scenario, and how a visit goes
    scenarios    the requests, as data: the one table behind report, tests and benchmarks
    lab          a few views that a lesson needs and the tutorial has not
    pair         the two applications under one key, and the clock held still around them
    tracing      every Python call of a request: depth, module, function, file, line; and every line
    concepts     which stage of a request, and which module of ours, a call belongs to
    places       where a function stands, said alike on every machine
    ledger       stage by stage: calls, functions, modules, lines
    recording    environ, session and headers after each stage; who set each header
    view         the view function, and which of its lines ran
    differences  where the two applications are known to answer otherwise, and why
    cookie       the session cookie taken apart
    study        one scenario through both: what all views of it show, worked out once
    foreign      the same for an application of one's own
    terminal     the studies as text
    shown        the studies arranged for a page
    page         the studies as one HTML file
    explorer     the studies as a page on this machine, for requests of one's own
"""
