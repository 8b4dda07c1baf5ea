// Whose the machine is and who asks: set-up, login and logout. All that the page knows of them.

import { read, useCsrf, write } from "./api.ts";

export interface Session {
  /** `unclaimed`, `claimed`, or `unreadable`: what it keeps of its password cannot be read. */
  machine: string;
  name: string | null;
  who: string;
  scope: string | null;
  csrf: string | null;
  /** Whoever asks is shown the machine. */
  reads: boolean;
}

export async function askSession(): Promise<Session> {
  return keep(await read<Session>("/api/v1/session"));
}

/** Where to mine from the start. */
export interface FirstPool {
  url: string;
  user: string;
  password?: string;
}

/** The first password makes its setter the owner. */
export async function claim(password: string, name: string, pools: FirstPool[]): Promise<Session> {
  return keep(await write<Session>("/api/v1/claim", { password, ...(name && { name }), ...(pools.length && { pools }) }));
}

export async function login(password: string): Promise<Session> {
  return keep(await write<Session>("/api/v1/login", { password }));
}

export async function logout(): Promise<Session> {
  return keep(await write<Session>("/api/v1/logout", {}));
}

function keep(session: Session): Session {
  useCsrf(session.csrf);
  return session;
}

/**
 * Whoever asks may change something; before that is known, nobody. A machine without an owner shows itself only where a
 * twin runs on this very computer, and then takes orders too.
 */
export const mayChange = (session: Session | null): boolean =>
  session !== null && (session.scope === "operate" || session.scope === "admin" || (session.machine === "unclaimed" && session.reads));

/** Whoever asks is the owner, or somebody with a token like the owner's. */
export const isAdmin = (session: Session | null): boolean => session?.scope === "admin";
