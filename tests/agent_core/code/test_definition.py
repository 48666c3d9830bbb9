from __future__ import annotations

import pytest

from agent_core.code.definition import defined_in


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("    async def submit(self) -> None:", "submit"),
        ("export default class App extends Base {", "App"),
        ("func (s *Server) Serve(l net.Listener) error {", "Serve"),
        ("pub(crate) fn parse(text: &str) {", "parse"),
        ("    public static List<String> names(int most) {", "names"),
        ("MAX_SIZE: int = 3", "MAX_SIZE"),
        ("export default function () {", ""),
        ("    return submit()", None),
        ("# def submit", None),
        ("defer close()", None),
    ],
)
def test_a_line_that_defines_something_tells_its_name(line: str, name: str | None) -> None:
    assert defined_in(line) == name
