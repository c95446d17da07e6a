import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Config, type Environment, readConfig } from "../../app/config.ts";
import { sharedKeyPair } from "../github/jwt.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "weighbridge-config-"));
after(() => rmSync(FOLDER, { recursive: true }));

const PEM = sharedKeyPair().privateKey;
const PKCS8 = createPrivateKey(PEM).export({ format: "pem", type: "pkcs8" }).toString();
const NEEDED: Environment = {
  APP_ID: "12345",
  PRIVATE_KEY: PEM,
  WEBHOOK_SECRET: "a secret of good length",
  WEIGHBRIDGE_DATA: "/var/lib/weighbridge",
  TRAIL_KEY: "file:/etc/weighbridge/trail.pem",
};
const LOGIN: Environment = {
  GITHUB_CLIENT_ID: "Iv1.0123456789abcdef",
  GITHUB_CLIENT_SECRET: "client secret",
  SESSION_KEY: "11".repeat(32),
  PUBLIC_URL: "https://weighbridge.example.com/",
};

const read = (more: Environment = {}): Config => readConfig({ ...NEEDED, ...more });

test("what is needed is enough", () => {
  assert.deepEqual(read(), {
    appId: 12_345,
    privateKey: PKCS8,
    webhook: { path: "/api/github/webhooks", secrets: ["a secret of good length"] },
    github: { apiUrl: "https://api.github.com", webUrl: "https://github.com" },
    listen: { host: "0.0.0.0", port: 3_000 },
    store: { kind: "sqlite", folder: "/var/lib/weighbridge" },
    trailKey: { kind: "file", path: "/etc/weighbridge/trail.pem" },
    logLevel: "info",
    concurrency: 4,
  });
  assert.ok(Object.isFrozen(read()));
});

const RIGHT: Readonly<Record<string, [more: Environment, expected: Partial<Config>]>> = {
  PostgreSQL: [
    { WEIGHBRIDGE_DATA: undefined, DATABASE_URL: "postgres://me@db/weighbridge" },
    { store: { kind: "postgres", url: "postgres://me@db/weighbridge" } },
  ],
  "a secret that is being replaced": [
    { WEBHOOK_SECRET_PREVIOUS: "the secret before this one" },
    {
      webhook: {
        path: "/api/github/webhooks",
        secrets: ["a secret of good length", "the secret before this one"],
      },
    },
  ],
  "an Enterprise Server": [
    { GHE_HOST: "ghe.example.com" },
    { github: { apiUrl: "https://ghe.example.com/api/v3", webUrl: "https://ghe.example.com" } },
  ],
  "a tenant of ghe.com": [
    { GITHUB_API_URL: "https://api.acme.ghe.com", GITHUB_SERVER_URL: "https://acme.ghe.com/" },
    { github: { apiUrl: "https://api.acme.ghe.com", webUrl: "https://acme.ghe.com" } },
  ],
  "a stand-in on this machine": [
    { GITHUB_API_URL: "http://127.0.0.1:4010", GITHUB_SERVER_URL: "http://localhost:4010" },
    { github: { apiUrl: "http://127.0.0.1:4010", webUrl: "http://localhost:4010" } },
  ],
  "a proxy, small letters before capitals": [
    {
      ...{ HTTPS_PROXY: "http://a.example", https_proxy: "http://me:pass@b.example:3128" },
      ...{ HTTP_PROXY: "http://c.example", NO_PROXY: ".internal,127.0.0.1" },
    },
    {
      proxy: {
        http_proxy: "http://c.example",
        https_proxy: "http://me:pass@b.example:3128",
        no_proxy: ".internal,127.0.0.1",
      },
    },
  ],
  "an address": [
    { HOST: "127.0.0.1", PORT: "0", WEBHOOK_PATH: "/hooks" },
    {
      listen: { host: "127.0.0.1", port: 0 },
      webhook: { path: "/hooks", secrets: ["a secret of good length"] },
    },
  ],
  "a trail key in a variable": [
    { TRAIL_KEY: "env:LOG_KEY", LOG_KEY: "-----BEGIN PRIVATE KEY-----\\nx" },
    { trailKey: { kind: "env", name: "LOG_KEY", pem: "-----BEGIN PRIVATE KEY-----\nx" } },
  ],
  "a trail key behind a command": [
    { TRAIL_KEY: "command:/usr/bin/kms-sign --key arn:aws:kms:eu:1:key/x" },
    { trailKey: { kind: "command", command: ["/usr/bin/kms-sign", "--key", "arn:aws:kms:eu:1:key/x"] } },
  ],
  "a dashboard": [
    LOGIN,
    {
      login: {
        clientId: "Iv1.0123456789abcdef",
        clientSecret: "client secret",
        sessionKey: Buffer.alloc(32, 0x11),
        publicUrl: "https://weighbridge.example.com",
      },
    },
  ],
  "a session key in base64": [
    { ...LOGIN, SESSION_KEY: Buffer.alloc(32, 7).toString("base64") },
    {
      login: {
        clientId: "Iv1.0123456789abcdef",
        clientSecret: "client secret",
        sessionKey: Buffer.alloc(32, 7),
        publicUrl: "https://weighbridge.example.com",
      },
    },
  ],
  "a level, a width and a token": [
    { LOG_LEVEL: "debug", CONCURRENCY: "16", METRICS_TOKEN: "watchers" },
    { logLevel: "debug", concurrency: 16, metricsToken: "watchers" },
  ],
};

