"""What each language defines and imports."""

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


def test_javascript() -> None:
    text = """
        import thing from "./thing.js";
        export { other } from "./other";
        const { a, b } = require("./a");
        const debug = require("debug")("eslint:rules");
        require("side-effect");
        const arrow = async (x) => x, plain = 3;
        exports.q = function () {};
        module.exports.z = 3;
        Foo.prototype.bar = function () {};
        const utils = { isIt() {}, no: 1, go: () => 2 };
        class K extends L {
            #p = 1;
            static x = () => 1;
            get v() { return 1 }
        }
        export default class {}
        module.exports = {
            meta: { type: "problem" },
            create(context) {},
            "a:exit"(node) {},
            f: function () {},
        };
        """
    assert symbols("a.js", text) == [
        "function arrow 6-6",
        "constant plain 6-6",
        "function q 7-7",
        "constant z 8-8",
        "function Foo.bar 9-9",
        "constant utils 10-10",
        "function utils.isIt 10-10",
        "function utils.go 10-10",
        "type K 11-15",
        "constant K.#p 12-12",
        "function K.x 13-13",
        "function K.v 14-14",
        "type default 16-16",
        "function create 19-19",
        "function a:exit 20-20",
        "function f 21-21",
    ]
    assert imports("a.js", text) == ("./thing.js", "./other", "./a", "debug", "side-effect")
    assert signatures("a.js", text)["K"] == "class K extends L"


def test_typescript() -> None:
    text = """
        import x = require("q");
        import type { T } from "./t";

        @Component({ selector: "a" })
        export class Foo<T> extends Bar implements I {
          private x = 1;
          handler = () => { };
          @Input() name: string;
          @Deco()
          go(a: number): void { }
          abstract n(): void;
        }
        export interface I { m(a: number): string; }
        export type U = string | number;
        export enum E { A, B = 2 }
        namespace NS { export function f() {} }
        declare module "foo" { function g(): void; }
        export const k = async (a: number): Promise<void> => { };
        export abstract class Ab {}
        """
    assert symbols("a.ts", text) == [
        "type Foo 4-12",
        "constant Foo.x 6-6",
        "function Foo.handler 7-7",
        "constant Foo.name 8-8",
        "function Foo.go 10-10",
        "function Foo.n 11-11",
        "type I 13-13",
        "function I.m 13-13",
        "type U 14-14",
        "type E 15-15",
        "constant E.A 15-15",
        "constant E.B 15-15",
        "type NS 16-16",
        "function NS.f 16-16",
        "type foo 17-17",
        "function foo.g 17-17",
        "function k 18-18",
        "type Ab 19-19",
    ]
    assert imports("a.ts", text) == ("q", "./t")
    assert signatures("a.ts", text)["Foo"] == "export class Foo<T> extends Bar implements I"
    assert symbols("a.tsx", "const A = () => <b/>;\n") == ["function A 1-1"]


def test_go() -> None:
    text = """
        package main

        import (
            "fmt"
            web "net/http"
        )
        import "os"

        const (
            A = iota
            B
        )
        var x, y = 1, 2

        // S is it.
        type S struct {
            a int
        }
        type (
            I interface {
                M(a int) error
            }
            Al = int
        )

        func (s *S[T]) Run(a int) error { return nil }
        func (S) V() {}
        func free[T any](t T) {}
        """
    assert symbols("a.go", text) == [
        "constant A 10-10",
        "constant B 11-11",
        "constant x 13-13",
        "constant y 13-13",
        "type S 16-18",
        "type I 20-22",
        "function I.M 21-21",
        "type Al 23-23",
        "function S.Run 26-26",
        "function S.V 27-27",
        "function free 28-28",
    ]
    assert imports("a.go", text) == ("fmt", "net/http", "os")
    found = signatures("a.go", text)
    assert found["S.Run"] == "func (s *S[T]) Run(a int) error"
    assert found["S"] == "type S struct"


