"""The plots of the Learning screen, in the colours of the theme."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from rich.text import Text
from textual.color import Color
from textual_plotext import PlotextPlot

from agent_core.rl.api import Estimate, Evaluation
from agent_core.rl.offline.progress import Point
from agent_core.text import one_line, shorten
from tui.widgets.histogram import clock

Shade = Any
"""A colour as the plotting library takes it: red, green, blue; or a name."""
_NAMES = 12
_POINTS = 400
_TICKS = 3
_AROUND = 4
"""Rows of a plot besides its canvas: title, frame, what stands below it."""


class _Plot(PlotextPlot):
    """Drawn anew for every size and theme."""

    def draw(self, plot: Any) -> None:
        """For subclasses: put the data on an empty plot."""

    def shade(self, token: str, share: float = 1.0) -> Shade:
        """A colour of the theme, blended towards the background; the terminal's own where it has to be."""
        app = self.app  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if app.no_color or app.native_ansi_color:
            return "default"
        variables: dict[str, str] = app.theme_variables
        return Color.parse(variables["surface"]).blend(Color.parse(variables[token]), share).rgb

    def notify_style_update(self) -> None:
        """The theme changed."""
        super().notify_style_update()
        self.refresh()

    def render(self) -> Text:
        """The plot as text."""
        plot: Any = self.plt
        plot.clear_figure()
        plot.plotsize(self.size.width, self.size.height)
        plot.canvas_color(self.shade("surface"))
        plot.axes_color(self.shade("surface"))
        plot.ticks_color(self.shade("foreground", 0.55))
        self.draw(plot)
        return Text.from_ansi(plot.build())


class ValuePlot(_Plot):
    """Each policy's value with its interval, the learned one at the top."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._estimates: list[Estimate] = []

    def show(self, evaluation: Evaluation) -> bool:
        """Show what can be shown of an evaluation; False when that is nothing."""
        self._estimates = chosen(evaluation.estimates)
        self.styles.height = 2 * len(self._estimates) + 1 + _AROUND
        self.refresh()
        return bool(self._estimates)

    def draw(self, plot: Any) -> None:
        """An interval a row."""
        rows = list(range(len(self._estimates), 0, -1))
        lows = [each.low or 0.0 for each in self._estimates]
        highs = [each.high or 0.0 for each in self._estimates]
        for row, low, high, each in zip(rows, lows, highs, self._estimates, strict=True):
            shade = self.shade("text-primary" if row == len(rows) else "text-secondary")
            plot.plot([low, high], [row, row], marker="━", color=shade)
            plot.scatter([each.value], [row], marker="●", color=shade)
        plot.yticks(rows, [shorten(one_line(each.policy), _NAMES) for each in self._estimates])
        plot.ylim(0.5, len(rows) + 0.5)
        edge = 0.04 * (max(highs) - min(lows) or 1.0)
        plot.xlim(min(lows) - edge, max(highs) + edge)
        plot.xfrequency(4)
        plot.title("mean reward, 95 % interval")


class RewardPlot(_Plot):
    """The reward of the first suggestions, smoothed, in the order in which they were scored."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._rewards: Sequence[tuple[float, float]] = ()

    def show(self, rewards: Sequence[tuple[float, float]]) -> None:
        """Show these, oldest first: (seconds since 1970, reward)."""
        self._rewards = rewards
        self.refresh()

    def draw(self, plot: Any) -> None:
        """A line of means, and the dates of some decisions below it."""
        count = len(self._rewards)
        over = window(count)
        means = smoothed([reward for _, reward in self._rewards], over)
        at = sorted({*range(0, count, max(1, count // _POINTS)), count - 1}) if count else []
        shade = self.shade("text-success")
        plot.plot([i + 1 for i in at], [means[i] for i in at], marker="braille", color=shade)
        ticks = sorted({round(part * (count - 1) / (_TICKS - 1)) for part in range(_TICKS)}) if count else []
        plot.xticks([tick + 1 for tick in ticks], dated([self._rewards[tick][0] for tick in ticks]))
        plot.yfrequency(4)
        plot.title(f"reward of the first, mean of {over}" if over > 1 else "reward of the first")


class CurvePlot(_Plot):
    """A training's course: what it cost until the first failure of changes that are not trained on."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._points: list[tuple[int, float]] = []

    def show(self, curve: Sequence[Point]) -> bool:
        """Show a training; False when there is no course to see."""
        self._points = [(point.steps, point.held_out) for point in curve if point.held_out is not None]
        self.refresh()
        return len(self._points) > 1

    def draw(self, plot: Any) -> None:
        """A line over the steps."""
        steps, costs = [step for step, _ in self._points], [cost for _, cost in self._points]
        plot.plot(steps, costs, marker="braille", color=self.shade("text-success"))
        ticks = sorted({round(part * max(steps) / (_TICKS - 1)) for part in range(_TICKS)})
        plot.xticks(ticks, [f"{tick:,}" for tick in ticks])
        plot.yfrequency(4)
        plot.title("seconds to the first failure, by steps")


def dated(moments: Sequence[float]) -> list[str]:
    """Seconds since 1970 as dates: as much of them as tells one from the next."""
    forms = ("%m-%d %H:%M", "%H:%M:%S")
    found = [[clock(moment, form=form) for moment in moments] for form in forms]
    return next((dates for dates in found if len(set(dates)) == len(dates)), found[-1])


def chosen(estimates: Sequence[Estimate]) -> list[Estimate]:
    """One estimate of each policy that has any: the doubly robust one where there is enough for it."""
    found: dict[str, Estimate] = {}
    for each in estimates:
        known = each.enough and None not in (each.value, each.low, each.high)
        if known and (each.policy not in found or each.method == "dr"):
            found[each.policy] = each
    return list(found.values())


def window(count: int) -> int:
    """Over how many rewards a mean is taken, of so many."""
    return max(1, min(100, count // 10))


def smoothed(rewards: Sequence[float], over: int) -> list[float]:
    """The mean of each reward and those before it, up to `over` of them."""
    sums = [0.0, *accumulate(rewards)]
    return [(sums[i] - sums[max(0, i - over)]) / (i - max(0, i - over)) for i in range(1, len(sums))]
