/**
 * What we use of GitHub's client for actions. Imported when the decision is made: it is as large as all the rest, and
 * nobody has to wait for it to be evaluated to learn the verdict.
 */
export { getOctokit } from "@actions/github";
