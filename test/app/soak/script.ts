import { type Files, modelFiles } from "../../acceptance/governed.ts";
import { tip } from "../../github/git-data.ts";
import type { Account, Comment, Pull, Repository } from "../../github/nouns.ts";
import type { Play } from "../../github/play.ts";
import type { Review } from "../../github/state/reviews.ts";
import { current } from "../team.ts";

/**
 * What people do with many pull requests, round by round: after each they wait for the check. Ten pull requests share
 * a branch that they want to enter; each has a model of its own there. In the last round that branch moves: on what it
 * is judged, and whether before or after it moved, must not be a matter of chance, so nothing else is said then.
 */

export const ROUNDS = 6;
const SHARED = 10;

export interface Stage {
  readonly play: Play;
  readonly repository: Repository;
  readonly owner: Account;
  readonly people: Readonly<Record<"maria" | "olga" | "rita" | "vera" | "sid", Account>>;
  /** Gives a commit or an object of GitHub's a name that is the same in each run. */
  name(id: string | number, name: string): void;
}

/** One pull request and what was said of it. */
class Part {
  readonly #stage: Stage;
  readonly index: number;
  pull!: Pull;
  readonly reviews: Review[] = [];
  readonly comments: Comment[] = [];
  #versions = 0;

  constructor(stage: Stage, index: number) {
    this.#stage = stage;
    this.index = index;
  }

  get #head(): string {
    return `change-${this.index}`;
  }

  /** Opens the pull request on a branch of its own. */
  open(files: Files): void {
    const { play, repository, people } = this.#stage;
    const base = branchOf(this.index);
    this.#push(files, [tip(repository, base)]);
    this.pull = play.openPull(repository, { head: this.#head, base, by: people.maria });
  }

  push(files: Files): void {
    this.#push(files);
  }

  #push(files: Files, parents?: readonly string[]): void {
    const { play, repository, people, name } = this.#stage;
    const branch = this.#head;
    const sha = play.push(repository, { branch, by: people.maria, files, ...(parents && { parents }) });
    name(sha, `head-${this.index}-${++this.#versions}`);
  }

  /** The next version of the part's own model. */
  model(version: number, auc = 0.9): Files {
    return modelOf(this.index, version, auc);
  }

  review(by: keyof Stage["people"], state: "APPROVED" | "CHANGES_REQUESTED" | "COMMENTED"): void {
    const { play, people, name } = this.#stage;
    const review = play.review(this.pull, { by: people[by], state, body: "Looked at." });
    this.reviews.push(review);
    name(review.id, `review-${this.index}-${this.reviews.length}`);
  }

  dismiss(by: keyof Stage["people"]): void {
    const { play, people } = this.#stage;
    play.dismissReview(this.reviews.at(-1)!, { by: people[by] });
  }

  say(by: keyof Stage["people"], body: string): void {
    const { play, people, name } = this.#stage;
    const comment = play.comment(this.pull, { by: people[by], body });
    this.comments.push(comment);
    name(comment.id, `comment-${this.index}-${this.comments.length}`);
  }

  edit(by: keyof Stage["people"], body: string): void {
    const { play, people } = this.#stage;
    play.editComment(this.comments.at(-1)!, { by: people[by], body });
  }

  unsay(by: keyof Stage["people"]): void {
    const { play, people } = this.#stage;
    play.deleteComment(this.comments.at(-1)!, { by: people[by] });
  }

  close(): void {
    const { play, people } = this.#stage;
    play.closePull(this.pull, { by: people.maria });
  }

  reopen(): void {
    const { play, people } = this.#stage;
    play.reopenPull(this.pull, { by: people.maria });
  }

  merge(): void {
    const { play, people, name } = this.#stage;
    name(play.merge(this.pull, { by: people.maria }), `merge-${this.index}`);
  }
}

type Step = (part: Part) => void;

const APPROVE = "/weighbridge approve";
const WORDS = "It looks heavier than it is.";
const NOTHING: Step = () => undefined;