for (const [name, [more, expected]] of Object.entries(RIGHT)) {
  test(`${name} can be set`, () => {
    const config = read(more);
    assert.deepEqual({ ...config, ...expected }, config);
  });
}

test("the key is taken as PEM, on one line, in base64 and from a file, of either kind", () => {
  const path = join(FOLDER, "key.pem");
  writeFileSync(path, PEM);
  for (const pem of [PEM, PKCS8]) {
    for (const form of [pem, pem.replaceAll("\n", "\\n"), Buffer.from(pem).toString("base64")]) {
      assert.equal(read({ PRIVATE_KEY: form }).privateKey, PKCS8);
    }
  }
  assert.equal(read({ PRIVATE_KEY: undefined, PRIVATE_KEY_PATH: path }).privateKey, PKCS8);
});

const WEAK = generateKeyPairSync("rsa", { modulusLength: 1_024 }).privateKey.export({
  format: "pem",
  type: "pkcs8",
});
const OTHER = generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" });

/** What is set, and which setting the error names. */
const WRONG: Readonly<Record<string, [more: Environment, setting: string]>> = {
  "no App": [{ APP_ID: undefined }, "APP_ID"],
  "an App by its name": [{ APP_ID: "weighbridge" }, "APP_ID"],
  "App 0": [{ APP_ID: "0" }, "APP_ID"],
  "no key": [{ PRIVATE_KEY: undefined }, "PRIVATE_KEY"],
  "a key that is none": [{ PRIVATE_KEY: "not a key" }, "PRIVATE_KEY"],
  "a short key": [{ PRIVATE_KEY: String(WEAK) }, "PRIVATE_KEY"],
  "a key of another kind": [{ PRIVATE_KEY: String(OTHER) }, "PRIVATE_KEY"],
  "a key file that is not there": [
    { PRIVATE_KEY: "", PRIVATE_KEY_PATH: join(FOLDER, "nowhere") },
    "PRIVATE_KEY_PATH",
  ],
  "no secret": [{ WEBHOOK_SECRET: undefined }, "WEBHOOK_SECRET"],
  "an empty secret": [{ WEBHOOK_SECRET: "   " }, "WEBHOOK_SECRET"],
  "the secret that Probot falls back to": [{ WEBHOOK_SECRET: "development" }, "WEBHOOK_SECRET"],
  "a short secret": [{ WEBHOOK_SECRET: "short" }, "WEBHOOK_SECRET"],
  "a short secret before": [{ WEBHOOK_SECRET_PREVIOUS: "short" }, "WEBHOOK_SECRET_PREVIOUS"],
  "a path without a slash": [{ WEBHOOK_PATH: "hooks" }, "WEBHOOK_PATH"],
  "a path with a query": [{ WEBHOOK_PATH: "/hooks?x" }, "WEBHOOK_PATH"],
  "no store": [{ WEIGHBRIDGE_DATA: undefined }, "WEIGHBRIDGE_DATA"],
  "two stores": [{ DATABASE_URL: "postgres://db/x" }, "DATABASE_URL"],
  "another database": [{ WEIGHBRIDGE_DATA: undefined, DATABASE_URL: "mysql://db/x" }, "DATABASE_URL"],
  "no trail key": [{ TRAIL_KEY: undefined }, "TRAIL_KEY"],
  "a trail key of no kind": [{ TRAIL_KEY: "/etc/key.pem" }, "TRAIL_KEY"],
  "a trail key without a place": [{ TRAIL_KEY: "file:" }, "TRAIL_KEY"],
  "a trail key in a variable that is not set": [{ TRAIL_KEY: "env:LOG_KEY" }, "LOG_KEY"],
  "witnesses in no file": [{ TRAIL_WITNESSES: "/nowhere" }, "TRAIL_WITNESSES"],
  "witnesses in a file of something else": [{ TRAIL_WITNESSES: import.meta.filename }, "TRAIL_WITNESSES"],
  "an API without TLS": [{ GITHUB_API_URL: "http://api.example.com" }, "GITHUB_API_URL"],
  "an API with a password": [{ GITHUB_API_URL: "https://me:pass@api.example.com" }, "GITHUB_API_URL"],
  "an API that is no address": [{ GITHUB_API_URL: "api.example.com" }, "GITHUB_API_URL"],
  "an Enterprise Server without TLS": [
    { GHE_HOST: "ghe.example.com", GHE_PROTOCOL: "http" },
    "GITHUB_API_URL",
  ],
  "a proxy without its scheme": [{ HTTPS_PROXY: "me:pass@proxy.example.com:3128" }, "HTTPS_PROXY"],
  "a proxy of another kind": [{ http_proxy: "socks5://me:pass@proxy.example.com" }, "http_proxy"],
  "a port that is too high": [{ PORT: "65536" }, "PORT"],
  "a port with a sign": [{ PORT: "+80" }, "PORT"],
  "a level that nobody knows": [{ LOG_LEVEL: "loud" }, "LOG_LEVEL"],
  "no concurrency at all": [{ CONCURRENCY: "0" }, "CONCURRENCY"],
  "half a dashboard": [{ ...LOGIN, GITHUB_CLIENT_SECRET: undefined }, "GITHUB_CLIENT_SECRET"],
  "a short session key": [{ ...LOGIN, SESSION_KEY: "c2hvcnQ=" }, "SESSION_KEY"],
  "a dashboard without TLS": [{ ...LOGIN, PUBLIC_URL: "http://weighbridge.example.com" }, "PUBLIC_URL"],
};

