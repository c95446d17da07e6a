import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { BodyReader } from "../../app/body.ts";
import { GateError } from "../../gate/model/error.ts";

const BYTES = 1_000;

test("bodies are read as long as there is room for all that are being read", async () => {
  const reader = new BodyReader(2 * BYTES);
  const sockets: Socket[] = [];
  const server = createServer(async (incoming, response) => {
    sockets.push(incoming.socket);
    try {
      response.end(String((await reader.read(incoming)).length));
    } catch (cause) {
      response.statusCode = 503;
      response.end(cause instanceof GateError ? cause.code : "");
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const open = () => {
    const outgoing = request({
      port,
      host: "127.0.0.1",
      method: "POST",
      headers: { "transfer-encoding": "chunked" },
    });
    const answer = once(outgoing, "response").then(async ([response]) =>
      Buffer.concat(await response.toArray()).toString(),
    );
    outgoing.write(Buffer.alloc(BYTES));
    return { outgoing, answer };
  };
  const first = open();
  const second = open();
  while (sockets.filter(({ bytesRead }) => bytesRead > BYTES).length < 2) await setTimeout(2);
  const third = open();
  assert.equal(await third.answer, "BODY_TOO_MANY");
  first.outgoing.end();
  assert.equal(await first.answer, String(BYTES));
  const fourth = open();
  fourth.outgoing.end();
  second.outgoing.end();
  assert.equal(await fourth.answer, String(BYTES));
  assert.equal(await second.answer, String(BYTES));
  third.outgoing.destroy();
  server.closeAllConnections();
  server.close();
});
