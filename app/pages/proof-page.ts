import { type Html, htm, join } from "../../gate/report/escape.ts";
import { code } from "../../gate/report/html-phrases.ts";
import type { Archive, DecisionRow } from "../store/archive.ts";
import { type Answer, download } from "./answer.ts";
import { decisionCrumbs } from "./decision-page.ts";
import { DECISIONS_READ_MAX, recordOf } from "./history.ts";
import type { Repository } from "./login.ts";
import { facts, moment, pageAnswer } from "./page.ts";
import { decisionPath, trailPath } from "./route.ts";
import type { DecisionProof, TrailView } from "./trail-view.ts";

/** That a decision is in the trail, and how to check it without believing this page. */

export interface ProofRequest {
  readonly archive: Pick<Archive, "decisions">;
  readonly trail: TrailView;
  readonly repository: Repository;
  readonly row: DecisionRow;
}

export async function proofPage(login: string, request: ProofRequest): Promise<Answer> {
  const { repository, row } = request;
  const proof = await findProof(request);
  const body = proof === undefined ? [notYet(repository)] : proofBlocks(repository, row, proof);
  const blocks = [htm`<h1>Trail proof</h1>`, ...body];
  const crumbs = [
    ...decisionCrumbs(repository, row),
    { text: "Trail proof", path: decisionPath(repository, row.digest, "proof") },
  ];
  return pageAnswer({ title: "Trail proof", login, crumbs, blocks });
}

/** One of the two files that the proof consists of; undefined where there is none. */
export async function proofFile(
  part: "entry" | "tlog-proof",
  request: ProofRequest,
): Promise<Answer | undefined> {
  const proof = await findProof(request);
  if (proof === undefined) return undefined;
  return part === "entry"
    ? download(`entry-${proof.seq}.json`, "application/json", proof.entry)
    : download(`entry-${proof.seq}.tlog-proof`, "application/octet-stream", proof.proof);
}

async function findProof({
  archive,
  trail,
  repository,
  row,
}: ProofRequest): Promise<DecisionProof | undefined> {
  const { repositoryId, number, head, base, subject, verdict } = row;
  const decisions = await archive.decisions({ repositoryId, number, countMax: DECISIONS_READ_MAX });
  // Judged twice with the same result, it was written to the trail once: the first time.
  const same = decisions.filter(
    (other) =>
      other.head === head && other.base === base && other.subject === subject && other.verdict === verdict,
  );
  const since = Math.min(row.decidedAt, ...same.map(({ decidedAt }) => decidedAt));
  return trail.prove(repository, { record: recordOf(row), number, since });
}

function notYet(repository: Repository): Html {
  return htm`<div class="empty"><p>The trail does not hold this decision, or not yet: entries are written in batches, a moment after the decision.</p>
<p><a href="${trailPath(repository)}">Trail of this repository</a></p></div>`;
}

function proofBlocks(repository: Repository, row: DecisionRow, proof: DecisionProof): readonly Html[] {
  const { seq, at, digest, size, origin, root, hashes, entry } = proof;
  const isSame = digest === row.digest;
  return [
    htm`<div class="verdict passed"><h2>The trail holds this decision as entry ${seq}</h2>
<p>It is one of ${size} entries, 0 to ${size - 1}, of <code>${origin}</code>. The proof was checked before it was shown.</p></div>`,
    ...(isSame
      ? []
      : [
          htm`<p class="notice">The same judgement was made before: its entry keeps the first record, <code>${digest}</code>. Nothing but the time differs.</p>`,
        ]),
    htm`<h2>Check it yourself</h2>
<p class="lead">None of this asks the server that made this page. The key has to come from where you keep it, not from here.</p>
<div class="card"><ol class="steps">
<li>Keep both files: <a href="${decisionPath(repository, row.digest, "entry.json")}">the entry</a> and <a href="${decisionPath(repository, row.digest, "entry.tlog-proof")}">its proof</a> (c2sp.org/tlog-proof@v1).</li>
<li>Check that the entry is in the log that your key signed:
${command(`weighbridge trail verify entry-${seq}.tlog-proof entry-${seq}.json --pin-key "$KEY"`)}</li>
<li>Check that <a href="${decisionPath(repository, digest, "decision.json")}">the decision record</a> is what judging its input gives, and that the entry names its digest:
${command("weighbridge replay decision.json")}</li>
</ol></div>`,
    htm`<h2>The proof</h2>
<div class="card">${facts("plain", [
      ["Written", moment(Date.parse(at))],
      ["Decision", code(digest)],
      ["Entry", `number ${seq}, ${entry.length} bytes`],
      ["Tree", `${size} entries`],
      ["Root", code(root)],
      ["Signed by", join(proof.vkeys.map(code), htm`<br>`)],
    ])}</div>`,
    htm`<details><summary>Hashes from the entry up to the root: ${hashes.length}</summary>
<div class="inside"><ol class="hashes">${join(
      hashes.map((hash) => htm`<li>${code(Buffer.from(hash).toString("base64"))}</li>`),
      htm`\n`,
    )}</ol></div></details>`,
    htm`<details><summary>The entry</summary>\n<div class="inside">${entryText(entry)}</div></details>`,
  ];
}

function command(text: string): Html {
  return htm`<pre tabindex="0"><code>${text}</code></pre>`;
}

/** The entry spread over lines to be read; what is hashed is its bytes. */
function entryText(entry: Uint8Array): Html {
  const lines = JSON.stringify(JSON.parse(Buffer.from(entry).toString("utf8")), null, 2).split("\n");
  return htm`<pre tabindex="0"><code>${join(
    lines.map((line) => htm`${line}`),
    htm`\n`,
  )}</code></pre>`;
}
