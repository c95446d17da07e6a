// Time to judge a change of one model in repositories of 1 to 5,000 models, as a Markdown table:
// node bench/models.ts [rounds]
import { fileURLToPath } from "node:url";
import { modelFiles } from "../test/action/scenario.ts";
import { type ScratchRepository, scratchRepository } from "../test/git.ts";
import { median, milliseconds, minimum, type Program, printTable, race } from "./timing.ts";

const ROUNDS = Number(process.argv[2] ?? 9);
const COUNTS = [1, 100, 1_000, 5_000];
const RATIO_MAX = 1.3;
const SCRIPT = fileURLToPath(new URL("../dist/cli.js", import.meta.url));

const repositories = await Promise.all(COUNTS.map(build));
try {
  const timings = await race(repositories.map(program), ROUNDS);
  const least = (name: string) => minimum((timings.get(name) ?? []).map(({ end }) => end));
  console.log(
    `Least and median of ${ROUNDS} runs in turn. Aim: at most ${RATIO_MAX} times the time with one model.\n`,
  );
  printTable(
    ["models", "weighbridge check", "ratio"],
    COUNTS.map((count) => {
      const ends = (timings.get(String(count)) ?? []).map(({ end }) => end);
      const ratio = least(String(count)) / least(String(COUNTS[0]));
      return [
        String(count),
        `${milliseconds(minimum(ends))}, ${milliseconds(median(ends))}`,
        ratio.toFixed(2),
      ];
    }),
  );
} finally {
  for (const { repository } of repositories) repository.remove();
}

interface Built {
  readonly count: number;
  readonly repository: ScratchRepository;
}

/** As many models as asked for, and a commit that changes the first. */
async function build(count: number): Promise<Built> {
  const repository = await scratchRepository();
  const files = Array.from({ length: count }, (_, index) => modelOf(index, 1, 0.85));
  repository.commit("models", Object.assign({}, ...files));
  repository.commit("a better model", modelOf(0, 2, 0.9));
  // As in a clone: one pack, and not a file for each object.
  repository.git("repack", "-adq");
  return { count, repository };
}

function modelOf(index: number, version: number, auc: number): Record<string, string | Uint8Array> {
  const folder = `models/model-${index}`;
  const files = modelFiles({ version, auc, folder, id: `model-${index}` });
  return { ...files, [`${folder}/README.md`]: "A model.\n" };
}

function program({ count, repository }: Built): Program {
  return {
    name: String(count),
    script: SCRIPT,
    args: ["check", "--base", "HEAD~1", "--head", "HEAD", "--format", "json"],
    cwd: repository.directory,
    env: { PATH: process.env.PATH ?? "", HOME: repository.directory },
  };
}
