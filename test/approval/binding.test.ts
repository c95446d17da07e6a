import assert from "node:assert/strict";
import { test } from "node:test";
import { misnaming, stalenessOf } from "../../gate/approval/binding.ts";
import { OTHER_SUBJECT, SUBJECT, unbound, vote } from "./ballots.ts";

test("C17: a vote about another head counts where the content is the same", () => {
  assert.equal(stalenessOf(vote(7, [], { head: "9".repeat(40) }), SUBJECT), undefined);
});

test("C15, C16: a vote about other content, or about nothing decided, is stale", () => {
  assert.match(stalenessOf(vote(7, [], { subject: OTHER_SUBJECT }), SUBJECT) ?? "", /is another than/);
  assert.match(stalenessOf(unbound(vote(7)), SUBJECT) ?? "", /no decision stood/);
});

test("C14: going back to an older content brings its votes back, and those alone", () => {
  const votes = [vote(7), vote(8, [], { subject: OTHER_SUBJECT })];
  const counting = (subject: typeof SUBJECT) =>
    votes.filter((each) => stalenessOf(each, subject) === undefined).map(({ userId }) => userId);
  assert.deepEqual([counting(SUBJECT), counting(OTHER_SUBJECT), counting(SUBJECT)], [[7], [8], [7]]);
});

test("C39: an approval that names another model or digest is refused, one that names this is not", () => {
  const decided = { models: [{ id: "credit-pd" }], subject: SUBJECT };
  assert.equal(misnaming({}, decided), undefined);
  assert.equal(misnaming({ model: "credit-pd", digest: SUBJECT.slice(0, 20) }, decided), undefined);
  assert.equal(misnaming({ digest: SUBJECT }, decided), undefined);
  assert.equal(misnaming({ model: "credit-lgd" }, decided), "This change does not touch a model credit-lgd");
  assert.match(
    misnaming({ digest: "sha256:22222222" }, decided) ?? "",
    /^What is to be approved here is sha256:1+/,
  );
});
