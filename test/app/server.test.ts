import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { BODY_BYTES_MAX } from "../../app/body.ts";
import { GateError } from "../../gate/model/error.ts";
import { openServerRig, SECRET, type Sent, type ServerRig, send, sign, WEBHOOK_PATH } from "./rig.ts";

const BODY = JSON.stringify({ action: "opened", repository: { id: 5 }, pull_request: { number: 3 } });

let rig: ServerRig;
/** One that has never had another secret. */
let single: ServerRig;
before(async () => {
  rig = await openServerRig();
  single = await openServerRig({ config: { webhook: { path: WEBHOOK_PATH, secrets: [SECRET] } } });
});
after(() => Promise.all([rig.close(), single.close()]));

async function waiting({ store } = rig): Promise<number> {
  return (await store.inbox.depth()).waiting;
}

/** What is sent, how it is answered, and that nothing of it is kept. */
const REFUSED: Readonly<
  Record<string, { body?: string | Uint8Array<ArrayBuffer>; sent?: Sent; status: number }>
> = {
  "without a signature": { sent: { headers: { "x-hub-signature-256": undefined } }, status: 401 },
  "with an empty signature": { sent: { headers: { "x-hub-signature-256": "" } }, status: 401 },
  "signed with another secret": { sent: { secret: "not the secret of anybody" }, status: 401 },
  "signed with the empty secret": { sent: { secret: "" }, status: 401 },
  "signed with the secret that Probot falls back to": { sent: { secret: "development" }, status: 401 },
  "signed for another body": { sent: { headers: { "x-hub-signature-256": sign(`${BODY} `) } }, status: 401 },
  "with a signature that is cut off": {
    sent: { headers: { "x-hub-signature-256": sign(BODY).slice(0, -1) } },
    status: 401,
  },
  "with a signature in upper case": {
    sent: { headers: { "x-hub-signature-256": sign(BODY).toUpperCase() } },
    status: 401,
  },
  "with two signatures, one of them right": {
    sent: { headers: { "x-hub-signature-256": `${sign("other")}, ${sign(BODY)}` } },
    status: 401,
  },
  "with a signature in SHA-1 alone": {
    sent: {
      headers: {
        "x-hub-signature-256": undefined,
        "x-hub-signature": "sha1=4b7b2b4b1b2f7c3b0d0c8f0e5a3b3e4a5c6d7e8f",
      },
    },
    status: 401,
  },
  "with a SHA-1 where SHA-256 belongs": {
    sent: { headers: { "x-hub-signature-256": "sha1=4b7b2b4b1b2f7c3b0d0c8f0e5a3b3e4a5c6d7e8f" } },
    status: 401,
  },
  "of no JSON, before its signature is looked at": {
    body: "{",
    sent: { secret: "wrong wrong wrong" },
    status: 401,
  },
  "of no JSON": { body: "{", status: 400 },
  "of a number": { body: "5", status: 400 },
  "of null": { body: "null", status: 400 },
  "of nothing": { body: "", status: 400 },
  "that is not UTF-8": { body: Uint8Array.from([0x22, 0xff, 0x22]), status: 400 },
  "that is not UTF-8, before its signature is looked at": {
    body: Uint8Array.from([0x22, 0xff, 0x22]),
    sent: { secret: "wrong wrong wrong" },
    status: 401,
  },
  "of other bytes that a reader takes for what was signed": {
    body: Buffer.concat([Buffer.from(BODY.slice(0, -1)), Buffer.from([0xff]), Buffer.from("}")]),
    sent: { headers: { "x-hub-signature-256": sign(`${BODY.slice(0, -1)}\ufffd}`) } },
    status: 401,
  },
  "of nothing, signed with another secret": {
    body: "",
    sent: { secret: "not the secret of anybody" },
    status: 401,
  },
  "with a byte order mark": { body: `\ufeff${BODY}`, status: 400 },
  "as a form": { sent: { headers: { "content-type": "application/x-www-form-urlencoded" } }, status: 415 },
  "as text": { sent: { headers: { "content-type": "text/plain;application/json" } }, status: 415 },
  "as another kind of JSON": { sent: { headers: { "content-type": "application/jsonp" } }, status: 415 },
  "without an event": { sent: { headers: { "x-github-event": undefined } }, status: 400 },
  "of an event with a strange name": { sent: { event: "__proto__.x" }, status: 400 },
  "without an id": { sent: { headers: { "x-github-delivery": undefined } }, status: 400 },
  "with an id that is a path": { sent: { delivery: "../../../../etc/passwd" }, status: 400 },
  "by GET": { sent: { method: "GET" }, status: 405 },
  "by PUT": { sent: { method: "PUT" }, status: 405 },
  "to a path beside": { sent: { path: `${WEBHOOK_PATH}/` }, status: 404 },
  "to Probot's setup": { sent: { path: "/probot/import" }, status: 404 },
};

