/** One command that the runner takes from the log. */
export interface Command {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly message: string;
}

/** Names that the runner acts on (actions/runner, `ActionCommandManager.cs`). */
const NAMES = new Set([
  ...["error", "warning", "notice", "debug", "group", "endgroup", "echo", "add-mask", "add-matcher"],
  ...["remove-matcher", "set-output", "save-state", "set-env", "add-path", "stop-commands"],
  "internal-set-repo-path",
]);

const CURRENT = /^\s*::(?<name>[^ :]+)(?: (?<properties>.*?))?::(?<message>.*)$/s;
/** The older form is taken anywhere in a line. */
const OLDER = /##\[(?<name>[^\] ]+)(?: (?<properties>[^\]]*))?\](?<message>.*)$/s;

/** The commands of a log, as the runner reads it: a carriage return ends a line, too. */
export function parseLog(log: string): readonly Command[] {
  const commands: Command[] = [];
  let token: string | undefined;
  for (const line of log.split(/\r\n|\r|\n/)) {
    const command = parseLine(line, token);
    if (command === undefined) continue;
    if (token !== undefined) token = undefined;
    else if (command.name === "stop-commands") token = command.message;
    else commands.push(command);
  }
  return commands;
}

/** Between `stop-commands` and its token, the token is the only command. */
function parseLine(line: string, token: string | undefined): Command | undefined {
  for (const [pattern, separator] of [
    [CURRENT, ","],
    [OLDER, ";"],
  ] as const) {
    const { name = "", properties = "", message = "" } = pattern.exec(line)?.groups ?? {};
    const isKnown = token === undefined ? NAMES.has(name) : name === token;
    if (isKnown)
      return { name, properties: parseProperties(properties, separator), message: decode(message) };
  }
  return undefined;
}

function parseProperties(text: string, separator: string): Record<string, string> {
  const pairs = text.split(separator).flatMap((pair) => {
    const at = pair.indexOf("=");
    return at < 1 ? [] : [[pair.slice(0, at).trim(), decode(pair.slice(at + 1))] as const];
  });
  return Object.fromEntries(pairs);
}

function decode(text: string): string {
  const forms: Readonly<Record<string, string>> = {
    "%0D": "\r",
    "%0A": "\n",
    "%3A": ":",
    "%2C": ",",
    "%25": "%",
  };
  return text.replace(/%(?:0D|0A|3A|2C|25)/g, (form) => forms[form] ?? form);
}
