"""What compiled languages define and import."""

from __future__ import annotations

from tests.agent_core.code.shown import imports, signatures, symbols


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
