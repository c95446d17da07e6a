import type { Finding } from "../model/finding.ts";
import type { Manifest } from "../model/manifest.ts";
import type { Rivals } from "./claimants.ts";
import type { Collision } from "./collisions.ts";
import { idOf } from "./concern.ts";
import type { ModelPair } from "./pair.ts";

/** Manifests of one id that a message lists. */
const NAMESAKES_LISTED_MAX = 3;

/** What else is in the change that a model is told apart from. */
export interface Surroundings {
  readonly rivals: Rivals;
  readonly collisions: readonly Collision[];
}

/** Why a model is not the one that its manifest at head says it is. */
export function identityFindings(pair: ModelPair, { rivals, collisions }: Surroundings): Finding[] {
  const result = pair.head?.read();
  if (result?.kind !== "manifest") return [];
  return [
    ...changedId(pair, result.manifest),
    ...sharedId(pair, result.manifest),
    ...sharedArtifacts(pair, rivals),
    ...collided(collisions.filter(({ cause }) => pair.files.has(cause))),
  ];
}

/** Under another id a model would have another tier, other waivers and nothing to be compared with. */
function changedId({ base }: ModelPair, { id, path, lines }: Manifest): Finding[] {
  const former = idOf(base);
  if (base === undefined || former === undefined || former === id) return [];
  const origin = base.path === path ? "at base" : `at base, in ${base.path},`;
  return [
    {
      code: "MODEL_ID_CHANGED",
      message: `Cannot take ${path} for the model "${id}": ${origin} it is "${former}", and is judged as such`,
      place: placeOfId(path, lines),
      fix: `Keep id: ${former}; a model of another id needs a folder, artifacts and results of its own`,
    },
  ];
}

function sharedId({ namesakes }: ModelPair, { id, path, lines }: Manifest): Finding[] {
  if (namesakes.length === 0) return [];
  const others = namesakes.slice(0, NAMESAKES_LISTED_MAX).map((file) => file.path);
  const left = namesakes.length - others.length;
  return [
    {
      code: "MODEL_ID_DUPLICATE",
      message: `Cannot tell the models apart: ${[path, ...others].join(", ")}${left > 0 ? ` and ${left} more` : ""} have the same id "${id}"`,
      place: placeOfId(path, lines),
      fix: "Give the newer model an id of its own",
    },
  ];
}

/** Who takes an artifact over, or puts a second name on it, would have it judged as another model's. */
function sharedArtifacts(pair: ModelPair, rivals: Rivals): Finding[] {
  const place = pair.head?.path;
  return rivals.contested(pair).map(({ path, rival }) => ({
    code: "ARTIFACT_SHARED",
    message: `Cannot tell whose ${path} is: ${rival.path} names it too, at base or at head`,
    ...(place === undefined ? {} : { place: { path: place } }),
    fix: `Leave it to ${rival.path}, or let that give it up in a pull request of its own`,
  }));
}

function collided([first, ...others]: readonly Collision[]): Finding[] {
  if (first === undefined) return [];
  const { path, other } = first;
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  return [
    {
      code: "PATH_COLLISION",
      message: `Cannot tell ${path} from ${other}${more}: where case makes no difference, as on macOS and Windows, a checkout mixes them up`,
      place: { path },
      fix: "Give it another name, or remove one of the two",
    },
  ];
}

function placeOfId(path: string, { id: line }: Manifest["lines"]) {
  return { path, ...(line === undefined ? {} : { line }) };
}
