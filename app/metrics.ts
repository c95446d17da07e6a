import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** What the process tells of itself. Labels come from short lists of our own, never from a payload. */
export interface Metrics {
  /** One webhook was answered. `event` is one that we know, or `other`. */
  webhook(event: string, outcome: WebhookOutcome, ms: number): void;
  /** One piece of work ended. */
  work(outcome: WorkOutcome, ms: number): void;
  verdict(kind: string): void;
  /** One request to GitHub ended; `status` 0 where no answer came. */
  call(route: string, status: number, ms: number): void;
  trailEntries(count: number): void;
  /** What is asked when the metrics are read. */
  watch(name: GaugeName, read: () => Promise<number>): void;
  /** In the text format of Prometheus. */
  read(): Promise<{ readonly contentType: string; readonly text: string }>;
}

export type WebhookOutcome = "kept" | "known" | "ignored" | "refused" | "failed";

export type WorkOutcome = "done" | "retried" | "postponed" | "buried" | "lost";

const GAUGES = {
  inbox_waiting: "Deliveries that wait to be worked on",
  inbox_dead: "Deliveries that were given up",
  inbox_oldest_seconds: "How long the oldest delivery has been due",
  trail_pending: "Trails whose outbox is not empty",
  trail_halted: "Trails that nothing is written to until an operator has looked",
} as const;
export type GaugeName = keyof typeof GAUGES;

/** Seconds: GitHub waits ten for an answer. */
const ANSWER_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 10];
const WORK_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Metrics of one process, in a registry of their own. */
export function openMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: "weighbridge_" });
  const registers = [registry];
  const webhooks = new Histogram({
    name: "weighbridge_webhook_seconds",
    help: "Time to answer a webhook, by event and outcome",
    labelNames: ["event", "outcome"],
    buckets: ANSWER_BUCKETS,
    registers,
  });
  const works = new Histogram({
    name: "weighbridge_work_seconds",
    help: "Time of a piece of work, by outcome",
    labelNames: ["outcome"],
    buckets: WORK_BUCKETS,
    registers,
  });
  const calls = new Histogram({
    name: "weighbridge_github_seconds",
    help: "Time of a request to GitHub, by route and status",
    labelNames: ["route", "status"],
    buckets: WORK_BUCKETS,
    registers,
  });
  const verdicts = new Counter({
    name: "weighbridge_verdicts_total",
    help: "Verdicts shown, by kind",
    labelNames: ["verdict"],
    registers,
  });
  const entries = new Counter({
    name: "weighbridge_trail_entries_total",
    help: "Entries that landed in a trail",
    registers,
  });
  return {
    webhook: (event, outcome, ms) => webhooks.observe({ event, outcome }, ms / 1000),
    work: (outcome, ms) => works.observe({ outcome }, ms / 1000),
    verdict: (verdict) => verdicts.inc({ verdict }),
    call: (route, status, ms) => calls.observe({ route, status: String(status) }, ms / 1000),
    trailEntries: (count) => entries.inc(count),
    watch: (name, read) => {
      new Gauge({
        name: `weighbridge_${name}`,
        help: GAUGES[name],
        registers,
        async collect() {
          this.set(await read());
        },
      });
    },
    read: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
