// Light or dark: what the system prefers, until somebody chooses.

const KEY = "ergate-theme";
const NEXT = { system: "light", light: "dark", dark: "system" };

/** Return "system", "light" or "dark". */
export function theme() {
  return document.documentElement.dataset.theme ?? "system";
}

/** Choose the next one, and remember it where the browser allows. */
export function nextTheme() {
  const wanted = NEXT[theme()];
  if (wanted === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = wanted;
  try {
    if (wanted === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, wanted);
  } catch {
    // It holds until the page is loaded again.
  }
}
