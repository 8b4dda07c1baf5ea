// What an owner asks and changes about access: password, tokens, old clients, and who changed what.

import { read, remove, write } from "./api.ts";

export interface Token {
  name: string;
  scope: string;
  created_s: number | null;
  last_used_s: number | null;
  /** There once, in the answer to its making. */
  token?: string;
}

export interface Change {
  serial: number;
  at_s: number | null;
  who: string;
  from: string;
  what: string;
  before: string | null;
  after: string | null;
}

export interface Legacy {
  allow: string;
  user: string;
  password: string | null;
}

export interface Network {
  host_name: string | null;
  interface: string | null;
  mac: string | null;
  addresses: string[];
  netmask: string | null;
  gateway: string | null;
  name_servers: string[];
}

export interface Https {
  listening: boolean;
  certificate_sha256: string | null;
}

export interface PoolTest {
  ok: boolean;
  reached: string;
  took_ms: number;
  code: string | null;
  detail: string | null;
  remedy: string | null;
}

export const SCOPES = ["read", "operate", "admin"] as const;

export const changePassword = (current: string, fresh: string): Promise<unknown> => write("/api/v1/password", { current, new: fresh });
export const tokens = async (): Promise<Token[]> => (await read<{ tokens: Token[] }>("/api/v1/tokens")).tokens;
export const addToken = (name: string, scope: string): Promise<Token> => write("/api/v1/tokens", { name, scope });
export const revokeToken = (name: string): Promise<unknown> => remove(`/api/v1/tokens/${encodeURIComponent(name)}`);
export const changes = async (): Promise<Change[]> => (await read<{ changes: Change[] }>("/api/v1/audit")).changes;
export const legacy = (): Promise<Legacy> => read("/api/v1/access/legacy");
export const setLegacy = (allow: string, renew: boolean): Promise<Legacy> => write("/api/v1/access/legacy", { allow, renew });
export const network = (): Promise<Network> => read("/api/v1/network");
export const https = (): Promise<Https> => read("/api/v1/https");
/** Everything off, then the machine begins anew. */
export const restart = (): Promise<unknown> => write("/api/v1/restart", { what: "machine" });
/** The pool has as long as a connection to it may take. */
export const testPool = (url: string, user: string, password: string): Promise<PoolTest> =>
  write("/api/v1/pools/test", password ? { url, user, password } : { url, user }, 60_000);
