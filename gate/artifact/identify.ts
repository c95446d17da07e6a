import type { ByteSource } from "../model/bytes.ts";
import { type Family, FORMATS, type FormatName, WRAPPER_FORMATS } from "../model/formats.ts";
import { isModelName, isPickleName, tarKind, zipKind } from "./archive-kind.ts";
import { bufferSource, latin1 } from "./bytes.ts";
import { type Expectation, expectationOf } from "./extensions.ts";
import { findHdf5 } from "./hdf5-kind.ts";
import {
  HEAD_BYTES,
  INSIDE_OPCODES_MAX,
  MEMBERS_OPENED_MAX,
  NESTED_BYTES_MAX,
  NESTING_MAX,
  PEEK_BYTES,
  SAFETENSORS_HEADER_BYTES_FORMAT_MAX,
  TAR_MEMBERS_MAX,
  TRIAL_OPCODES_MAX,
} from "./limits.ts";
import { findMagic, pickleKind } from "./magic.ts";
import { findKeyed } from "./model-keys.ts";
import { holdsObjects } from "./object-array.ts";
import { cutOff, type Unpacked, unpackInside } from "./peek.ts";
import { type Trial, tryPickle } from "./pickle-trial.ts";
import { hasControls, isText } from "./plain-text.ts";
import { isPmml } from "./pmml.ts";
import { findProtobuf } from "./protobuf-kind.ts";
import { findTar, unpackTarMember } from "./tar-members.ts";
import { ENCRYPTED, findZip, unpackMember } from "./zip-directory.ts";

export interface Identification {
  readonly format: FormatName;
  readonly family: Family;
}

/** What a file is, with every other format that a loader might take it for. */
export interface Readings extends Identification {
  /** The format first, then the others. */
  readonly all: readonly FormatName[];
  /** False if it holds what could not be looked into: packed in another way, too deep or too much. */
  readonly isSeen: boolean;
}

/**
 * The format of a file by its content, and whether it is a model, data or neither. What stands under a model's
 * extension is a model whatever it holds, so that nothing gets past by being unreadable.
 */
export async function identify(source: ByteSource, path: string): Promise<Identification> {
  const { format, family } = await findReadings(source, path);
  return { format, family };
}

/** What a look inside showed: a model, nothing of the kind, or that not all of it could be seen. */
type Inside = "model" | "seen" | "unseen";

interface Detected {
  readonly format: FormatName;
  /** Of what holds something else. */
  readonly inside?: Inside;
}

/** What may still be spent on what one file holds; whoever spends all of it is taken for a pickle. */
export interface Budget {
  opcodes: number;
  /** Looks into members. */
  members: number;
  /** Of what is unpacked whole. */
  bytes: number;
}

export function newBudget(): Budget {
  return { opcodes: INSIDE_OPCODES_MAX, members: MEMBERS_OPENED_MAX, bytes: NESTED_BYTES_MAX };
}

/** What is known of a file when the detectors look at it. */
interface Front {
  readonly source: ByteSource;
  readonly head: Uint8Array;
  readonly isText: boolean;
  /** How deep in wrappers the file was found. */
  readonly depth: number;
  /** The source is only the front of what was compressed. */
  readonly partial: boolean;
  /** Shared by all that one file holds. */
  readonly budget: Budget;
}

type Detector = (front: Front) => Promise<readonly Detected[]>;

const DETECTORS: readonly Detector[] = [
  detectSafetensors,
  detectZip,
  detectMagic,
  detectKeyed,
  detectPmml,
  detectHdf5,
  detectTar,
  detectZlib,
  detectProtobuf,
];

/** Every format that the content of a file can be read as, the one that counts first. */
export async function findReadings(source: ByteSource, path: string): Promise<Readings> {
  const front = await frontOf(source, { depth: 0, partial: false, budget: newBudget() });
  const detected = await detect(front);
  const expectation = expectationOf(path);
  const named = detected.length > 0 ? detected : [{ format: plainFormat(front, expectation) }];
  const main = named.find((one) => familyOf(one) === "model") ?? named[0]!;
  const families = [...named.map(familyOf), expectation?.family ?? "other"];
  const family = families.includes("model") ? "model" : families.includes("data") ? "data" : "other";
  const formats = [main.format, ...named.map(({ format }) => format)];
  const isSeen = named.every(({ inside }) => inside !== "unseen");
  return { format: main.format, family, all: [...new Set(formats)], isSeen };
}

