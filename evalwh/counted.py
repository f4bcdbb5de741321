"""Numbers of things in sentences."""


def counted(number: int, one: str, many: str = "") -> str:
    """`1 reply`, `2 replies`; `many` is needed where it isn't `one` and an s."""
    return f"{number} {one if number == 1 else many or one + 's'}"
