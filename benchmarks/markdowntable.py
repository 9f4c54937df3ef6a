"""Tables in Markdown, and numbers in them."""


def milliseconds(seconds: float) -> str:
    """Return seconds as milliseconds in three digits."""
    value = 1000 * seconds
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table with its columns lined up."""
    # A bar inside a cell would end it, even within code.
    lines = [[cell.replace("|", "\\|") for cell in line] for line in [header, *rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    padded = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([padded[0], rule, *padded[1:]]) + "\n"
