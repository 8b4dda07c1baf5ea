// Dark and light: the system's wish, or the one chosen here.

export type Theme = "auto" | "light" | "dark";
export const THEMES: Theme[] = ["auto", "light", "dark"];

const STORED = "theme";
const dark = matchMedia("(prefers-color-scheme: dark)");
const heard = new Set<() => void>();

export const theme = (): Theme => {
  const stored = localStorage.getItem(STORED) as Theme | null;
  return stored && THEMES.includes(stored) ? stored : "auto";
};

export function applyTheme(): void {
  const wish = theme();
  document.documentElement.dataset.theme = wish === "auto" ? (dark.matches ? "dark" : "light") : wish;
  for (const tell of heard) tell();
}

export function chooseTheme(wish: Theme): void {
  localStorage.setItem(STORED, wish);
  applyTheme();
}

/** Called when colours change, for what is drawn and not styled. */
export function onTheme(tell: () => void): () => void {
  heard.add(tell);
  return () => heard.delete(tell);
}

dark.addEventListener("change", applyTheme);
