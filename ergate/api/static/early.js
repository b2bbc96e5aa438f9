// Runs before anything is painted, so that a chosen theme does not flash up in the other one.
"use strict";
try {
  const chosen = localStorage.getItem("ergate-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // A browser that keeps nothing shows what the system prefers.
}
