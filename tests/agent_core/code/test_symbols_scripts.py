"""What scripting languages define and import."""

from __future__ import annotations

from tests.agent_core.code.shown import imports, signatures, symbols


def test_python() -> None:
    text = '''
        """Doc."""
        from __future__ import annotations
        import os.path, sys as system
        from . import sibling
        from ..pkg.mod import a, b as c

        LIMIT: int = 3
        ONE, TWO = 1, 2
        type Pair[T] = tuple[T, T]

        if True:
            def guarded(): ...

        @decorated(
            1,
        )
        class A(Base,
                metaclass=M):
            field: int = 1

            class Inner:
                def deep(self): pass

            @property
            async def b(self, x: int) -> str:
                local = 1
                def not_seen(): pass
        '''
    assert symbols("a.py", text) == [
        "constant LIMIT 7-7",
        "constant ONE 8-8",
        "constant TWO 8-8",
        "type Pair 9-9",
        "function guarded 12-12",
        "type A 14-27",
        "constant A.field 19-19",
        "type A.Inner 21-22",
        "function A.Inner.deep 22-22",
        "function A.b 24-27",
    ]
    assert imports("a.py", text) == ("__future__", "os.path", "sys", ".sibling", "..pkg.mod")
    found = signatures("a.py", text)
    assert found["A"] == "class A(Base, metaclass=M)"
    assert found["A.b"] == "async def b(self, x: int) -> str"
    assert found["LIMIT"] == "LIMIT: int = 3"


def test_ruby() -> None:
    text = """
        require 'a'
        require_relative "b"
        module M
          X = 1
          class Foo < Bar
            attr_reader :a
            def go(a) a end
            def self.make; end
            class << self
              def other; end
            end
            private def hid; end
            define_method(:z) do |a|
              a
            end
          end
        end
        class A::B; end
        """
    assert symbols("a.rb", text) == [
        "type M 3-17",
        "constant M.X 4-4",
        "type M.Foo 5-16",
        "function M.Foo.go 7-7",
        "function M.Foo.make 8-8",
        "function M.Foo.other 10-10",
        "function M.Foo.hid 12-12",
        "function M.Foo.z 13-15",
        "type A.B 18-18",
    ]
    assert imports("a.rb", text) == ("a", "b")


def test_php() -> None:
    text = r"""
        <?php
        namespace A\B;
        use C\D;
        require_once 'x.php';
        const X = 1;
        define('Y', 2);
        #[Attr]
        abstract class Foo extends Bar implements Baz {
            use T;
            const Z = 1;
            private int $p = 2;
            public function go(int $a): int { return $a; }
        }
        interface I { public function n(); }
        enum E: string { case A = 'a'; }
        function free() {}
        """
    assert symbols("a.php", text) == [
        "constant X 5-5",
        "constant Y 6-6",
        "type Foo 7-13",
        "constant Foo.Z 10-10",
        "constant Foo.p 11-11",
        "function Foo.go 12-12",
        "type I 14-14",
        "function I.n 14-14",
        "type E 15-15",
        "constant E.A 15-15",
        "function free 16-16",
    ]
    assert imports("a.php", text) == ("C\\D", "x.php")
    assert signatures("a.php", text)["Foo"] == "abstract class Foo extends Bar implements Baz"


def test_bash() -> None:
    text = """
        #!/bin/bash
        source ./a.sh
        . "lib/b.sh"
        X=1
        readonly Y=2
        foo() {
          echo hi
        }
        function bar { :; }
        if true; then
          q() { :; }
        fi
        """
    assert symbols("run", text) == [
        "constant X 4-4",
        "constant Y 5-5",
        "function foo 6-8",
        "function bar 9-9",
        "function q 11-11",
    ]
    assert imports("run", text) == ("./a.sh", "lib/b.sh")


def test_lua() -> None:
    text = """
        local M = {}
        local x = require("a.b")
        require "c"
        function M.foo(a) return a end
        function M:bar() end
        local function baz() end
        M.q = function() end
        LIMIT = 3
        return M
        """
    assert symbols("a.lua", text) == [
        "constant M 1-1",
        "function M.foo 4-4",
        "function M.bar 5-5",
        "function baz 6-6",
        "function M.q 7-7",
        "constant LIMIT 8-8",
    ]
    assert imports("a.lua", text) == ("a.b", "c")


def test_a_comment_before_the_body_is_no_part_of_the_signature() -> None:
    text = """
        class A(
            B,
        ):
            # What it is.
            field = 1

        def f(a):  # why
            return a
        """
    assert signatures("a.py", text) == {
        "A": "class A( B, )",
        "A.field": "field = 1",
        "f": "def f(a)",
    }
