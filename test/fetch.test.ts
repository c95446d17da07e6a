import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { fetchByProxy, whyUnreachable } from "../gate/fetch.ts";
import { startProxy } from "./proxy.ts";

test("is by way of the proxy, and says why there was no answer", async (test) => {
  const server = createServer((_request, response) => response.end("there")).listen(0, "127.0.0.1");
  test.after(() => server.close());
  await once(server, "listening");
  const proxy = await startProxy((server.address() as AddressInfo).port);
  test.after(() => proxy.close());
  process.env.http_proxy = proxy.url.slice("http://".length);
  process.env.no_proxy = "127.0.0.1";
  test.after(() => {
    delete process.env.http_proxy;
    delete process.env.no_proxy;
  });

  const response = await fetchByProxy("http://outside.example/", {});
  assert.equal(await response.text(), "there");
  assert.deepEqual([...proxy.asked], ["outside.example:80"]);
  // No proxy is asked about this machine, on which nobody listens there.
  await assert.rejects(fetchByProxy("http://127.0.0.1:2/", {}), (rejection) => {
    assert.equal(whyUnreachable(rejection), "connect ECONNREFUSED 127.0.0.1:2");
    return true;
  });
  assert.equal(whyUnreachable(new DOMException("It took too long")), "It took too long");
  // What two addresses of one name reject with has no message of its own.
  const both = Object.assign(new AggregateError([]), { code: "ECONNREFUSED" });
  assert.equal(whyUnreachable(new TypeError("fetch failed", { cause: both })), "ECONNREFUSED");
});
