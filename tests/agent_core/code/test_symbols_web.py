"""What JavaScript and TypeScript define and import."""

from __future__ import annotations

from tests.agent_core.code.shown import chunks, imports, signatures, statements, symbols


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


def test_tests_are_named_by_their_titles() -> None:
    text = """
        import { test } from "node:test";
        describe("a parser", () => {
          function helper() {}
          describe.only('of "nothing"', function () {
            it(`returns
               nothing`, async () => {});
            it.each([1, 2])("takes %s", (n) => {});
          });
          it("is not written yet");
        });
        test("slow", { timeout: 3 }, async (t) => { await t.test("part", () => {}); });
        regex.test("text", 3);
        describe(title, () => {});
        it("", () => {});
        """
    assert symbols("a.test.ts", text) == [
        "test a parser 2-10",
        "function helper 3-3",
        'test a parser > of "nothing" 4-8',
        'test a parser > of "nothing" > returns nothing 5-6',
        'test a parser > of "nothing" > takes %s 7-7',
        "test slow 11-11",
        "test slow > part 11-11",
    ]
    shown = signatures("a.test.ts", text)
    assert shown['a parser > of "nothing" > takes %s'] == 'it.each([1, 2])("takes %s")'
    assert shown["slow"] == 'test("slow", { timeout: 3 })'


def test_a_long_suite_is_cut_into_its_tests() -> None:
    text = "".join(
        f"  it('does {name}', () => {{\n" + statements(40, "    total += {n};") + "  });\n\n"
        for name in ("this", "that")
    )
    assert chunks("a.spec.js", "describe('it', () => {\n" + text + "});\n") == [
        "1-43 test it > does this",
        "45-88 test it > does that",
    ]


def test_names_are_one_line_and_bounded() -> None:
    text = "class K {\n  [Symbol\n    .iterator]() {}\n  ['a' +\n   'b'] = 1;\n}\n" + (
        f"it('{'x ' * 500}', () => {{}});\n"
        + "".join(f"describe('{str(n) * 150}', () => {{\n" for n in range(5))
        + "});\n" * 5
    )
    found = symbols("a.js", text)
    assert found[1:3] == ["function K.Symbol .iterator 2-3", "constant K.'a' + 'b' 4-5"]
    assert len(found) == 9 and all(len(one) < 2 * 200 + 30 and "\n" not in one for one in found)
