"""Where a card is: beside what it explains, over neither that nor the prompt."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Region, Size


def beside(
    target: Region, card: Size, room: Region, keep: Sequence[Region], give: Sequence[Region]
) -> Region:
    """The place of a card.

    Args:
        target: What it explains; without area, the upper right corner is its place.
        card: How large it is.
        room: Where it may be.
        keep: What it must not cover, where there is any other place.
        give: What it covers only where it has to.

    Returns:
        The nearest place, to the right of it rather than to the left, above it rather than below.
    """
    width, height = min(card.width, room.width), min(card.height, room.height)
    near = target if target.area else Region(room.right, room.y, 0, 0)
    kept = [region for region in (target, *keep) if region.area]
    lines = [near, room, *kept, *give]
    columns = {x for line in lines for x in (line.right, line.x - width, line.x, line.right - width)}
    rows = {y for line in lines for y in (line.y, line.y - height, line.bottom - height, line.bottom)}

    def cost(place: Region) -> tuple[int, ...]:
        away = max(near.x - place.right, place.x - near.right, 0) + max(
            near.y - place.bottom, place.y - near.bottom, 0
        )
        return (
            _covered(place, kept),
            away,
            _covered(place, give),
            -min(place.x, near.right),
            abs(place.y - near.y),
        )

    places = [Region(x, y, width, height) for x in columns for y in rows]
    return min((place for place in places if room.contains_region(place)), key=cost)


def _covered(place: Region, others: Sequence[Region]) -> int:
    return sum(place.intersection(other).area for other in others)
