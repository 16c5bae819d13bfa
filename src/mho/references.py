"""The papers behind the code, as BibTeX."""


def citation(*objects: object) -> str:
    """Placeholder."""
    return ""
