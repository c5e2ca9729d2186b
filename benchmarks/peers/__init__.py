"""The works of the tutorial in other frameworks, as their documentation would have one write them.

Each serves the URLs that are timed, with the status and the body that Flask gives. The pages are the shared ones,
rendered by Jinja alone; the store, the credentials and the words are ``tutorial``'s. What a framework has of its own
is used: its router, its request, its links, its sessions and its static files. What it has not, nobody added: the
fields of an answer may differ, and the benchmark says in which.
"""
