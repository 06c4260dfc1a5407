// Keys on rows of papers: j k move, s star, r read, h hide, t tag, l list, n note, x tick, u undo, ? the map.
// They press the buttons that stand there, so that whatever works by key works by hand and without this file.
(() => {
  let last = null; // the row that was looked at last

  const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent);
  const current = () => document.activeElement.closest("[data-row]")
    || (last && last.isConnected ? last : document.getElementById(last?.id || "")) || null;

  function go(to) {
    const all = rows();
    if (!all.length) return;
    const at = current();
    const place = at ? all.indexOf(at) + to : 0;
    const row = all[Math.min(Math.max(place, 0), all.length - 1)];
    (row.querySelector(".row-body:not(.gone) .row-title") || row.querySelector("button")).focus();
    if (!row.contains(document.activeElement)) row.querySelector(".keep button")?.focus();
    row.scrollIntoView({ block: "nearest" });
    last = row;
  }

  // A row swapped in a moment ago may not be htmx's yet: its links and buttons would leave the page.
  const awake = (row) => { if (row && window.htmx) window.htmx.process(row); return row; };

  function open(field) {
    const row = awake(current() || rows()[0]);
    const link = row?.querySelector(".more");
    if (!link) return;
    last = row;
    const box = row.querySelector(".keep-more");
    const focus = () => row.querySelector(`[name=${field}]`)?.focus();
    if (box.childElementCount) { focus(); return; }
    box.addEventListener("htmx:afterSettle", focus, { once: true });
    link.click();
  }

  function press(key) {
    const row = awake(current() || rows()[0]);
    const button = row?.querySelector(`.keep [data-key="${key}"]`);
    if (!button) return false;
    last = row;
    button.click();
    return true;
  }

  const map = () => document.getElementById("keys");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || map()?.open) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) {
      if (event.key !== "Escape") return;
      const panel = event.target.closest(".keep-more");
      const written = [...(panel?.querySelectorAll("textarea") || [])].some((text) => text.value !== text.defaultValue);
      event.target.blur();
      go(0);
      if (panel && !written) panel.replaceChildren();
      return;
    }
    const act = {
      j: () => go(1), k: () => go(-1), s: () => press("s"), r: () => press("r"), h: () => press("h"),
      x: () => press("x"), t: () => open("tag"), l: () => open("list"), n: () => open("note"),
      u: () => awake(document.getElementById("shelf-undo") || document.getElementById("key-undo"))?.click(),
      "?": () => map()?.showModal(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  document.addEventListener("focusin", (event) => { last = event.target.closest("[data-row]") || last; });

  // A bar over the rows also ticks them all.
  document.addEventListener("change", (event) => {
    if (event.target.id !== "tick-all") return;
    document.querySelectorAll("input[form=shelf-bar][name=paper]").forEach((tick) => { tick.checked = event.target.checked; });
  });
  const show = () => { const all = document.getElementById("tick-all"); if (all) all.hidden = false; };
  document.addEventListener("htmx:afterSettle", show);
  show();

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keys]")) { event.preventDefault(); map()?.showModal(); }
  });
})();