def test_rust() -> None:
    text = """
        use a::b::{c, d};
        mod sub;
        /// Doc.
        #[derive(Debug)]
        pub struct Foo<T> { x: T }
        impl<T> fmt::Display for Foo<T> {
            fn fmt(&self) -> i32 { 1 }
            const C: i32 = 1;
        }
        pub trait Tr { fn n(&self); type A; }
        const X: i32 = 1;
        macro_rules! m { () => {} }
        mod tests {
            #[test]
            fn works() {}
        }
        extern "C" { fn c(); }
        """
    assert symbols("a.rs", text) == [
        "type Foo 5-5",
        "type Foo 6-9",
        "function Foo.fmt 7-7",
        "constant Foo.C 8-8",
        "type Tr 10-10",
        "function Tr.n 10-10",
        "type Tr.A 10-10",
        "constant X 11-11",
        "function m 12-12",
        "type tests 13-16",
        "function tests.works 15-15",
        "function c 17-17",
    ]
    assert imports("a.rs", text) == ("a::b::{c,d}", "sub")


def test_java() -> None:
    text = """
        package a.b;
        import a.c.D;
        import static a.e.*;
        /** Doc. */
        @Ann
        public class Foo<T> extends Bar {
            private static final int X = 1, Y = 2;
            @Override
            public int go(int a) throws E { return a; }
            Foo() { }
            enum In { A(1), B; int q() { return 1; } }
            interface I { void n(); int Z = 1; }
            record R(int a) { R { } }
            @interface An { int v() default 1; }
        }
        """
    assert symbols("Foo.java", text) == [
        "type Foo 5-15",
        "constant Foo.X 7-7",
        "constant Foo.Y 7-7",
        "function Foo.go 8-9",
        "function Foo.Foo 10-10",
        "type Foo.In 11-11",
        "constant Foo.In.A 11-11",
        "constant Foo.In.B 11-11",
        "function Foo.In.q 11-11",
        "type Foo.I 12-12",
        "function Foo.I.n 12-12",
        "constant Foo.I.Z 12-12",
        "type Foo.R 13-13",
        "function Foo.R.R 13-13",
        "type Foo.An 14-14",
        "function Foo.An.v 14-14",
    ]
    assert imports("Foo.java", text) == ("a.c.D", "a.e.*")
    found = signatures("Foo.java", text)
    assert found["Foo"] == "public class Foo<T> extends Bar"
    assert found["Foo.go"] == "public int go(int a) throws E"


def test_kotlin() -> None:
    text = """
        package a.b
        import a.c.D

        class Foo(val x: Int) : Bar() {
            val y = 1
            companion object {
                const val Z = 2
            }
            constructor() : this(1)
            inner class In {
                fun q() = 1
            }
        }
        object Obj {
            fun a() {}
        }
        enum class E {
            A, B;
            fun c() {}
        }
        typealias T = Int
        fun String.ext(): Int = 3
        """
    assert symbols("a.kt", text) == [
        "type Foo 4-13",
        "constant Foo.y 5-5",
        "type Foo.Companion 6-8",
        "constant Foo.Companion.Z 7-7",
        "function Foo.constructor 9-9",
        "type Foo.In 10-12",
        "function Foo.In.q 11-11",
        "type Obj 14-16",
        "function Obj.a 15-15",
        "type E 17-20",
        "constant E.A 18-18",
        "constant E.B 18-18",
        "function E.c 19-19",
        "type T 21-21",
        "function ext 22-22",
    ]
    assert imports("a.kt", text) == ("a.c.D",)


def test_scala() -> None:
    text = """
        package a.b
        import a.c.{D, E}
        class Foo(x: Int) extends Bar {
          val y = 1
          def bar(a: Int): Int = { a }
          type T = Int
        }
        object Foo { def apply() = new Foo(1) }
        trait Tr { def need: Int }
        enum Color { case Red, Green }
        """
    assert symbols("a.scala", text) == [
        "type Foo 3-7",
        "constant Foo.y 4-4",
        "function Foo.bar 5-5",
        "type Foo.T 6-6",
        "type Foo 8-8",
        "function Foo.apply 8-8",
        "type Tr 9-9",
        "function Tr.need 9-9",
        "type Color 10-10",
        "type Color.Red 10-10",
        "type Color.Green 10-10",
    ]
    assert imports("a.scala", text) == ("a.c.{D, E}",)


