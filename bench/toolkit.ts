/** What every Action that is written with GitHub's toolkit loads before it does anything: the measure for ours. */
import * as core from "@actions/core";
import * as github from "@actions/github";

process.stdout.write(`${Object.keys({ ...core, ...github }).length} names\n`);
