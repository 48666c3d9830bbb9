"""What a training came to, how far it is, and what policies there are, in words."""

from __future__ import annotations

from agent_core.rl.offline.comparing import LEAST, Comparison
from agent_core.rl.offline.ended import Ended
from agent_core.rl.offline.progress import Progress
from agent_core.rl.offline.recording import Standing
from agent_core.rl.offline.registry import About
from agent_core.rl.offline.running import Told, Trainee
from agent_core.text import human_age, human_duration, one_line, plural

_SHOWN = 5


def phase_of(told: Told) -> str:
    """What it is a step of."""
    match told:
        case Standing(left=None):
            return "trying"
        case Standing():
            return "recording"
        case Progress():
            return "training"
        case str():
            return told


def progress_line(told: Told) -> str:
    """How far it is, in a line."""
    match told:
        case Standing(left=None):
            return f"trying the checks as they are: {one_line(told.now)}"
        case Standing():
            left = f", {human_duration(told.left)} left" if told.left else ""
            return f"recording {told.done:,} of {told.total:,} runs{left}: {one_line(told.now)}"
        case Progress(point=point):
            rate = f"{told.steps_per_s:,.0f} steps/s"
            cost = f", {point.cost:.2f} s to the first failure" if point.cost else ""
            return f"training, {point.steps:,} of {told.steps:,} steps, {rate}{cost}"
        case str():
            return told


def in_short(trainee: Trainee) -> str:
    """One line: what it is worth, and whether it is used."""
    compared = trainee.about.comparison
    use = "it is used from now on" if trainee.in_use else "it is not used"
    return f"policy {trainee.about.version}: {verdict_of(compared)}; {use}"


def report(trainee: Trainee) -> str:
    """Everything, for people."""
    about = trainee.about
    facts = [
        ("policy", f"{about.version}, orders {', '.join(about.actions)}"),
        ("recorded", f"{plural(about.changes, 'planted bug')}, {trainee.ran:,} runs of checks were new"),
        ("trained", _trained(about, stopped_early=trainee.stopped_early)),
        *_compared(about.comparison),
        ("in use", "yes, from now on" if trainee.in_use else f"no: {verdict_of(about.comparison)}"),
    ]
    lines = [f"{name:<10} {value}" for name, value in facts]
    lines += [f"left out: {one_line(why)}" for why in trainee.without]
    return "\n".join((*lines, *map(one_line, trainee.warnings)))


def policies(found: tuple[About, ...], in_use: int, *, now: float) -> str:
    """What there is, the newest first; `now` in seconds since 1970."""
    if not found:
        return "No policy was trained yet: `rl train` tries the checks on planted bugs, and learns an order."
    ages = [human_age(now - about.at) for about in found]
    column = max(map(len, ages))
    rows = [
        f"{'*' if about.version == in_use else ' '} {about.version:>3}  {age:>{column}}  "
        f"{about.options.steps:>9,} steps  {verdict_of(about.comparison)}"
        for about, age in zip(found, ages, strict=True)
    ]
    usual = "none is in use: checks run in their usual order"
    chosen = f"policy {in_use} orders the checks of an edit" if in_use else usual
    return "\n".join(("trained policies", *rows, chosen))


def not_done(ended: tuple[Ended, ...], *, now: float) -> str:
    """The last trainings that did not come to their end, why, and what goes on with the newest."""
    lines = ["trainings that did not come to their end"]
    for each in ended[:_SHOWN]:
        why = one_line(each.error.message)
        lines.append(f"  {human_age(now - each.at)}: {one_line(each.command)}: {why}{after(each)}")
    return "\n".join(lines)


def after(ended: Ended) -> str:
    """What it did last, and what goes on with it."""
    last = f" (last: {one_line(ended.told)})" if ended.told else ""
    return f"{last}; `{one_line(ended.go_on)}` goes on" if ended.go_on else last


def _trained(about: About, *, stopped_early: bool) -> str:
    early = ", stopped as nothing got better" if stopped_early else ""
    ran, envs = about.options, plural(about.config.n_envs, "environment")
    how = f"lr {ran.lr:g}, entropy {ran.entropy:g}, {envs}, seed {ran.seed}"
    return f"{ran.steps:,} steps in {human_duration(about.seconds)} ({how}){early}"


def _compared(compared: Comparison) -> list[tuple[str, str]]:
    if not compared.changes:
        return []
    costs = [
        (f"{compared.policy:.2f} s", "the policy"),
        (f"{compared.fixed:.2f} s", f"the best fixed order ({', '.join(compared.order)})"),
        *((f"{cost:.2f} s", name) for name, cost in compared.bandits.items()),
        (f"{compared.oracle:.2f} s", "an oracle"),
    ]
    bugs = plural(compared.changes, "bug")
    head = f"mean time to the first failure on {bugs} that it never saw, checked as an edit is"
    return [("compared", head), *(("", f"{cost:>9}  {who}") for cost, who in costs)]


def verdict_of(compared: Comparison) -> str:
    """Whether the policy is better than the best fixed order, and by how much."""
    saved, low, high = compared.saved
    match compared.verdict:
        case "better":
            return f"saves {saved:.2f} s over the best fixed order (95 %: {low:.2f} to {high:.2f})"
        case "no better":
            return f"no better than the best fixed order ({saved:+.2f} s, 95 %: {low:.2f} to {high:.2f})"
        case "not enough evidence":
            return f"not enough evidence: {plural(compared.changes, 'bug')} to compare by, {LEAST} are needed"
