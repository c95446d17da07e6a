/**
 * What we use of GitHub's toolkit for actions but its client. Apart from it, for that reads the runner's addresses as
 * it is loaded, and a step whose addresses are wrong has to say its verdict all the same.
 */
export { setOutput } from "@actions/core";
