// Requests to the miner that this page came from, and to nobody else.

import type { Note, Snapshot } from "./model.ts";

const READ_MS = 5000;
/** A password is hashed slowly on purpose. */
const WRITE_MS = 20000;

/** Why a request was refused: problem details with a stable code. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly remedy: string,
  ) {
    super(detail);
  }
}

async function refusal(response: Response): Promise<Refused> {
  let problem: Record<string, unknown> = {};
  try {
    problem = await response.json();
  } catch {
    // Something between us and the miner answered.
  }
  const text = (name: string) => (typeof problem[name] === "string" ? (problem[name] as string) : "");
  return new Refused(response.status, text("code"), text("detail") || text("title") || `HTTP ${response.status}`, text("remedy"));
}

export async function read<T>(path: string): Promise<T> {
  const response = await fetch(path, { signal: AbortSignal.timeout(READ_MS), headers: { Accept: "application/json" } });
  if (!response.ok) throw await refusal(response);
  return response.json();
}

let csrf: string | null = null;
/** What a session sends with each change. */
export const useCsrf = (value: string | null): void => {
  csrf = value;
};

async function change<T>(method: string, path: string, body: string | undefined, patience: number): Promise<T> {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (csrf) headers["X-CSRF-Token"] = csrf;
  const response = await fetch(path, { method, headers, body, signal: AbortSignal.timeout(patience) });
  if (!response.ok) throw await refusal(response);
  return response.json();
}

export const write = <T>(path: string, body: unknown, patience = WRITE_MS): Promise<T> => change("POST", path, JSON.stringify(body), patience);
export const remove = <T>(path: string): Promise<T> => change("DELETE", path, undefined, WRITE_MS);

export const readStatus = (chips: boolean): Promise<Snapshot> => read(chips ? "/api/v1/status?chips=1" : "/api/v1/status");
export const readLog = (after: number): Promise<{ last: number; notes: Note[] }> => read(`/api/v1/log?after=${after}`);
export const command = (order: Record<string, unknown>): Promise<unknown> => write("/api/v1/command", order);
export const changePools = (order: Record<string, unknown>): Promise<unknown> => write("/api/v1/pools", order);
