/**
 * How a GitHub Actions runner reads a line of a step's output: `ActionCommand.cs` of actions/runner v2.336.0,
 * `TryParseV2` and then `TryParse`.
 */
export interface RunnerCommand {
  readonly name: string;
  readonly properties: ReadonlyMap<string, string>;
  readonly data: string;
}

const REGISTERED: ReadonlySet<string> = new Set([
  "add-mask",
  "add-matcher",
  "add-path",
  "debug",
  "echo",
  "endgroup",
  "error",
  "group",
  "notice",
  "remove-matcher",
  "save-state",
  "set-env",
  "set-output",
  "stop-commands",
  "warning",
]);

/** The lines of an output, as .NET's StreamReader parts them. */
export function linesOf(output: string): readonly string[] {
  return output.split(/\r\n|\r|\n/);
}

export function parseCommand(line: string): RunnerCommand | undefined {
  return parseNew(line) ?? parseOld(line);
}

/** `::name key=value,key=value::data`, after leading white space. */
function parseNew(line: string): RunnerCommand | undefined {
  const text = line.trimStart();
  if (!text.startsWith("::")) return undefined;
  const end = text.indexOf("::", 2);
  if (end < 0) return undefined;
  const [name, properties] = splitInfo(text.slice(2, end));
  if (!REGISTERED.has(name)) return undefined;
  return {
    name,
    properties: new Map(pairs(properties.trim(), ",").map(([key, value]) => [key, unescapeProperty(value)])),
    data: unescapeData(text.slice(end + 2)),
  };
}

/** `##[name key=value;key=value]data`, anywhere in the line. */
function parseOld(line: string): RunnerCommand | undefined {
  const start = line.indexOf("##[");
  const end = line.indexOf("]", start);
  if (start < 0 || end < 0) return undefined;
  const [name, properties] = splitInfo(line.slice(start + 3, end));
  if (!REGISTERED.has(name)) return undefined;
  return { name, properties: new Map(pairs(properties, ";")), data: line.slice(end + 1) };
}

function splitInfo(info: string): readonly [string, string] {
  const space = info.indexOf(" ");
  return space < 0 ? [info, ""] : [info.slice(0, space), info.slice(space + 1)];
}

function pairs(text: string, separator: string): readonly (readonly [string, string])[] {
  return text.split(separator).flatMap((pair) => {
    const equals = pair.indexOf("=");
    // Empty parts are removed: a property without a value does not exist.
    const [key, value] = [pair.slice(0, equals), pair.slice(equals + 1).replace(/^=+/, "")];
    return equals < 1 || value === "" ? [] : [[key, value] as const];
  });
}

/** In the order of the runner's table; `%25` last. */
function unescapeData(text: string): string {
  return text.replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%25", "%");
}

function unescapeProperty(text: string): string {
  return text
    .replaceAll("%0D", "\r")
    .replaceAll("%0A", "\n")
    .replaceAll("%3A", ":")
    .replaceAll("%2C", ",")
    .replaceAll("%25", "%");
}
