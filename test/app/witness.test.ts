import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { checkPulls } from "../../app/upkeep.ts";
import { openCheckpoint } from "../../gate/trail/checkpoint.ts";
import { parseWitnessVkey } from "../../gate/trail/cosignature.ts";
import { parseNote, parseVkey, verifyNote } from "../../gate/trail/note.ts";
import { runGit } from "../git.ts";
import { readFile } from "../trail/tamper.ts";
import { Witness } from "../trail/witness-stand-in.ts";
import { kindsOf, nextModel, startTeam } from "./team.ts";

test("a trail that begins with witnesses is cosigned by them every hour, and says how far they have seen", async (context) => {
  let log = "";
  const witness = new Witness("witness.example/w1", 2, () => log);
  witness.seconds = Math.floor(Date.now() / 1000);
  const server = createServer(async (request, response) => {
    const { status, body } = witness.answer(Buffer.concat(await request.toArray()));
    response.writeHead(request.url === "/w/add-checkpoint" ? status : 500).end(body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  let ahead = 0;
  const team = await startTeam({
    ...{ now: () => Date.now() + ahead, sweepMs: 86_400_000 },
    config: { witnesses: `witness w1 ${witness.vkey} http://127.0.0.1:${port}/w/\nquorum w1\n` },
  });
  context.after(() => team.close());
  await team.propose(nextModel());
  await team.trail();
  const { directory } = team.repository;
  const repository = { directory, git: (...args: string[]) => runGit(directory, args) };
  log = JSON.parse(readFile(repository, "trail.json").toString()).keys[0].vkey;
  const hour = async () => {
    ahead += 3_600_000;
    await checkPulls(team.running.services);
    return (await team.trail()).flatMap(({ predicate }) => predicate.heartbeat ?? []).at(-1)?.witnessed;
  };
  const first = await hour();
  const size = witness.seen.size;
  assert.ok(size > 1);
  assert.equal(first, 0, "what was cosigned lands with the heartbeat itself");
  const bytes = readFile(repository, "checkpoint.witnessed");
  assert.equal(openCheckpoint(bytes, [parseVkey(log)], "it").size, size);
  assert.equal(verifyNote(parseNote(bytes, "it"), [parseWitnessVkey(witness.vkey)], "it").length, 1);
  assert.equal(await hour(), size);
  assert.ok(witness.seen.size > size);
});

test("a witness that is down is told of, and holds nothing up", async (context) => {
  const { vkey } = new Witness("witness.example/w1", 2);
  let ahead = 0;
  const team = await startTeam({
    ...{ now: () => Date.now() + ahead, sweepMs: 86_400_000 },
    config: { witnesses: `witness w1 ${vkey} http://127.0.0.1:1/\nquorum w1\n` },
  });
  context.after(() => team.close());
  await team.propose(nextModel());
  await team.trail();
  ahead += 3_600_000;
  await checkPulls(team.running.services);
  assert.ok(kindsOf(await team.trail()).includes("heartbeat"));
  assert.ok(team.log.some((line) => /Too few witnesses.*TRAIL_WITNESS_UNAVAILABLE/.test(line)));
});
