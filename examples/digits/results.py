"""How well the global models read digits: as bars while they learn, and as a picture."""

from matplotlib.figure import Figure
from rich.progress_bar import ProgressBar
from rich.table import Table

WANTED = 0.90


def bars(accuracies):
    """A bar for each round, for the live view."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("model", "", "accuracy"):
        table.add_column(name)
    for number, accuracy in enumerate(accuracies, start=1):
        bar = ProgressBar(total=1, completed=accuracy, width=40)
        table.add_row(str(number), bar, f"{accuracy:.3f}")
    return table


def picture(accuracies, alone, path):
    """Write the accuracy after each round, beside that of each participant on its own."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot()
    rounds = range(1, len(accuracies) + 1)
    for number, accuracy in enumerate(alone):
        label = "each on its own" if number == 0 else None
        axes.axhline(accuracy, color="0.75", linewidth=1, label=label)
    axes.axhline(WANTED, color="tab:green", linestyle=":", label="wanted")
    axes.plot(rounds, accuracies, color="tab:blue", marker="o", label="together")
    axes.set(xlabel="round", ylabel="accuracy on held-out images", ylim=(0, 1))
    axes.set_xticks(list(rounds))
    axes.set_title(f"{len(alone)} participants learn to read digits")
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=120)
