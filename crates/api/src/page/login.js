// Set-up, login and logout: what the page asks for where it is not answered.
"use strict";

const byId = (id) => document.getElementById(id);
let csrf = null;

async function send(path, body) {
  const headers = { "Content-Type": "application/json" };
  if (csrf) headers["X-CSRF-Token"] = csrf;
  const options = { method: "POST", headers, body: JSON.stringify(body), signal: AbortSignal.timeout(20000) };
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) throw new Error([answer.detail, answer.remedy].filter(Boolean).join(": "));
  return answer;
}

const WORDS = {
  unclaimed: "This machine has no password yet. Whoever sets one owns it: 8 characters or more. It mines as configured meanwhile.",
  claimed: "Log in to see this machine.",
  unreadable: "What this machine keeps of its password cannot be read, so it takes nothing over the network. " +
    "On the machine, stannary access reset puts that aside; so does its reset button, held for 5 s.",
};

// What `session` says: whose the machine is, and who asks.
function showSession(session) {
  csrf = session.csrf;
  byId("logout").hidden = csrf === null;
  byId("login").hidden = session.reads;
  byId("shown").hidden = !session.reads;
  if (session.reads) return;
  byId("login-words").textContent = (session.name ? `${session.name}: ` : "") + WORDS[session.machine];
  byId("login-fields").hidden = session.machine === "unreadable";
  byId("login").dataset.path = session.machine === "unclaimed" ? "/api/v1/claim" : "/api/v1/login";
  byId("login-button").textContent = session.machine === "unclaimed" ? "Set password" : "Log in";
  byId("password").autocomplete = session.machine === "unclaimed" ? "new-password" : "current-password";
  byId("locate").hidden = session.machine !== "unclaimed";
}

// True where the page may show the machine.
async function askSession() {
  const response = await fetch("/api/v1/session", { signal: AbortSignal.timeout(5000) });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const session = await response.json();
  showSession(session);
  return session.reads;
}

async function attempt(what) {
  byId("login-error").textContent = "";
  try {
    await what();
  } catch (error) {
    byId("login-error").textContent = error.message;
  }
}

byId("login").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const password = byId("password").value;
    byId("password").value = "";
    showSession(await send(byId("login").dataset.path, { password }));
  });
});
byId("locate").addEventListener("click", () => attempt(() => send("/api/v1/command", { command: "locate", on: true })));
byId("logout").addEventListener("click", () => attempt(async () => showSession(await send("/api/v1/logout", {}))));