for (const [name, [more, setting]] of Object.entries(WRONG)) {
  test(`${name}: it does not start`, () => {
    assert.throws(
      () => read(more),
      (error: { code: string; message: string }) => {
        assert.equal(error.code, "CONFIG_INVALID");
        assert.match(error.message, new RegExp(`^  ${setting}: `, "m"));
        for (const secret of ["not a key", "BEGIN PRIVATE", 'short"', "me:pass"]) {
          assert.ok(!error.message.includes(secret), error.message);
        }
        return true;
      },
    );
  });
}

test("everything that is wrong is said at once, with what to do", () => {
  const message = `Cannot start: 5 settings are wrong
  APP_ID: it is not set. Set the number that the App's settings at GitHub show as App ID
  PRIVATE_KEY: it is not set. Set PRIVATE_KEY to the App's key in PEM, or to its base64, or PRIVATE_KEY_PATH to the file that holds it
  WEBHOOK_SECRET: it is not set. Set the secret that the App's settings at GitHub have, 16 characters or more
  WEIGHBRIDGE_DATA: it is not set. Set one: WEIGHBRIDGE_DATA to a folder, or DATABASE_URL to a PostgreSQL database
  TRAIL_KEY: it is not set. Set file:PATH, env:NAME or command:PROGRAM ARGUMENTS, as weighbridge trail takes it`;
  assert.throws(() => readConfig({}), { code: "CONFIG_INVALID", message });
  assert.throws(() => read({ PORT: "x" }), {
    message: 'Cannot start: a setting is wrong\n  PORT: it is "x". Set a whole number from 0 to 65535',
  });
});
