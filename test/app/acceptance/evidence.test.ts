import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { workflowText } from "../../../cli/commands/workflow.ts";
import type { Files } from "../../acceptance/governed.ts";
import { DESCRIBED } from "../../github/access.ts";
import type { Pull } from "../../github/nouns.ts";
import { nextModel, POLICY, startTeam, type Team } from "../team.ts";
import { approve, completeRun, EVIDENCE, until } from "./scene.ts";