/** What happens to a pull request in each round, by its number modulo their count. */
const SCRIPTS: readonly (readonly Step[])[] = [
  // Approved, changed, approved again, merged.
  [
    (part) => part.open(part.model(2)),
    (part) => part.review("olga", "APPROVED"),
    (part) => part.push(part.model(3)),
    (part) => part.review("olga", "APPROVED"),
    NOTHING,
    (part) => part.merge(),
  ],
  // Approved by command, refused by somebody else, who is overruled; a commit that changes no byte of the model.
  [
    (part) => part.open(part.model(2)),
    (part) => part.say("olga", APPROVE),
    (part) => part.review("vera", "CHANGES_REQUESTED"),
    (part) => part.dismiss("olga"),
    (part) => part.push({ [`notes/${part.index}.md`]: "Words alone\n" }),
    (part) => part.merge(),
  ],
  // Too weak at first.
  [
    (part) => part.open(part.model(2, 0.7)),
    (part) => {
      part.say("rita", WORDS);
      part.review("vera", "COMMENTED");
    },
    (part) => part.push(part.model(3)),
    (part) => part.review("olga", "APPROVED"),
    (part) => part.say("maria", "/weighbridge recheck"),
    (part) => part.merge(),
  ],
  // Of no concern, until it touches a model.
  [
    (part) => part.open({ [`notes/${part.index}.md`]: "Notes\n" }),
    (part) => part.say("vera", WORDS),
    (part) => part.push(part.model(2)),
    (part) => part.review("olga", "APPROVED"),
    NOTHING,
    (part) => part.merge(),
  ],
  // Refused, then approved by two in the same moment as the refusal falls.
  [
    (part) => part.open(part.model(2)),
    (part) => part.review("rita", "CHANGES_REQUESTED"),
    (part) => {
      part.dismiss("rita");
      part.review("vera", "APPROVED");
      part.review("olga", "APPROVED");
    },
    (part) => part.say("sid", WORDS),
    NOTHING,
    (part) => part.merge(),
  ],
  // Words of those who have no say; given up, and taken up again.
  [
    (part) => part.open(part.model(2)),
    (part) => {
      part.say("sid", APPROVE);
      part.say("maria", APPROVE);
    },
    (part) => part.close(),
    (part) => part.reopen(),
    (part) => part.say("olga", APPROVE),
    NOTHING,
  ],
  // Approved, and taken back.
  [
    (part) => part.open(part.model(2)),
    (part) => part.say("olga", APPROVE),
    (part) => part.say("olga", "/weighbridge withdraw"),
    (part) => part.say("rita", WORDS),
    (part) => part.review("olga", "APPROVED"),
    NOTHING,
  ],
  // Approved by a comment that its author removes; another is made into a command, which is none.
  [
    (part) => part.open(part.model(2)),
    (part) => part.say("olga", APPROVE),
    (part) => part.unsay("olga"),
    (part) => {
      part.say("olga", WORDS);
      part.edit("olga", APPROVE);
    },
    (part) => part.push(part.model(3)),
    NOTHING,
  ],
];

export class Script {
  readonly parts: readonly Part[];
  readonly #stage: Stage;

  constructor(stage: Stage, count: number) {
    this.#stage = stage;
    this.parts = Array.from({ length: count }, (_, index) => new Part(stage, index));
  }

  /** Makes the branches that the pull requests want to enter. */
  prepare(): void {
    const { play, repository, owner, name } = this.#stage;
    for (let first = 0; first < this.parts.length; first += SHARED) {
      const indices = Array.from({ length: SHARED }, (_, at) => first + at);
      const files = Object.assign({}, ...indices.map((index) => modelOf(index, 1, 0.85)));
      const branch = branchOf(first);
      const parents = first === 0 ? [] : [tip(repository, "main")];
      const policy = { ".weighbridge/policy.yml": policyOf(indices) };
      name(
        play.push(repository, { branch, by: owner, parents, files: { ...policy, ...files } }),
        `base-${first}`,
      );
    }
  }

  /** Opens the first pull request, by which the trail begins. */
  begin(): void {
    this.#step(0, 0);
  }

  play(round: number): void {
    for (const { index } of this.parts) if (round > 0 || index > 0) this.#step(index, round);
  }

  #step(index: number, round: number): void {
    SCRIPTS[index % SCRIPTS.length]![round]!(this.parts[index]!);
  }
}

function branchOf(index: number): string {
  const group = Math.floor(index / SHARED);
  return group === 0 ? "main" : `line-${group}`;
}

function modelOf(index: number, version: number, auc: number): Files {
  const id = `model-${index}`;
  return current(modelFiles({ version: 1000 * index + version, auc, id, folder: `models/${id}` }));
}

function policyOf(indices: readonly number[]): string {
  const models = indices.map((index) => `  - { id: model-${index}, path: models/model-${index}, tier: T3 }`);
  return `weighbridge: 1
policy: { name: acme-credit, version: 1.0.0 }
extends: [core@1, performance@1]
roles:
  owner: { users: [olga] }
  validator: { users: [vera] }
  risk: { users: [rita] }
models:
${models.join("\n")}
gates:
  - id: auc-floor
    rule: metric.floor
    with: { metric: roc_auc, dataset: holdout, min: 0.8 }
    severity: block
`;
}
