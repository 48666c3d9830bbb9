"""What languages of virtual machines define and import."""

from __future__ import annotations

from tests.agent_core.code.shown import imports, signatures, symbols


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
