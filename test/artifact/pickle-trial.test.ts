import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bufferSource } from "../../gate/artifact/bytes.ts";
import { OPCODES } from "../../gate/artifact/pickle-opcodes.ts";
import { tryPickle } from "../../gate/artifact/pickle-trial.ts";

async function trial(content: string) {
  const { calls, imports, end, ended } = await tryPickle(bufferSource("x", Buffer.from(content, "latin1")));
  return { calls, imports, end, ended };
}

const CALL = "cbuiltins\nprint\n(S'x'\ntR.";

test("there are 68 opcodes, no two of one byte", () => {
  assert.equal(OPCODES.size, 68);
  assert.equal(new Set([...OPCODES.values()].map(({ name }) => name)).size, 68);
});

describe("a trial stops at the first call on an import", () => {
  const CASES = {
    "REDUCE at protocol 0": CALL,
    "REDUCE without a STOP": CALL.slice(0, -1),
    "REDUCE and then garbage": `${CALL.slice(0, -1)}\xff\xff`,
    "INST with an argument": "(S'x'\nibuiltins\nprint\n.",
    OBJ: "(cbuiltins\nprint\nS'x'\no.",
    "STACK_GLOBAL without a PROTO": "\x8c\x08builtins\x8c\x05print\x93)R.",
    "BUILD on an import": "cbuiltins\nprint\n}b.",
    "NEWOBJ of an extension code": "\x82\x01)\x81.",
    "a call in a second pickle": `N.${CALL}`,
    "a call behind a text of 100,000 characters": `V${"x".repeat(100_000)}\n0${CALL}`,
    "a call behind a binary text": `X${"\0\x01\0\0"}${"y".repeat(256)}0${CALL}`,
    "a call between frames": `\x80\x04\x95\x02\0\0\0\0\0\0\0N0${CALL}`,
    "a call behind numbers that only some readers take": `I0x10\n0L1_0L\n0I 7\n0${CALL}`,
    "a call behind an index below zero that is zero": `Np-0\n0Np-00\n0g-0\n0${CALL}`,
    "a call behind a number that ends before it begins": `I\0x\n0${CALL}`,
    "a call behind a number between blanks": `I${" ".repeat(2100)}5${" ".repeat(2500)}\n0L1 L\n0${CALL}`,
    "a call behind an index between blanks": `Np${" ".repeat(2100)}5${" ".repeat(2500)}\n0g5\n0${CALL}`,
    "a call behind a long index of what was put": `Np5\n0g${"0".repeat(4200)}5\n0${CALL}`,
    "a call behind digits that a zero byte ends": `I${"0".repeat(3000)}1\0${"z".repeat(3000)}\n0${CALL}`,
    "a call behind an argument that leaves its frame": `\x95\x06\0\0\0\0\0\0\0Va\n0X\xff\x03\0\0\0abc0${CALL}`,
    "a call behind a text that leaves its frame": `\x95\x03\0\0\0\0\0\0\0U\x09a12345678\x0a0${CALL}`,
    "a call behind a line that leaves its frame": `\x95\x02\0\0\0\0\0\0\0I\xff7\n0${CALL}`,
    "a frame inside of another": "\x95\x0a\0\0\0\0\0\0\0\x95\x01\0\0\0\0\0\0\0N.",
    "a STOP before the end of its frame": "\x95\x03\0\0\0\0\0\0\0N.N.",
    "SETITEM on an import": "cos\nenviron\nS'LD_PRELOAD'\nS'x'\ns",
    "SETITEMS on an import": "cos\nenviron\n(S'LD_PRELOAD'\nS'x'\nu",
    "APPEND on an import": "csys\npath\nS'x'\na",
    "APPENDS on an import": "csys\npath\n(S'x'\ne",
    "ADDITEMS on an import": "cx\ny\n(S'x'\n\x90",
    "a name with a carriage return": "cbuiltins\r\nprint\n)R.",
    "the name of a module out of a memo": "\x8c\x02os\x94\x8c\x06system\x94h\x00h\x01\x93)R.",
  };
  for (const [name, content] of Object.entries(CASES)) {
    test(name, async () => assert.equal((await trial(content)).calls, true));
  }
});

