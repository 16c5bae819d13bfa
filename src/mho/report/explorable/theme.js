// Light or dark: as the system says, until somebody chooses.
const root = document.documentElement;
const redraws = [];

function redraw() {
  for (const draw of redraws) draw();
}

function remembered(value) {
  // a page from a file may have no storage
  try {
    if (value) localStorage.setItem("mho-theme", value);
    return localStorage.getItem("mho-theme");
  } catch {
    return null;
  }
}

function isDark() {
  const chosen = root.dataset.theme;
  if (chosen) return chosen === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

function setUpTheme() {
  const chosen = remembered();
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
  const button = document.getElementById("theme");
  const tell = () => {
    button.textContent = isDark() ? "Light page" : "Dark page";
  };
  button.hidden = false;
  tell();
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    remembered(root.dataset.theme);
    tell();
    redraw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    tell();
    redraw();
  });
}

function ink(name) {
  return getComputedStyle(root).getPropertyValue(`--${name}`).trim();
}