/** The formats of what came out of a wrapper, or of a member's first bytes; empty where nothing is recognised. */
export async function findInside(bytes: Uint8Array, at: Place): Promise<readonly FormatName[]> {
  if (bytes.length === 0 || at.depth > NESTING_MAX) return [];
  const front = await frontOf(bufferSource("content", bytes), { ...at, partial: true });
  return (await detect(front)).map(({ format }) => format);
}

/** Where in a file something was found. */
export type Place = Pick<Front, "depth" | "budget">;

function deeper({ depth, budget }: Place): Place {
  return { depth: depth + 1, budget };
}

function familyOf({ format, inside }: Detected): Family {
  return inside === "model" ? "model" : FORMATS[format].family;
}

async function frontOf(source: ByteSource, at: Place & { partial: boolean }): Promise<Front> {
  const head = await source.read(0, Math.min(HEAD_BYTES, source.size));
  return { source, head, isText: isText(head), ...at };
}

async function detect(front: Front): Promise<readonly Detected[]> {
  const found: Detected[] = [];
  for (const detector of DETECTORS) found.push(...(await detector(front)));
  // Last, for a pickle is believed sooner where nothing else is found.
  found.push(...(await detectPickle(front, found.length > 0)));
  return found;
}

const TEXT_FORMATS: readonly FormatName[] = ["csv", "json", "jsonl", "xml", "yaml"];

/** The format of a file that no detector claims: a pointer, some kind of text, or nothing known. */
function plainFormat({ source, head, isText }: Front, expectation: Expectation | undefined): FormatName {
  if (source.size === 0) return "empty";
  if (!isText) return "unknown";
  if (isPointer(head, source.size)) return "lfs-pointer";
  // No content tells the kinds of text apart for sure: here the extension is as good as anything.
  const expected = expectation?.formats?.[0] ?? "text";
  return TEXT_FORMATS.includes(expected) ? expected : "text";
}

/** Git LFS takes files below 1024 bytes for pointers (git-lfs/docs/spec.md). */
function isPointer(head: Uint8Array, size: number): boolean {
  return size < 1024 && /^version https:\/\/(?:git-lfs|hawser)\./.test(latin1(head));
}

/** Length of the header, little-endian, and then a JSON object of that length within the file. */
async function detectSafetensors({ source, head }: Front): Promise<readonly Detected[]> {
  if (head.length < 10 || head[8] !== 0x7b) return [];
  const length = new DataView(head.buffer, head.byteOffset).getBigUint64(0, true);
  const isFit = length >= 2n && length <= BigInt(SAFETENSORS_HEADER_BYTES_FORMAT_MAX);
  return isFit && 8n + length <= BigInt(source.size) ? [{ format: "safetensors" }] : [];
}

async function detectZip(front: Front): Promise<readonly Detected[]> {
  const directory = await findZip(front.source);
  if (directory === undefined) return [];
  // The directory stands at the end, which a front does not have.
  if (front.partial) return [{ format: "zip", inside: "unseen" }];
  const format = zipKind(directory.entries.map(({ name }) => name));
  if (format !== "zip" && format !== "npz") return [{ format }];
  const members = directory.entries.map((entry) => ({
    name: entry.name,
    isEmpty: entry.bytes === 0 && entry.compressedBytes === 0,
    head: async () => ((entry.flags & ENCRYPTED) === 0 ? unpackMember(front.source, entry) : undefined),
    unpack: (bytesMax: number) => unpackMember(front.source, entry, bytesMax),
  }));
  const [inside, ...others]: [Inside, ...Detected[]] =
    format === "npz"
      ? ["seen", ...(await findObjects(members, front.budget))]
      : [await lookIntoMembers(members, front)];
  // Of two directories one was read, and of a broken one not all.
  const isDoubtful = inside === "seen" && directory.findings.length > 0;
  return [{ format, inside: isDoubtful ? "unseen" : inside }, ...others];
}

interface Member {
  readonly name: string;
  readonly isEmpty: boolean;
  /** Its first bytes. */
  readonly head: () => Promise<Unpacked | undefined>;
  /** Absent where the archive itself is not all there. */
  readonly unpack?: Unpack | undefined;
}

