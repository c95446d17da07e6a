import { createServer, request, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";

/** A proxy that leads whoever wants to go elsewhere to a port of this machine. */
export interface Proxy {
  readonly url: string;
  /** `host:port` of each who was asked for. */
  readonly asked: ReadonlySet<string>;
  close(): void;
}

const DEAF_MS = 100;

export async function startProxy(target: number): Promise<Proxy> {
  const asked = new Set<string>();
  const server = createServer((incoming, response) => {
    const { host, pathname, search } = new URL(incoming.url ?? "");
    asked.add(host);
    const { method, headers } = incoming;
    const outgoing = request({ port: target, path: pathname + search, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    outgoing.on("error", () => response.destroy());
    incoming.pipe(outgoing);
  });
  server.on("connect", ({ url = "" }, client, head) => {
    asked.add(url);
    const far = connect(target, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      far.write(head);
      far.pipe(client).pipe(far);
    });
    far.on("error", () => client.destroy());
    client.on("error", () => far.destroy());
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A proxy that hangs up a moment after it was asked, whatever for. */
export async function startDeafProxy(): Promise<Pick<Proxy, "url" | "close">> {
  const server = createServer((incoming) => setTimeout(() => incoming.destroy(), DEAF_MS));
  server.on("connect", (_request, client) => setTimeout(() => client.destroy(), DEAF_MS));
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}