describe("C70: a webhook is refused", () => {
  for (const [name, { body = BODY, sent = {}, status }] of Object.entries(REFUSED)) {
    test(`C70: ${name}`, async () => {
      for (const server of [rig, single]) {
        const before = await waiting(server);
        const response = await send(server, body, sent);
        assert.equal(response.status, status, await response.text());
        assert.equal(await waiting(server), before);
      }
    });
  }
});

describe("C70: a webhook is taken", () => {
  test("C70: signed with the secret in use, or with the one before", async () => {
    for (const secret of [SECRET, "it was a secret to everybody"]) {
      const before = await waiting();
      const response = await send(rig, BODY, { secret });
      assert.deepEqual([response.status, await response.text()], [202, "accepted\n"]);
      assert.equal(await waiting(), before + 1);
    }
  });

  test("C70: signed with the one secret, and with no other that was one elsewhere", async () => {
    const before = await waiting(single);
    assert.equal((await send(single, BODY, { secret: SECRET })).status, 202);
    assert.equal((await send(single, BODY, { secret: "it was a secret to everybody" })).status, 401);
    assert.equal(await waiting(single), before + 1);
  });

  test("C70: with parameters of its content type, and a query", async () => {
    const headers = { "content-type": "application/json; charset=utf-8" };
    assert.equal((await send(rig, BODY, { headers, path: `${WEBHOOK_PATH}?source=proxy` })).status, 202);
  });

  test("C69: as often as it comes, and kept once", async () => {
    const delivery = randomUUID();
    const before = await waiting();
    const answers = await Promise.all(Array.from({ length: 8 }, () => send(rig, BODY, { delivery })));
    assert.deepEqual(
      answers.map(({ status }) => status),
      Array(8).fill(202),
    );
    assert.equal((await send(rig, BODY, { delivery })).status, 202);
    assert.equal(await waiting(), before + 1);
  });

  test("C70: of an event that concerns nobody, and its id is known", async () => {
    for (const [event, body] of [
      ["star", JSON.stringify({ action: "created", repository: { id: 5 } })],
      ["ping", JSON.stringify({ zen: "Keep it logically awesome." })],
      ["check_run", JSON.stringify({ action: "created", repository: { id: 5 }, check_run: {} })],
      ["pull_request", JSON.stringify({ action: "opened" })],
      ["pull_request", "[]"],
    ] as const) {
      const before = await waiting();
      const delivery = randomUUID();
      assert.equal((await send(rig, body, { event, delivery })).status, 202);
      assert.equal(await waiting(), before);
      assert.deepEqual([...(await rig.store.inbox.known([delivery]))], [delivery]);
    }
  });

  test("C70: nested deeper than any stack, for nothing looks into it", async () => {
    const depth = 200_000;
    const body = `{"repository":{"id":5},"pull_request":{"number":3},"x":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    assert.equal((await send(rig, body)).status, 202);
  });

  test("C70: and kept byte for byte", async () => {
    const own = await openServerRig();
    const body = `{"repository" :\t{"id":5}, "pull_request":{"number":3},"title":"\\u00e9 é \u{1f512}"}\n`;
    assert.equal((await send(own, body)).status, 202);
    assert.equal((await own.store.inbox.take())?.deliveries[0]?.payload, body);
    await own.close();
  });
});

describe("C70: a body has 25 MB at most", () => {
  test("C70: a longer one that says so is refused before any of it is sent", async () => {
    const outgoing = request(`${rig.origin}${WEBHOOK_PATH}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "content-length": BODY_BYTES_MAX + 1,
        "x-github-event": "push",
        "x-github-delivery": randomUUID(),
      },
    });
    outgoing.flushHeaders();
    const [response] = await once(outgoing, "response");
    assert.equal(response.statusCode, 413);
    assert.equal(response.headers.connection, "close");
    outgoing.destroy();
  });

  test("C70: a longer one that does not say so is refused where it passes the limit", async () => {
    const outgoing = request(`${rig.origin}${WEBHOOK_PATH}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "transfer-encoding": "chunked",
        "x-github-event": "push",
        "x-github-delivery": randomUUID(),
      },
    });
    outgoing.on("error", () => {});
    const answered = once(outgoing, "response");
    const chunk = Buffer.alloc(1024 * 1024, 0x20);
    for (let sent = 0; sent <= BODY_BYTES_MAX; sent += chunk.length) {
      if (!outgoing.write(chunk)) await Promise.race([once(outgoing, "drain"), answered]);
    }
    const [response] = await answered;
    assert.equal(response.statusCode, 413);
    outgoing.destroy();
  });

  test("C70: one of exactly the limit is taken", async () => {
    const start = '{"repository":{"id":5},"pull_request":{"number":3},"x":"';
    const body = `${start}${"x".repeat(BODY_BYTES_MAX - start.length - 2)}"}`;
    assert.equal(body.length, BODY_BYTES_MAX);
    assert.equal((await send(rig, body)).status, 202);
  });

  test("C70: one that breaks off is not taken", async () => {
    const before = await waiting();
    const socket = await openSocket(rig);
    await begin(socket);
    socket.write(BODY.slice(0, -1));
    await setTimeout(50);
    socket.destroy();
    await setTimeout(50);
    assert.equal(await waiting(), before);
  });
});

