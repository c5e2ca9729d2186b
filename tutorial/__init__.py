"""What the tutorial's application does that is no framework's business, called by both applications.

In reading order, which is import order: ``errors`` (how something is refused), ``text`` (the words of
the pages), ``secret_key`` and ``settings``; then what happens to an upload: ``signatures`` and
``plain_text`` (what is it?), ``tables`` (rows in, CSV or HTML out), ``containers`` and ``workbooks``
(what a child process does with a workbook), ``children`` (the processes), ``spreadsheets`` (all of that
in two methods); then ``downloads``, the store of finished files; last ``server``, which serves either application.

Nothing here imports a web framework, and only ``workbooks`` imports pandas: in a child process.
"""
