import type { Account, App, Repository } from "../nouns.ts";

export interface Deployment {
  readonly id: number;
  readonly repository: Repository;
  readonly sha: string;
  readonly ref: string;
  readonly task: string;
  readonly environment: string;
  readonly description: string | null;
  readonly payload: unknown;
  readonly creator: Account;
  readonly app?: App;
  readonly createdAt: Date;
}

export interface DeploymentStatus {
  readonly id: number;
  readonly deployment: Deployment;
  readonly state: string;
  readonly description: string;
  readonly logUrl: string;
  readonly environmentUrl: string;
  readonly creator: Account;
  readonly app?: App;
  readonly createdAt: Date;
}