async function openSocket({ server }: ServerRig): Promise<Socket> {
  const socket = connect(server.port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** Sends the head of a delivery. Resolves when the server has read it. */
async function begin(socket: Socket): Promise<void> {
  socket.write(head(`content-length: ${BODY.length}`, "expect: 100-continue"));
  const [chunk] = await once(socket, "data");
  assert.match(String(chunk), /^HTTP\/1\.1 100 Continue\r\n\r\n$/);
}

function head(...lines: readonly string[]): string {
  return [
    `POST ${WEBHOOK_PATH} HTTP/1.1`,
    "host: localhost",
    "content-type: application/json",
    "x-github-event: pull_request",
    `x-github-delivery: ${randomUUID()}`,
    `x-hub-signature-256: ${sign(BODY)}`,
    ...lines,
    "\r\n",
  ].join("\r\n");
}

describe("when keeping fails", () => {
  test("C69: a webhook that cannot be kept is not acknowledged, and the sender is told nothing of why", async () => {
    const full = new GateError("STORE_UNAVAILABLE", "Cannot use /secret/place: disk is full");
    const own = await openServerRig({
      inbox: (inbox) => ({ ...inbox, receive: async () => Promise.reject(full), note: inbox.note }),
    });
    const response = await send(own, BODY);
    assert.deepEqual([response.status, await response.text()], [503, "Not kept\n"]);
    const line = own.logged.find(({ level }) => level === "error");
    assert.deepEqual(
      [line?.code, line?.event, typeof line?.delivery],
      ["STORE_UNAVAILABLE", "pull_request", "string"],
    );
    await own.close();
  });

  test("what fails without a reason of ours is not acknowledged either", async () => {
    const own = await openServerRig({
      inbox: (inbox) => ({ ...inbox, receive: () => Promise.reject(new TypeError(BODY)), note: inbox.note }),
    });
    assert.equal((await send(own, BODY)).status, 503);
    assert.ok(!JSON.stringify(own.logged).includes('pull_request\\"'), "the log holds no body");
    await own.close();
  });
});

describe("what the server tells of itself", () => {
  test("it lives, and is ready while its store can be written to", async () => {
    const live = await fetch(`${rig.origin}/healthz`);
    assert.deepEqual([live.status, await live.text()], [200, "ok\n"]);
    const ready = await fetch(`${rig.origin}/readyz`);
    assert.deepEqual([ready.status, await ready.json()], [200, { ready: true, checks: { store: "ok" } }]);
    assert.equal((await fetch(`${rig.origin}/readyz`, { method: "POST" })).status, 405);
    assert.equal((await fetch(`${rig.origin}/healthz`, { method: "HEAD" })).status, 200);
  });

  test("C70: it counts webhooks by event and outcome, and unknown events as one", async () => {
    const own = await openServerRig();
    await send(own, BODY);
    await send(own, BODY, { secret: "wrong wrong wrong" });
    await send(own, "{}", { event: "made_up_event" });
    const text = await (await fetch(`${own.origin}/metrics`)).text();
    for (const line of [
      'weighbridge_webhook_seconds_count{event="pull_request",outcome="kept"} 1',
      'weighbridge_webhook_seconds_count{event="pull_request",outcome="refused"} 1',
      'weighbridge_webhook_seconds_count{event="other",outcome="ignored"} 1',
    ]) {
      assert.ok(text.includes(line), line);
    }
    assert.ok(!text.includes("made_up"));
    await own.close();
  });

  test("metrics are shown to whoever has the token, if there is one", async () => {
    const own = await openServerRig({
      config: { metricsToken: "token of the watchers" },
    });
    const status = async (authorization?: string) =>
      (
        await fetch(
          `${own.origin}/metrics`,
          authorization === undefined ? {} : { headers: { authorization } },
        )
      ).status;
    assert.equal(await status(), 401);
    assert.equal(await status("Bearer token of nobody"), 401);
    assert.equal(await status("Bearer token of the watchers"), 200);
    await own.close();
  });

  test("each webhook is one line with its id, and no secret, signature or body", async () => {
    const own = await openServerRig();
    const delivery = randomUUID();
    const body = JSON.stringify({
      repository: { id: 5 },
      pull_request: { number: 3, body: "private words" },
    });
    await send(own, body, { delivery });
    await send(own, body, { secret: "wrong wrong wrong" });
    const kept = own.logged.filter((line) => line.message === "Webhook kept");
    assert.deepEqual(
      kept.map((line) => [line.level, line.delivery, line.event]),
      [["info", delivery, "pull_request"]],
    );
    const text = JSON.stringify(own.logged);
    for (const secret of [SECRET, sign(body), "private words", "PRIVATE KEY"])
      assert.ok(!text.includes(secret));
    await own.close();
  });

  test("what is no webhook is a page, or nothing", async () => {
    const own = await openServerRig({
      world: {
        pages: async ({ url }, response) => {
          if (url === "/throws") throw new TypeError("a secret of the page");
          if (url !== "/page") return false;
          response.end("a page");
          return true;
        },
      },
    });
    const get = async (path: string) => {
      const response = await fetch(own.origin + path);
      return [response.status, await response.text()];
    };
    assert.deepEqual(await get("/page"), [200, "a page"]);
    assert.deepEqual(await get("/nothing"), [404, "There is nothing here\n"]);
    assert.deepEqual(await get("/throws"), [500, "Something went wrong\n"]);
    await own.close();
  });
});

describe("when the server stops", () => {
  test("a request that has begun is answered, and no other is taken", async () => {
    const own = await openServerRig();
    const socket = await openSocket(own);
    const answer: Buffer[] = [];
    const closed = once(socket, "close");
    await begin(socket);
    socket.on("data", (chunk: Buffer) => answer.push(chunk));
    const stopped = own.server.close(5_000);
    await assert.rejects(fetch(`${own.origin}/healthz`));
    socket.write(BODY);
    await closed;
    assert.match(Buffer.concat(answer).toString(), /^HTTP\/1\.1 202 Accepted\r\n/);
    await stopped;
    assert.equal((await own.store.inbox.depth()).waiting, 1);
    await own.store.close();
  });

  test("a request that does not end is cut off in the end", async () => {
    const own = await openServerRig();
    const socket = await openSocket(own);
    const closed = once(socket, "close");
    await begin(socket);
    await own.server.close(100);
    await closed;
    await own.store.close();
  });

  test("an address that is taken is said", async () => {
    const { port } = rig.server;
    await assert.rejects(openServerRig({ config: { listen: { host: "127.0.0.1", port } } }), {
      code: "SERVER_ADDRESS",
      message: `Cannot listen on 127.0.0.1:${port}: listen EADDRINUSE: address already in use 127.0.0.1:${port}`,
    });
  });
});
