"""What ``make bench`` runs: the two applications timed, beside other frameworks and beside the least that is possible.

Reading order, which is import order:

    options     what every benchmark is told, and how it says that it cannot measure
    measure     how long a call takes: rounds in turn, medians, quartiles
    table       what was found, for people and for programs
    works       the requests that are timed, from the scenarios
    floor       the least that any application has to do for their answers
    answers     that everybody gives the same ones
    peers/      the same works in Bottle, Falcon and Pyramid
    requests    one request in process
    servers     an application under gunicorn
    wire        requests per second through gunicorn
    parsers     one upload through five libraries
    multipart   how fast they take it apart, whatever is in it, and in how much memory
    workbooks   from .xlsx to CSV
    start       what it costs that a worker is there
    growth      how time grows with what is sent
    machine     where all this was measured
    readme      a table in the README, written anew
"""
