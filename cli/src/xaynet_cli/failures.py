"""What ends a command: sentences for the one who typed it, never a traceback."""


class CommandFailed(Exception):
    """The command cannot do what was asked; one sentence for each problem."""

    def __init__(self, *sentences: str) -> None:
        self.sentences = sentences
        super().__init__("\n".join(sentences))
