// Lists by keyboard: J and K move, Enter opens, X selects, A takes, C closes, F filters.
"use strict";

function rows() { return [...document.querySelectorAll("[data-row]")]; }
function current() { return document.querySelector("[data-row].is-current"); }

function stand(row) {
  current()?.classList.remove("is-current");
  row.classList.add("is-current");
  row.scrollIntoView({ block: "nearest" });
  row.querySelector("a.open")?.focus({ preventScroll: true });
  sessionStorage.setItem("row:" + location.pathname + location.search, row.dataset.number);
}

function showBulk() {
  const bar = document.querySelector(".bulk");
  if (!bar) { return; }
  const chosen = document.querySelectorAll("[name=numbers]:checked").length;
  bar.hidden = chosen === 0;
  const said = bar.querySelector("[data-selected]");
  const form = new Intl.PluralRules(document.documentElement.lang).select(chosen);
  const words = said.dataset[form] || said.dataset.many;
  said.textContent = words.replace(/\d+/, String(chosen));
}

function act(name) {
  const row = current();
  if (document.querySelectorAll("[name=numbers]:checked").length === 0 && row) {
    row.querySelector("[name=numbers]").checked = true;
    showBulk();
  }
  if (document.querySelector("[name=numbers]:checked")) { document.querySelector(`.bulk [value=${name}]`)?.click(); }
}

document.addEventListener("change", (event) => { if (event.target.name === "numbers") { showBulk(); } });

document.addEventListener("keydown", (event) => {
  if (razbor.isTyping(event) || !document.querySelector("[data-list]") || event.defaultPrevented) { return; }
  const all = rows();
  const at = all.indexOf(current());
  if (event.code === "KeyJ" && all.length) { event.preventDefault(); stand(all[Math.min(at + 1, all.length - 1)]); }
  else if (event.code === "KeyK" && all.length) { event.preventDefault(); stand(all[Math.max(at - 1, 0)]); }
  else if (event.key === "Enter" && at >= 0 && !(event.target instanceof Element && event.target.matches("a, button, summary"))) { event.preventDefault(); all[at].querySelector("a.open").click(); }
  else if (event.code === "KeyX" && at >= 0) { event.preventDefault(); const box = all[at].querySelector("[name=numbers]"); box.checked = !box.checked; showBulk(); }
  else if (event.code === "KeyA") { event.preventDefault(); act("assign"); }
  else if (event.code === "KeyC") { event.preventDefault(); act("close"); }
});

document.addEventListener("keydown", (event) => {
  if (event.code !== "KeyF" || razbor.isTyping(event)) { return; }
  const filters = document.querySelector("details.filters");
  if (filters) { event.preventDefault(); filters.open = true; filters.querySelector("select")?.focus(); }
});

function keepPlace() {
  if (!document.querySelector("[data-list]") || current()) { return; }
  const number = sessionStorage.getItem("row:" + location.pathname + location.search);
  const row = number && document.querySelector(`[data-row][data-number="${CSS.escape(number)}"]`);
  if (row) { row.classList.add("is-current"); row.scrollIntoView({ block: "nearest" }); }
}
document.addEventListener("DOMContentLoaded", keepPlace);
document.addEventListener("htmx:afterSettle", keepPlace);
