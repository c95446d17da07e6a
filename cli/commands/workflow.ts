/** Actions of the workflow that `init` writes, by the commit of the release that the comment names. */
const CHECKOUT = "actions/checkout@9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0 # v7.0.0";
const UPLOAD = "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1";
const DOWNLOAD = "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1";

/** Where `evaluate` leaves what `weigh` reads. */
export const EVIDENCE_FOLDER = "weighbridge-evidence";

/** The artifact that keeps the decision, by the name that the App knows. */
const DECISION_ARTIFACT = "weighbridge-decision";
const CONTENT_ARTIFACT = "weighbridge-content";
/** Out of reach of what is checked out. */
const TEMPORARY = `\${{ runner.temp }}`;

export interface WorkflowOptions {
  /** DVC's folder in the repository, as `.dvc`, if there is one: what it keeps elsewhere has to be fetched. */
  readonly dvcFolder?: string | undefined;
}

/**
 * A workflow of two jobs. `evaluate` runs the project's own code and can only claim; `weigh` runs nothing of the
 * pull request, so that nothing of it can touch the judge.
 */
export function workflowText(action: string, { dvcFolder }: WorkflowOptions = {}): string {
  const dvc =
    dvcFolder === undefined ? { pull: "", upload: "", download: "", input: "" } : dvcSteps(dvcFolder);
  return `# Written by weighbridge init. Make the check "weigh" required in the branch's rules.
name: weighbridge
on:
  pull_request:
    # edited: the pull request may go to another base, where another policy and another model stand.
    types: [opened, synchronize, reopened, edited]
  merge_group:
permissions: {}
concurrency:
  group: weighbridge-\${{ github.event.pull_request.number || github.sha }}
  cancel-in-progress: true
jobs:
  # Runs the code of the pull request. It holds no secret and no token that can write; what it says is a claim.
  evaluate:
    runs-on: ubuntu-latest
    timeout-minutes: 60
    permissions:
      contents: read
    steps:
      - uses: ${CHECKOUT}
        with:
          persist-credentials: false
      - name: Evaluate the models that changed
        run: |
          mkdir -p ${EVIDENCE_FOLDER}
${dvc.pull}          # Run your evaluation here. Write its results below ${EVIDENCE_FOLDER}/ under the paths that model.yml
          # names, for example ${EVIDENCE_FOLDER}/models/credit-pd/metrics.json
      - uses: ${UPLOAD}
        with:
          name: ${EVIDENCE_FOLDER}
          path: ${EVIDENCE_FOLDER}/
          if-no-files-found: ignore
${dvc.upload}
  # Runs nothing of the pull request: it reads the two commits and the files above as data.
  weigh:
    needs: evaluate
    if: always()
    runs-on: ubuntu-latest
    timeout-minutes: 30
    permissions:
      contents: read
      pull-requests: write
    steps:
      - uses: ${CHECKOUT}
        with:
          ref: \${{ github.event.pull_request.head.sha || github.sha }}
          fetch-depth: 0
          lfs: true
          persist-credentials: false
      - uses: ${DOWNLOAD}
        continue-on-error: true
        with:
          name: ${EVIDENCE_FOLDER}
          # Not into the checkout, where a link that the pull request commits could lead it over the judge itself.
          path: ${TEMPORARY}/${EVIDENCE_FOLDER}
${dvc.download}      - uses: ${action}
        id: weigh
        with:
          require-policy: true
          evidence: ${EVIDENCE_FOLDER}/**
          evidence-directory: ${TEMPORARY}
${dvc.input}      - uses: ${UPLOAD}
        if: always() && steps.weigh.outputs.directory != ''
        continue-on-error: true
        with:
          name: ${DECISION_ARTIFACT}
          path: \${{ steps.weigh.outputs.directory }}/
`;
}

/** `evaluate` fetches the content and `weigh` reads it, where it is believed by its digest alone. */
function dvcSteps(folder: string) {
  return {
    pull: `          # DVC keeps the models elsewhere. Fetch those that changed, for nothing passes unread: pip install dvc && dvc pull
`,
    upload: `      - uses: ${UPLOAD}
        with:
          name: ${CONTENT_ARTIFACT}
          path: ${folder}/cache/
          include-hidden-files: true
          if-no-files-found: ignore
`,
    download: `      - uses: ${DOWNLOAD}
        continue-on-error: true
        with:
          name: ${CONTENT_ARTIFACT}
          path: ${TEMPORARY}/${CONTENT_ARTIFACT}
`,
    input: `          dvc-cache: ${TEMPORARY}/${CONTENT_ARTIFACT}
`,
  };
}
