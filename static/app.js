// Theme switch, keyboard shortcuts and the message for failed background requests.
const theme = document.getElementById("theme");
theme.hidden = false;
theme.addEventListener("click", () => {
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
    document.querySelector("#search-box, .site-search input").focus();
  }
});

// The menu of a phone is a tick box, so that it opens without this file; here it also says whether it is open.
const menu = document.getElementById("menu");
const tellMenu = () => menu.setAttribute("aria-expanded", String(menu.checked));
menu.addEventListener("change", tellMenu);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !menu.checked) return;
  menu.checked = false;
  tellMenu();
});
tellMenu();

// What takes longer than a moment is seen to be on its way: a link, a form, or a request in the background.
const busy = { waiting: 0, timer: null, bar: null };
function startWork() {
  busy.waiting += 1;
  busy.timer = busy.timer || setTimeout(() => {
    busy.bar = document.createElement("progress");
    busy.bar.className = "busy";
    busy.bar.setAttribute("aria-label", "Working");
    document.body.prepend(busy.bar);
  }, 600);
}
function endWork(all) {
  busy.waiting = all ? 0 : Math.max(0, busy.waiting - 1);
  if (busy.waiting) return;
  clearTimeout(busy.timer);
  busy.bar?.remove();
  busy.timer = busy.bar = null;
}
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  const plain = !event.defaultPrevented && !event.button && !event.ctrlKey && !event.metaKey && !event.shiftKey;
  if (link && plain && link.origin === location.origin && !link.target && !link.hasAttribute("download")
    && link.pathname + link.search !== location.pathname + location.search) startWork();
});
document.addEventListener("submit", (event) => { if (!event.defaultPrevented && event.target.method !== "dialog") startWork(); });
addEventListener("pageshow", () => endWork(true));
document.addEventListener("htmx:beforeRequest", (event) => { if (event.detail.requestConfig.triggeringEvent) startWork(); });
document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.requestConfig.triggeringEvent) endWork(false); });

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

// A part of the page was renewed and with it the address: a view that is saved now is that of this address.
document.addEventListener("htmx:pushedIntoHistory", () => {
  document.querySelectorAll(".save-view input[type=hidden]:not([name=csrfmiddlewaretoken])").forEach((input) => {
    input.value = location.pathname + location.search;
  });
});

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
