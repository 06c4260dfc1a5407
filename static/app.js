// Theme switch, keyboard shortcuts and the message for failed background requests.
document.getElementById("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    document.querySelector(".site-search input").focus();
  }
});

function showError(text) {
  let list = document.querySelector("main > .messages");
  if (!list) {
    list = document.createElement("ul");
    list.className = "messages";
    list.setAttribute("role", "alert");
    document.querySelector("main").prepend(list);
  }
  const item = document.createElement("li");
  item.className = "error";
  item.textContent = text;
  list.replaceChildren(item);
}

document.addEventListener("htmx:sendError", () => showError("The server did not answer. Is it still running?"));
document.addEventListener("htmx:responseError", (event) => {
  const { status, responseText } = event.detail.xhr;
  const machine = [503, 507].includes(status) && new DOMParser().parseFromString(responseText, "text/html").querySelector("main p");
  showError(machine ? machine.textContent : status === 403 ? "You may not do that. Log in with an account that has the permission."
    : `The request failed (${status}).`);
});

// Copy buttons: <button data-copy="#id">
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent);
  button.textContent = "Copied";
});

// A part of the page that renews itself keeps its open folds and where its wide tables and plots were scrolled to, and
// waits while somebody fills in a form in it.
const SCROLLED = ".table-wrap, figure.plot";
let kept = null;
document.addEventListener("htmx:beforeSwap", (event) => {
  const part = event.detail.target;
  const own = !event.detail.requestConfig.triggeringEvent;
  kept = null;
  if (!own || !part.id) return;
  const field = document.activeElement;
  if (part.contains(field) && field.matches("input, select, textarea")) {
    event.detail.shouldSwap = false;
    return;
  }
  kept = {
    id: part.id,
    places: [...part.querySelectorAll(SCROLLED)].map((each) => [each.scrollLeft, each.scrollTop]),
    folds: [...part.querySelectorAll("details")].map((each) => each.open),
  };
});
document.addEventListener("htmx:afterSettle", () => {
  const part = kept && document.getElementById(kept.id);
  if (!part) return;
  const folds = part.querySelectorAll("details");
  if (folds.length === kept.folds.length) folds.forEach((each, i) => { each.open = kept.folds[i]; });
  part.querySelectorAll(SCROLLED).forEach((each, i) => {
    if (kept.places[i]) [each.scrollLeft, each.scrollTop] = kept.places[i];
  });
  kept = null;
});
