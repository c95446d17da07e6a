import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { it } from "node:test";
import { installAction } from "./runner.ts";
import { startScenario } from "./scenario.ts";

/** A name that only the proxy knows: for 127.0.0.1 the toolkit would not ask it. */
const OUTSIDE = "http://github.example";

it("asks GitHub through the proxy that its runner names", async (test) => {
  const action = await installAction();
  test.after(() => rmSync(action, { recursive: true }));
  const scenario = await startScenario(action);
  test.after(() => scenario.remove());
  const { stand } = scenario;
  const { proxy, asked } = startProxy(Number(new URL(stand.origin).port));
  const port = await listen(proxy);
  test.after(() => proxy.close());

  const { status, log } = await scenario.run({
    serverUrl: OUTSIDE,
    env: { http_proxy: `http://127.0.0.1:${port}` },
  });

  assert.equal(status, 0, log);
  assert.equal(stand.github.comments.length, 1, log);
  assert.deepEqual([...new Set(asked)], ["github.example:80"]);
});

/** Leads whoever wants to go elsewhere to a port of this machine. */
function startProxy(target: number): { readonly proxy: Server; readonly asked: readonly string[] } {
  const asked: string[] = [];
  const proxy = createServer((_request, response) => response.writeHead(405).end());
  proxy.on("connect", ({ url = "" }, client, head) => {
    asked.push(url);
    const server = connect(target, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      server.write(head);
      server.pipe(client).pipe(server);
    });
    server.on("error", () => client.destroy());
    client.on("error", () => server.destroy());
  });
  return { proxy, asked };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}