/** All of what something holds, as far as a number of bytes. */
type Unpack = (bytesMax: number) => Promise<Unpacked | undefined>;

/** A pickle if one of the arrays is made of objects, or if only its loader can tell. */
async function findObjects(members: readonly Member[], budget: Budget): Promise<readonly Detected[]> {
  for (const { isEmpty, head } of members) {
    if (budget.members-- <= 0) return [{ format: "pickle" }];
    if (isEmpty) continue;
    const first = await head();
    if (first === undefined || first.bytes.length === 0 || holdsObjects(first.bytes)) {
      return [{ format: "pickle" }];
    }
  }
  return [];
}

/** Whether a member is a model by its name, or by its content whatever its name. */
async function lookIntoMembers(members: readonly Member[], at: Place): Promise<Inside> {
  // What is packed deeper is seldom for loading: there a name that data has as well is not enough.
  const isModel = at.depth === 0 ? isModelName : isPickleName;
  if (members.some(({ name }) => isModel(name))) return "model";
  let inside: Inside = "seen";
  for (const { isEmpty, head, unpack } of members) {
    if (at.budget.members-- <= 0) return "unseen";
    const look = isEmpty ? "seen" : await lookInto(await head(), at, unpack);
    if (look === "model") return "model";
    if (look === "unseen") inside = "unseen";
  }
  return inside;
}

/** What stands inside of something, by its first bytes, or by all of it where those leave it open. */
async function lookInto(head: Unpacked | undefined, at: Place, unpack?: Unpack): Promise<Inside> {
  if (head === undefined || at.depth >= NESTING_MAX) return "unseen";
  const first = await lookAt(head, at);
  if (first.inside !== "unseen" || head.ended === "end" || unpack === undefined) return first.inside;
  const all = at.budget.bytes > 0 ? await unpack(at.budget.bytes) : undefined;
  at.budget.bytes -= all?.cost ?? 0;
  const { inside, mayBePickle } = all === undefined ? first : await lookAt(all, at);
  // A text fails as a pickle within its first lines: what still may be one is one.
  return mayBePickle ? "model" : inside;
}

interface Look {
  readonly inside: Inside;
  readonly mayBePickle: boolean;
}

/** Of nothing that came out of something, nothing was seen; and little of what ended before it could show itself. */
async function lookAt({ bytes, ended }: Unpacked, at: Place): Promise<Look> {
  if (bytes.length === 0) return { inside: "unseen", mayBePickle: false };
  const source = bufferSource("content", bytes);
  const partial = ended !== "end";
  const detected = await detect(await frontOf(source, { ...deeper(at), partial }));
  const inside = insideOf(detected);
  const isShort = partial && bytes.length < PEEK_BYTES;
  return {
    inside: inside === "seen" && isShort ? "unseen" : inside,
    mayBePickle: detected.includes(MAYBE_PICKLE),
  };
}

/** What the bytes at hand may be the beginning of, though they do not show it. */
const MAYBE_PICKLE: Detected = { format: "unknown", inside: "unseen" };

function insideOf(detected: readonly Detected[]): Inside {
  if (detected.some((one) => familyOf(one) === "model")) return "model";
  return detected.some(({ inside }) => inside === "unseen") ? "unseen" : "seen";
}

async function detectMagic(front: Front): Promise<readonly Detected[]> {
  const found: Detected[] = [];
  for (const format of findMagic(front.head)) {
    const isWrapper = WRAPPER_FORMATS.has(format);
    const inside = isWrapper && (await lookIntoWrapper(format, front, await unpackHead(format, front)));
    found.push(inside ? { format, inside } : { format });
  }
  return found;
}

async function detectKeyed({ source, head, isText }: Front): Promise<readonly Detected[]> {
  return (await findKeyed(source, { head, isText })).map((format) => ({ format }));
}

async function lookIntoWrapper(
  format: FormatName,
  front: Front,
  head: Unpacked | undefined,
): Promise<Inside> {
  const { source, partial } = front;
  const unpack = partial ? undefined : (bytesMax: number) => unpackInside(format, source, bytesMax);
  return lookInto(head, front, unpack);
}

/** The first bytes of what a file wraps; a partial front ends before that does. */
async function unpackHead(format: FormatName, { source, partial }: Front): Promise<Unpacked | undefined> {
  const head = await unpackInside(format, source);
  return partial && head !== undefined ? cutOff(head) : head;
}