def test_c() -> None:
    text = """
        #include <stdio.h>
        #include "own.h"
        #define MAX 3
        #define SQUARE(x) ((x) * (x))
        #ifdef A
        int g = 1;
        #endif
        typedef struct { int a; } st_t;
        struct node { struct node *next; };
        enum color { RED };
        static const int table[] = { 1 };
        int proto(char *s);
        int (*handler)(int);
        static struct node *
        find(struct node *n, int key)
        {
            return n;
        }
        """
    assert symbols("a.c", text) == [
        "constant MAX 3-3",
        "function SQUARE 4-4",
        "constant g 6-6",
        "type st_t 8-8",
        "constant st_t.a 8-8",
        "type node 9-9",
        "constant node.next 9-9",
        "type color 10-10",
        "constant table 11-11",
        "function proto 12-12",
        "constant handler 13-13",
        "function find 14-18",
    ]
    assert imports("a.c", text) == ("stdio.h", "own.h")
    assert signatures("a.c", text)["find"] == "static struct node * find(struct node *n, int key)"


def test_cpp() -> None:
    text = """
        namespace ns { namespace in {
        template <typename T>
        class Foo : public Bar {
         public:
          Foo(int a);
          ~Foo();
          int go(int a) const { return a; }
          virtual void v() = 0;
          int field;
          enum class E { A };
          bool operator==(const Foo& o) const;
          explicit operator bool() const;
        };
        } }
        int A::b(int x) { return x; }
        std::vector<int> *free_fn(int a) { return 0; }
        using T = int;
        extern "C" { void cfn(void); }
        template <class T> void A<T>::m() {}
        """
    assert symbols("a.cpp", text) == [
        "type ns 1-14",
        "type ns.in 1-14",
        "type ns.in.Foo 2-13",
        "function ns.in.Foo.Foo 5-5",
        "function ns.in.Foo.~Foo 6-6",
        "function ns.in.Foo.go 7-7",
        "function ns.in.Foo.v 8-8",
        "constant ns.in.Foo.field 9-9",
        "type ns.in.Foo.E 10-10",
        "function ns.in.Foo.operator== 11-11",
        "function ns.in.Foo.operator bool 12-12",
        "function A.b 15-15",
        "function free_fn 16-16",
        "type T 17-17",
        "function cfn 18-18",
        "function A.m 19-19",
    ]


def test_csharp() -> None:
    text = """
        using System;
        using X = A.B;
        namespace A.B {
        /// <summary>doc</summary>
        [Serializable]
        public class Foo : Bar {
            private const int Z = 1, Q = 2;
            public int P { get; set; }
            public Foo(int a) : base(a) { }
            ~Foo() {}
            public int Go(int a) => a;
            public static Foo operator +(Foo a, Foo b) { return a; }
            public int this[int i] { get { return 1; } }
            enum In { A, B }
            delegate void D(int x);
        }
        record R(int A);
        interface I { void N(); }
        }
        """
    assert symbols("a.cs", text) == [
        "type Foo 5-16",
        "constant Foo.Z 7-7",
        "constant Foo.Q 7-7",
        "function Foo.P 8-8",
        "function Foo.Foo 9-9",
        "function Foo.~Foo 10-10",
        "function Foo.Go 11-11",
        "function Foo.operator + 12-12",
        "function Foo.this[] 13-13",
        "type Foo.In 14-14",
        "constant Foo.In.A 14-14",
        "constant Foo.In.B 14-14",
        "function Foo.D 15-15",
        "type R 17-17",
        "type I 18-18",
        "function I.N 18-18",
    ]
    assert imports("a.cs", text) == ("System", "A.B")
    assert signatures("a.cs", text)["Foo"] == "public class Foo : Bar"
    assert symbols("b.cs", "namespace A;\n\nclass B\n{\n    void C() { }\n}\n")[0] == "type B 3-6"


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


def test_swift() -> None:
    text = """
        import Foundation
        struct Foo: Bar {
            let x = 1
            var y: Int { return 2 }
            init(a: Int) { }
            func go(_ a: Int) -> Int { return a }
            enum Inner { case a, b }
        }
        extension Foo { func more() {} }
        protocol P { func need() }
        let top = 1
        """
    assert symbols("a.swift", text) == [
        "type Foo 2-8",
        "constant Foo.x 3-3",
        "function Foo.y 4-4",
        "function Foo.init 5-5",
        "function Foo.go 6-6",
        "type Foo.Inner 7-7",
        "constant Foo.Inner.a 7-7",
        "constant Foo.Inner.b 7-7",
        "type Foo 9-9",
        "function Foo.more 9-9",
        "type P 10-10",
        "function P.need 10-10",
        "constant top 11-11",
    ]
    assert imports("a.swift", text) == ("Foundation",)


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
