"""Flashes: messages that one request leaves for the next page that is rendered.

A form handler often answers with a redirect, so what it wants to tell the visitor must survive a round trip.
The session survives round trips already: the queue lives there under one key, and taking it empties it. The surprise:
"the next page" may be this answer's own. A view that flashes and then renders shows its message at once.

Spec:     none; the redirect that makes this necessary is RFC 9110 §15.4.4
Flask:    flask.helpers.flash, flask.helpers.get_flashed_messages
Differs:  Flask finds the session through a context local; here the caller hands it over, and keeps for the rest of the
          request what he took.
Left out: the signal ``message_flashed``
"""

from collections.abc import Container

from .sessions import Session

_QUEUE = "_flashes"


def flash(session: Session, message: str, category: str = "message") -> None:
    """Put a message at the end of the queue. A ``Markup`` stays one."""
    queue = session.get(_QUEUE, [])
    queue.append((category, message))
    # Assigned and not only changed in place: a session notices nothing that happens inside its values.
    session[_QUEUE] = queue


def take(session: Session) -> list[tuple[str, str]]:
    """Give the waiting (category, message) pairs, and remove them from the session."""
    queue: list[tuple[str, str]] = session.pop(_QUEUE, [])
    return queue


def select(
    taken: list[tuple[str, str]],
    with_categories: bool = False,
    category_filter: Container[str] = (),
) -> list[str] | list[tuple[str, str]]:
    """What a template asked for: messages or (category, message) pairs, of all categories or some.

    >>> select([("info", "Saved."), ("error", "Full.")], category_filter=["error"])
    ['Full.']
    """
    if category_filter:
        taken = [flash for flash in taken if flash[0] in category_filter]
    return taken if with_categories else [message for _, message in taken]