/** Two bytes that a text may begin with too ("x^"), so something has to come out. */
async function detectZlib(front: Front): Promise<readonly Detected[]> {
  const [first = 0, second = 0] = front.head;
  if (first !== 0x78 || (first * 256 + second) % 31 !== 0) return [];
  const head = await unpackHead("zlib", front);
  if (head === undefined || (head.bytes.length === 0 && head.ended !== "limit")) return [];
  return [{ format: "zlib", inside: await lookIntoWrapper("zlib", front, head) }];
}

async function detectPmml({ source, head }: Front): Promise<readonly Detected[]> {
  return (await isPmml(source, head)) ? [{ format: "pmml" }] : [];
}

async function detectHdf5({ source, budget }: Front): Promise<readonly Detected[]> {
  const file = await findHdf5(source, budget);
  if (file === undefined) return [];
  const { format, isSeen, holdsPickles } = file;
  const arrays: Detected = isSeen ? { format } : { format, inside: "unseen" };
  return holdsPickles ? [arrays, { format: "pickle" }] : [arrays];
}

async function detectTar(front: Front): Promise<readonly Detected[]> {
  const { source, partial } = front;
  const members = await findTar(source);
  if (members === undefined) return [];
  const format = tarKind(members.map(({ name }) => name));
  if (format !== "tar") return [{ format }];
  const opened = members.map((member) => ({
    name: member.name,
    isEmpty: member.bytes === 0,
    head: () => unpackTarMember(source, member),
    unpack: partial ? undefined : (bytesMax: number) => unpackTarMember(source, member, bytesMax),
  }));
  const inside = await lookIntoMembers(opened, front);
  const isCut = partial || members.length >= TAR_MEMBERS_MAX || members.some(({ isResized }) => isResized);
  return [{ format, inside: inside === "seen" && isCut ? "unseen" : inside }];
}

async function detectProtobuf({ source, partial }: Front): Promise<readonly Detected[]> {
  if (partial) return [];
  const format = await findProtobuf(source);
  return format === undefined ? [] : [{ format }];
}

async function detectPickle(front: Front, hasOther: boolean): Promise<readonly Detected[]> {
  if (holdsObjects(front.head)) return [{ format: "pickle" }];
  const [first, protocol = 0xff] = front.head;
  const hasMagic = first === 0x80 && protocol <= 5;
  // PK reads as a persistent id, which plain unpicklers refuse; a stored array of objects may follow its line feed.
  if (hasOther && first === 0x50) return [];
  // A safetensors header of 640 bytes begins 80 02: where something else explains the file, two bytes are too few.
  const isMarked = hasMagic && !hasOther;
  const trial = isMarked ? undefined : await trialOf(front);
  if (trial === undefined || isPickleTrial(trial, front)) return [{ format: pickleKind(front.head) }];
  return front.partial && trial.ended === "cut" ? [MAYBE_PICKLE] : [];
}

async function trialOf({ source, depth, budget }: Front): Promise<Trial> {
  if (depth === 0) return tryPickle(source);
  const trial = await tryPickle(source, Math.min(TRIAL_OPCODES_MAX, budget.opcodes));
  budget.opcodes -= trial.opcodes;
  return trial;
}

/** Opcodes before the end of a front that no text gets through. */
const CUT_OPCODES_MIN = 8;

/**
 * Whether a trial shows a pickle. A text can be one by chance: a .gitignore of the lines `coverage`, `dist` and
 * `.env` imports a name and stops. So a text has to make a call, or to be a pickle to its last byte; one of another
 * encoding than UTF-8 may also end as a pickle that imports. Of what is no text an import is enough: its two lines
 * are UTF-8, which of random bytes one line in 128 is. Seven in a million files of 16 KiB of random bytes import, a
 * tenth of those that begin with the two bytes of a protocol (measured).
 */
function isPickleTrial(trial: Trial, { head, isText, partial }: Front): boolean {
  if (trial.calls || trial.ended === "limit") return true;
  if (trial.ended === "finished") return trial.opcodes > 0;
  if (trial.ended === "cut" && partial && trial.opcodes >= CUT_OPCODES_MIN) return true;
  if (trial.loads && hasControls(head)) return true;
  return (trial.imports || trial.bareCalls) && !isText;
}
