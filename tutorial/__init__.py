"""What the tutorial's application does that is no framework's business, called by both applications.

In reading order, which is import order: ``errors`` (how something is refused), ``text`` (the words of
the pages), ``secret_key`` and ``settings``; then what happens to an upload: ``signatures`` and
``plain_text`` (what is it?), ``tables`` (rows in, CSV or HTML out), ``containers`` and ``workbooks``
(what a child process does with a workbook), ``children`` (the processes), ``conversion`` (one workbook in one
of them), ``spreadsheets`` (all of that in two methods); then ``stores``, ``remote_store`` and ``downloads``: where
finished files are kept; ``protection``, what both refuse at once and what they tell browsers; last ``server``, which
serves either application.

Nothing here imports a web framework, and only ``workbooks`` imports pandas: in a child process.
"""
