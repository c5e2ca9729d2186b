"""The two errors that this package raises on purpose.

Each is one sentence for the person who can do something about it: a ``Refusal`` for the visitor whose
upload or message cannot be used, a ``SettingsError`` for the operator who starts the application.
"""

from typing import Literal, TypeAlias

Code: TypeAlias = Literal[400, 413, 414, 415, 431, 503]


class Refusal(Exception):
    """A request that cannot be fulfilled; ``str()`` of it is the sentence for the visitor.

    ``code`` is the status of the answer: 400 (unusable), 413 (too large), 414 and 431 (address and cookies too
    large), 415 (the wrong kind of file) or 503 (not the visitor's fault: try again).
    """

    code: Code

    def __init__(self, sentence: str, code: Code = 400) -> None:
        super().__init__(sentence)
        self.code = code


class SettingsError(ValueError):
    """A setting that stops the start; ``str()`` of it names the variable and says what to do."""