describe("a trial finds an import by a name that a module can have", () => {
  const loads = async (content: string) =>
    (await tryPickle(bufferSource("x", Buffer.from(content, "latin1")))).loads;
  const LOADS = {
    GLOBAL: "cmodule\nname\n",
    "GLOBAL behind other values": "N0}]cmodule\nname\n",
    "a name that is no identifier": "cmy-mod\nname\n",
    "a name that goes on for long behind its first part": `cmodule.${"\0".repeat(100_000)}\nname\n`,
    "INST without an argument": "(imy-mod\nname\n",
    STACK_GLOBAL: "\x8c\x06module\x8c\x04name\x93",
    "STACK_GLOBAL of one text twice": "\x8c\x01x2\x93",
  };
  for (const [name, content] of Object.entries(LOADS)) {
    test(name, async () => assert.equal(await loads(`${content}\xff`), true));
  }
  const REFUSED = {
    "a line that is not UTF-8": "cmod\xe9\nname\n",
    "a line that is not UTF-8 far behind its start": `cmodule.${"x".repeat(100_000)}\xff${"x".repeat(5000)}\nname\n`,
    "a second line that is not UTF-8": "cmodule\nname\xff\n",
    "a zero byte": "cmod\0ule\nname\n",
    "a folder": "cmod/ule\nname\n",
    "a name that no file can have": `c${"x".repeat(256)}\nname\n`,
    "no name": "c\nname\n",
    "an INST without a mark": "imodule\nname\n",
    "values that are no names": "NN\x93",
    "a number of an extension": "\x82\x01",
  };
  for (const [name, content] of Object.entries(REFUSED)) {
    test(`and not by ${name}`, async () => assert.equal(await loads(`${content}\xff`), false));
  }
});

describe("a trial tells how it ended", () => {
  const CASES: readonly [content: string, expected: object][] = [
    ["N.", { calls: false, imports: false, end: 2, ended: "finished" }],
    ["N.N.", { calls: false, imports: false, end: 4, ended: "finished" }],
    ["cos\nsystem\n.", { calls: false, imports: true, end: 12, ended: "finished" }],
    ["cos\nsystem\n.\n", { calls: false, imports: true, end: 12, ended: "refused" }],
    ["N.\n", { calls: false, imports: false, end: 2, ended: "refused" }],
    ["N", { calls: false, imports: false, end: 0, ended: "cut" }],
    ["Vtext without an end", { calls: false, imports: false, end: 0, ended: "cut" }],
    ["\x8e\xff\xff\xff\xff\xff\xff\xff\x3f", { calls: false, imports: false, end: 0, ended: "cut" }],
    ["]".repeat(300_000), { calls: false, imports: false, end: 0, ended: "limit" }],
  ];
  for (const [content, expected] of CASES) {
    test(JSON.stringify(content.slice(0, 30)), async () => assert.deepEqual(await trial(content), expected));
  }
});

describe("a trial is refused where every unpickler refuses", () => {
  const CASES = {
    "STOP on nothing": ".",
    "POP on nothing": "0.",
    "POP of what lies below a mark": "N(1.",
    "a memo that is not set": "h\x00.",
    "TUPLE without a mark": "t.",
    "REDUCE on one value": "NR.",
    "protocol 16": "\x80\x10N.",
    "a text that is no number": "Ix\n.",
    "a STRING without quotes": "Sx\n.",
    "a negative length": "T\xff\xff\xff\xffN.",
    "OBJ on an empty mark": "(o.",
  };
  for (const [name, content] of Object.entries(CASES)) {
    test(name, async () => {
      const { end, ended } = await trial(content);
      if (name === "POP of what lies below a mark") assert.equal(end, 4);
      else assert.deepEqual({ end, ended }, { end: 0, ended: "refused" });
    });
  }
});
