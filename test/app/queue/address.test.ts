import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Address, addressOf, eventLabel, keyOf, subjectOf } from "../../../app/queue/address.ts";
import { readWebhookEvents } from "./webhook-events.ts";
